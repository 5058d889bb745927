# SPDX-License-Identifier: Apache-2.0
"""The files of the project, and C++ text without its comments and literals."""

import pathlib
import re
import subprocess
import tomllib

CODE = {".cpp", ".hpp"}


class Project:
    """A source tree, what was found wrong in it, and its layers.toml."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.layers = tomllib.loads((self.root / "tools/layers.toml").read_text())
        self.errors = []
        self.warnings = []
        self._texts = {}
        self._plain = {}
        self.files = self._list()

    def _list(self):
        git = ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard", "-z"]
        listed = subprocess.run(git, capture_output=True, text=True)
        if listed.returncode == 0:
            names = [name for name in listed.stdout.split("\0") if name]
        else:
            found = [str(path.relative_to(self.root)) for path in self.root.rglob("*")]
            names = [name for name in found if not re.match(r"(?:\.git|build)/|.*\.pyc$", name)]
        return sorted(name for name in set(names) if (self.root / name).is_file())

    def under(self, *folders, suffixes=CODE):
        """Names of the files with one of `suffixes` below one of `folders`."""
        tops = tuple(folder + "/" for folder in folders)
        return [
            name
            for name in self.files
            if name.startswith(tops) and pathlib.PurePath(name).suffix in suffixes
        ]

    def text(self, name):
        if name not in self._texts:
            self._texts[name] = (self.root / name).read_text(encoding="utf-8", errors="replace")
        return self._texts[name]

    def plain(self, name):
        """The text with comments and literals blanked, every character in its place."""
        if name not in self._plain:
            self._plain[name] = blank(self.text(name))
        return self._plain[name]

    def error(self, rule, name, line, message):
        """Reports, unless the line says `tidy: <rule>` in a comment with its reason."""
        lines = self.text(name).splitlines()
        here = lines[line - 1] if 0 < line <= len(lines) else ""
        if not re.search(rf"//\s*tidy: {rule}: \S", here):
            self.errors.append(f"{name}:{line}: {message} [{rule}]")

    def warn(self, name, line, message):
        self.warnings.append(f"{name}:{line}: {message}")


def line_of(text, position):
    return text.count("\n", 0, position) + 1


_TOKENS = re.compile(
    r"""
      (?P<comment> //[^\n]* | /\*.*?\*/ )
    | (?P<raw> R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)" )
    | (?P<include> ^[ \t]*\#[ \t]*include[^\n]* )
    | (?P<string> "(?:\\.|[^"\\\n])*" )
    | (?P<char> (?<![0-9a-fA-F])'(?:\\.[^'\n]*|[^'\\\n])' )
    """,
    re.S | re.M | re.X,
)


def blank(text):
    """`text` with comments, strings and characters turned to spaces; newlines stay."""

    def erase(match):
        if match.lastgroup == "include" or match.group("include"):
            return match.group(0)
        found = match.group(0)
        spaces = re.sub(r"[^\n]", " ", found)
        if match.group("string") or match.group("raw"):
            return '"' + spaces[1:-1] + '"' if len(found) > 1 else spaces
        return spaces

    return _TOKENS.sub(erase, text)


def without_preprocessor(plain):
    """Blanks directives and the lines that continue them, newlines stay."""
    out, continued = [], False
    for line in plain.split("\n"):
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.rstrip().endswith("\\")
        out.append(" " * len(line) if directive else line)
    return "\n".join(out)
