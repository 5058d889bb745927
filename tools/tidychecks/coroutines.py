# SPDX-License-Identifier: Apache-2.0
"""Coroutine code that g++ 12 or clang 19 compiles wrongly. STYLE.md lists the cases."""

import re

from .source import line_of

_AWAIT = re.compile(r"(?<!operator )\bco_await\b")
_STATEMENT_EXPRESSION = re.compile(r"(?<!\w)\(\s*\{[^{}]*;")
_LAMBDA = re.compile(r"(?<![\w\])])\[([^\[\]]*)\]\s*(?=[({]|mutable\b|->)")
_OPEN, _CLOSE = "([{", ")]}"
_TEST_MACRO = re.compile(r"(?:EXPECT|ASSERT)_\w+|RONDO_(?:REQUIRE|ASSERT)")


def check_coroutines(project):
    for name in project.under("include", "src", "cli", "examples", "test", "bench"):
        plain = project.plain(name)
        for match in _STATEMENT_EXPRESSION.finditer(plain):
            line = line_of(plain, match.start())
            project.error("gcc12", name, line, "a statement expression")
        for position, problem in awaits(plain, name.startswith("examples/")):
            project.error("gcc12", name, line_of(plain, position), problem)


def awaits(plain, is_example):
    """(position, problem) of the awaits that a compiler gets wrong."""
    for match in _AWAIT.finditer(plain):
        before, callers = _before(plain, match.start())
        after, whole = _after(plain, match.end())
        if re.search(r"&&|\|\||\?", before) or re.search(r"&&|\|\||\?", after):
            yield match.start(), "co_await within ?:, && or ||; await into a local first"
        elif re.match(r"\s*\([^()]*\?[^:]", whole):
            yield match.start(), "co_await of a conditional expression; use if and else"
        for caller in callers:
            if _TEST_MACRO.fullmatch(caller):
                yield match.start(), f"co_await in {caller}; await into a local first"
            elif caller in ("if", "while", "switch"):
                yield match.start(), f"co_await as condition of {caller}; await into a local first"
        if is_example:
            yield from _temporaries(match.start(), whole)


def _temporaries(position, whole):
    outer = _without_bodies(whole)
    for captures in _LAMBDA.findall(outer):
        names = [item.strip() for item in captures.split(",") if item.strip()]
        if any(not item.startswith("&") and item != "this" for item in names):
            yield position, f"a temporary closure [{captures}] in a co_await; name it, then move it"
    if re.search(r"\{\s*\.\w+\s*[={]", outer):
        yield position, "a temporary aggregate in a co_await; name it first"


def _before(plain, position):
    """What stands before the await in its expression, and the calls or conditions around it.

    Walks backwards over balanced brackets and out of the open ones, up to the statement's begin or
    its last assignment."""
    collected, callers, at, skipping = [], [], position - 1, False
    while at >= 0:
        letter = plain[at]
        if letter in ")]":
            at = _matching(plain, at, -1) - 1
            collected.append(" ")
            continue
        if letter in ";{}":
            break
        if letter in "([":
            skipping = False
            word = re.search(r"(\w+)\s*$", plain[max(0, at - 60) : at])
            callers.append(word.group(1) if letter == "(" and word else "")
        elif letter == ",":
            skipping = True
        elif letter == "=" and plain[at - 1] not in "=!<>" and plain[at + 1 : at + 2] != "=":
            break
        elif not skipping:
            collected.append(letter)
        at -= 1
    text = "".join(reversed(collected))
    return re.sub(r"\bauto\s*&&|>\s*&&\s*\w+\s*:", " ", text), callers


def _after(plain, position):
    """What follows the await's operand at its own level, and everything up to the end."""
    collected, at = [], position
    while at < len(plain):
        letter = plain[at]
        if letter in _OPEN:
            end = _matching(plain, at, 1)
            collected.append(" ")
            at = end + 1
            continue
        if letter in _CLOSE or letter in ";,":
            break
        collected.append(letter)
        at += 1
    return "".join(collected), plain[position:at]


def _matching(plain, at, step):
    """The position of the bracket that belongs to the one at `at`."""
    depth = 0
    while 0 <= at < len(plain):
        if plain[at] in _OPEN:
            depth += 1
        elif plain[at] in _CLOSE:
            depth -= 1
        if depth == 0:
            return at
        at += step
    return at


def _without_bodies(text):
    """`text` without the bodies of its lambdas, which are expressions of their own."""
    out, at = [], 0
    while at < len(text):
        if text[at] == "{" and re.search(r"(?:\)|\]|mutable|noexcept|[\w>])\s*$", text[:at]):
            head = text[:at]
            if re.search(r"\][^;]*$", head) and not re.search(r"^\s*\.\w", text[at + 1 :]):
                at = _matching(text, at, 1) + 1
                out.append("{}")
                continue
        out.append(text[at])
        at += 1
    return "".join(out)
