# SPDX-License-Identifier: Apache-2.0
"""Documents quote programs, and what they print, and point at files that exist."""

import posixpath
import re
import textwrap

from .source import line_of

_TEST = re.compile(r"\b(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
_BLOCK = re.compile(r"^```(cpp|c\+\+|cc|output)\b[^\n]*\n(.*?)^```", re.M | re.S)
_FENCED = re.compile(r"^```.*?^```", re.M | re.S)
_LINK = re.compile(r"\]\(([^)\s#:]+)(?:#[^)\s]*)?\)")


def check_docs(project):
    """Blocks of README.md and docs/ are runs of whole lines of a file in examples/: C++ of a
    program, `output` of what examples/expected/ says. Every page's links lead to files."""
    programs = [project.text(name).splitlines() for name in project.under("examples")]
    expected = project.under("examples/expected", suffixes={".txt"})
    outputs = [project.text(name).splitlines() for name in expected]
    for name in project.files:
        if name == "README.md" or (name.startswith("docs/") and name.endswith(".md")):
            text = project.text(name)
            for match in _BLOCK.finditer(text):
                kind, where, sources = "C++", "examples/", programs
                if match.group(1) == "output":
                    kind, where, sources = "output", "examples/expected/", outputs
                block = match.group(2).splitlines()
                if not any(quotes(block, source) for source in sources):
                    line = line_of(text, match.start())
                    project.error("docs", name, line, f"this {kind} is not in {where}")
            _check_headings(project, name, text)
        if name.endswith(".md"):
            _check_links(project, name)


def quotes(block, program):
    """Whether `block` is in `program`, less or more of a common indentation."""
    count = len(block)
    wanted = textwrap.dedent("\n".join(block))
    return any(
        textwrap.dedent("\n".join(program[start : start + count])) == wanted
        for start in range(len(program) - count + 1)
        if count != 0 and program[start].strip() == block[0].strip()
    )


def _check_headings(project, name, text):
    outside = _FENCED.sub("", text)
    if len(re.findall(r"^# ", outside, re.M)) != 1:
        project.error("docs", name, 1, "one page has one heading of the first level")


def _check_links(project, name):
    text = _FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block.group(0)), project.text(name))
    for match in _LINK.finditer(text):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), match.group(1)))
        if target not in project.files:
            project.error("docs", name, line_of(text, match.start()), f"there is no {target}")


def check_promises(project):
    """In a table of docs/ whose last column is "tests", every row names some, and they exist."""
    tests = set()
    for name in project.under("test"):
        tests.update(".".join(found) for found in _TEST.findall(project.text(name)))
    for name in project.files:
        if name.startswith("docs/") and name.endswith(".md"):
            _check_promises_of(project, name, tests)


def _check_promises_of(project, name, tests):
    inside = False
    for number, line in enumerate(project.text(name).splitlines(), 1):
        last = line.rstrip(" |").rpartition("|")[2].strip()
        if not line.startswith("|"):
            inside = False
        elif last == "tests":
            inside = True
        elif inside and last.strip("-"):
            named = re.findall(r"`([^`]+)`", last)
            if not named:
                project.error("promises", name, number, "no test holds this")
            for missing in sorted(set(named) - tests):
                project.error("promises", name, number, f"there is no test {missing}")
