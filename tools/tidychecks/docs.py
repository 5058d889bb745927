# SPDX-License-Identifier: Apache-2.0
"""Documents quote programs that exist."""

import re
import textwrap

from .source import line_of

_BLOCK = re.compile(r"^```(?:cpp|c\+\+|cc)[^\n]*\n(.*?)^```", re.M | re.S)


def check_docs(project):
    """Every C++ block of README.md and docs/ is a run of whole lines of a file in examples/."""
    programs = [project.text(name).splitlines() for name in project.under("examples")]
    for name in project.files:
        if name == "README.md" or (name.startswith("docs/") and name.endswith(".md")):
            text = project.text(name)
            for match in _BLOCK.finditer(text):
                block = match.group(1).splitlines()
                if not any(quotes(block, program) for program in programs):
                    line = line_of(text, match.start())
                    project.error("docs", name, line, "this C++ is not in examples/")
            _check_headings(project, name, text)


def quotes(block, program):
    """Whether `block` is in `program`, less or more of a common indentation."""
    count = len(block)
    wanted = textwrap.dedent("\n".join(block))
    return any(
        textwrap.dedent("\n".join(program[start : start + count])) == wanted
        for start in range(len(program) - count + 1)
        if program[start].strip() == block[0].strip()
    )


def _check_headings(project, name, text):
    outside = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    if len(re.findall(r"^# ", outside, re.M)) != 1:
        project.error("docs", name, 1, "one page has one heading of the first level")
