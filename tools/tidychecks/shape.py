# SPDX-License-Identifier: Apache-2.0
"""Sizes, licence lines, unfinished work, paths of somebody's machine, switched-off tests."""

import pathlib
import re

from .source import CODE, line_of, without_preprocessor

FUNCTION_LINES = 70
FILE_LINES = 500
FILE_LINES_WARN = 300
COLUMNS = 100

_UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
_MACHINE = re.compile(r"(?<![\w./-])/(?:wo" + r"rk|ro" + r"ot|fa" + r"rm)(?![\w-])")
_OFF = re.compile(
    r"^[ \t]*//[ \t]*(?:TEST|TEST_F|TEST_P|TYPED_TEST\w*|INSTANTIATE_\w+)[ \t]*\("
    r"|\bDISABLED_\w+|^[ \t]*#[ \t]*if[ \t]+0\b",
    re.M,
)


def is_code(project, name):
    """C++, CMake, Python and shell; scripts without a suffix are known by their first line."""
    path = pathlib.PurePath(name)
    if path.suffix in CODE | {".cmake", ".py", ".bash", ".toml"} or path.name == "CMakeLists.txt":
        return True
    return path.suffix == "" and project.text(name).startswith("#!")


def check_text(project):
    for name in project.files:
        text = project.text(name)
        if name != "LICENSE" and "\0" not in text:
            for rule, pattern, message in (
                ("unfinished", _UNFINISHED, "finish it, or open an issue"),
                ("machine", _MACHINE, "a path of one machine"),
            ):
                for match in pattern.finditer(text):
                    project.error(rule, name, line_of(text, match.start()), message)
        if is_code(project, name):
            _check_code(project, name, text)


def _check_code(project, name, text):
    lines = text.splitlines()
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
        project.error("licence", name, 1, "no SPDX-License-Identifier in the first three lines")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            project.error("columns", name, number, f"{len(line)} columns")
    if len(lines) > FILE_LINES:
        project.error("size", name, FILE_LINES + 1, f"{len(lines)} lines; {FILE_LINES} at most")
    elif len(lines) > FILE_LINES_WARN:
        project.warn(name, len(lines), f"{len(lines)} lines; beyond {FILE_LINES_WARN} think again")


def check_tests(project):
    for name in project.under("test"):
        text = project.text(name)
        for match in _OFF.finditer(text):
            project.error("tests", name, line_of(text, match.start()), "a test switched off")


_TEMPLATE = re.compile(r"^\s*template\s*<")
_SCOPE = re.compile(r"(?:^|\s)(?:namespace|extern)\b|^\s*(?:class|struct|union|enum)\b")


def functions(plain):
    """(name, first line, lines) of each function body, found by its braces: a heuristic."""
    text = without_preprocessor(plain)
    stack, start = [], 0
    for match in re.finditer(r"[{};]", text):
        mark, at = match.group(0), match.start()
        if mark == "{":
            stack.append((_kind(text[start:at], stack), at, text[start:at]))
        elif mark == "}" and stack:
            kind, begin, head = stack.pop()
            if kind == "function":
                first, last = line_of(text, begin), line_of(text, at)
                names = re.findall(r"([~\w]+)\s*\(", head)
                yield (names[0] if names else "?"), first, last - first + 1
        start = at + 1


def _kind(head, stack):
    if any(kind != "scope" for kind, _, _ in stack):
        return "inner"
    while _TEMPLATE.match(head):
        head = _after_angles(head)
    head = re.sub(r"^\s*(?:public|private|protected)\s*:(?!:)", "", head)
    if _SCOPE.search(head):
        return "scope"
    return "function" if "(" in head else "inner"


def _after_angles(head):
    depth = 0
    for position, letter in enumerate(head):
        if letter == "<":
            depth += 1
        elif letter == ">":
            depth -= 1
            if depth == 0:
                return head[position + 1 :]
    return ""


def check_functions(project):
    for name in project.under("include", "src", "cli", "examples", "test", "bench"):
        for function, line, length in functions(project.plain(name)):
            if length > FUNCTION_LINES:
                message = f"{function} has {length} lines; {FUNCTION_LINES} at most"
                project.error("function", name, line, message)
