# SPDX-License-Identifier: Apache-2.0
"""Runs random programs under asyncio and under Rondo and compares their traces.

    oracle.py PROGRAM [COUNT] [--from SEED] [--seed SEED] [--fresh]

PROGRAM is oracle_rondo. README.md says what is compared.
"""

import argparse
import collections
import random
import sys
import time
import traceback
import warnings

import reference
import shrink
from generator import generate, kind_of
from rondo_program import Died, RondoProgram


class Verdict:
    """What became of one program under both."""

    def __init__(self, program, rondo, kind):
        self.program = program
        self.asyncio, self.rondo, self.problem, self.tied = [], [], None, False
        try:
            trace, ties = reference.run(program)
        except Exception:
            self.problem = "the reference failed\n" + traceback.format_exc()
            return
        self.tied = ties > 0
        self.asyncio = comparable(trace, kind)
        try:
            self.rondo = comparable(rondo.trace(program), kind)
        except Died as death:
            self.problem = str(death)

    @property
    def differs(self):
        return not self.tied and (self.problem is not None or self.asyncio != self.rondo)


def comparable(trace, kind):
    """The lines that are compared of a trace of (ms, task, text), see README.md."""
    if kind == "bursts":
        trace = [(when, task, text.removesuffix(" done")) for when, task, text in trace]
    # From the end of the main task on tasks are stopped, and that takes different turns.
    ends = [when for when, task, _ in trace if task == "main"]
    first_sorted = ends[0] if ends and kind == "turns" else 0

    def place(event):
        when, task, _ = event
        return (when, task) if when >= first_sorted else (when,)

    return [f"{when} {task} {text}" for when, task, text in sorted(trace, key=place)]


def side_by_side(left, right):
    """Both traces, the differing lines marked."""
    width = max([len(line) for line in left] + [10])
    yield f"   {'asyncio':<{width}}   Rondo"
    missing = collections.Counter(left)
    missing.subtract(right)
    at_left = at_right = 0
    while at_left < len(left) or at_right < len(right):
        a = left[at_left] if at_left < len(left) else None
        b = right[at_right] if at_right < len(right) else None
        if a == b:
            yield f"   {a:<{width}}   {b}"
            at_left, at_right = at_left + 1, at_right + 1
        elif a is not None and (missing[a] > 0 or b is None):
            missing[a] -= 1
            yield f" < {a:<{width}}"
            at_left += 1
        else:
            yield f" > {'':<{width}}   {b}"
            at_right += 1


def report(seed, verdict, rondo):
    print(f"--- seed {seed}: the traces differ")
    least = shrink.shrink(verdict.program, lambda program: Verdict(program, rondo, kind_of(seed)))
    print("\n".join(least.program.lines()))
    print(least.program.text())
    if least.problem:
        print(least.problem)
    print("\n".join(side_by_side(least.asyncio, least.rondo)))
    sys.stdout.flush()


def print_coverage(statements, events):
    def row(title, counts):
        listed = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        print(f"{title}: {listed}")

    row("statements", statements)
    row("events", events)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the program oracle_rondo")
    parser.add_argument("count", nargs="?", type=int, default=2000, help="how many programs")
    parser.add_argument("--from", dest="first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--fresh", action="store_true", help="draws the first seed")
    parser.add_argument("--keep-going", action="store_true", help="counts mismatches, shows none")
    options = parser.parse_args()
    if options.seed is not None:
        options.first, options.count = options.seed, 1
    elif options.fresh:
        options.first = random.SystemRandom().randrange(1, 2**40)

    # A coroutine whose task is cancelled before its first turn never runs.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    started = time.monotonic()
    statements, events = collections.Counter(), collections.Counter()
    compared = tied = lines = 0
    wrong = []
    with RondoProgram(options.program) as rondo:
        for seed in range(options.first, options.first + options.count):
            program = generate(seed)
            verdict = Verdict(program, rondo, kind_of(seed))
            if verdict.tied:
                tied += 1
                continue
            compared += 1
            lines += len(verdict.asyncio)
            statements.update(node.name for node in program.walk())
            events.update(line.split(" ")[2].split(":")[0] for line in verdict.asyncio)
            if verdict.differs:
                wrong.append(seed)
                if not options.keep_going:
                    report(seed, verdict, rondo)
                    if len(wrong) == 5:
                        break
            elif options.seed is not None:
                print("\n".join(program.lines() + verdict.asyncio))
    print_coverage(statements, events)
    last = options.first + options.count - 1
    seconds = time.monotonic() - started
    print(f"seeds {options.first}..{last}: {compared} programs compared, {lines} lines, "
          f"{tied} left out for a tie, {len(wrong)} mismatches, {seconds:.0f} s")
    if wrong:
        print("seeds that differ:", *wrong[:50])
    return 1 if wrong or compared == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
