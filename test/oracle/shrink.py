# SPDX-License-Identifier: Apache-2.0
"""Makes a program that differs smaller, as long as it still differs."""

import time

SECONDS = 20
# The children of these are tasks, and one must remain; those of "finally" are its two halves.
NOT_REMOVED = {"finally", "create", "spawn", "program"}
TASKS = {"gather", "limit", "settle", "race", "completed"}


def candidates(program):
    """Copies of the program, each with one statement less or replaced by what is in it."""
    count = sum(1 for _ in program.walk())
    for position in range(count):
        copy = program.copy()
        node = list(copy.walk())[position]
        if node.name in NOT_REMOVED:
            continue
        for index in range(len(node.kids)):
            if node.name in TASKS and len(node.kids) == 1:
                continue
            smaller = program.copy()
            kids = list(smaller.walk())[position].kids
            kid = kids.pop(index)
            yield smaller
            if node.name not in TASKS and kid.name not in TASKS | NOT_REMOVED and kid.kids:
                flatter = program.copy()
                list(flatter.walk())[position].kids[index : index + 1] = kid.kids
                yield flatter


def shrink(program, judge):
    """The verdict on the smallest program found; `judge` gives the verdict on a program."""
    best = judge(program)
    until = time.monotonic() + SECONDS
    found = True
    while found:
        found = False
        for candidate in candidates(best.program):
            if time.monotonic() > until:
                return best
            verdict = judge(candidate)
            invalid = verdict.problem is not None and verdict.problem.startswith("the reference")
            if verdict.differs and not invalid:
                best = verdict
                found = True
                break
    return best
