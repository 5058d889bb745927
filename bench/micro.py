#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares rondo_micro with asio_micro and checks Rondo's limits.

Time is measured in interleaved rounds on one core. Instructions (callgrind) and system calls
(strace) are differences of two N, so that start-up drops out. Exit code 1: a limit is exceeded.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PEERS = ("rondo", "asio")
MEMORY_SMALL, MEMORY_LARGE = 1_000, 401_000
BYTES_LIMIT = 260
SYSCALL_LIMIT = 0.01


@dataclass(frozen=True)
class Workload:
    name: str
    what: str
    timed: int  # N for the clock
    few: int  # N and N for the counters
    many: int
    limit: float | None = None  # instructions an operation
    peers: tuple = PEERS

    def operations(self, n):
        """How often the workload does what it measures, for this N."""
        if self.name != "W2":
            return n
        here, before = 1, 1
        for _ in range(1, n):
            here, before = here + before, here
        return 2 * here - 1


WORKLOADS = (
    Workload("W1", "await a child that does not suspend", 10_000_000, 20_000, 120_000, 120),
    Workload("W2", "recursive fib(N), each call awaited", 32, 14, 20, 135),
    Workload("W3", "yield, 1,000 tasks", 5_000_000, 20_000, 120_000, 70),
    Workload("W4", "spawn and join, 1,000 at a time", 1_000_000, 10_000, 40_000, 240),
    Workload("W4h", "the same, handles kept", 1_000_000, 10_000, 40_000, peers=("rondo",)),
    Workload("W4g", "the same by gather", 1_000_000, 10_000, 40_000, peers=("rondo",)),
    Workload("W5", "sleep 0..1000 ms, N at once", 1_000_000, 10_000, 40_000),
    Workload("W6", "one yield under a 10 s timeout", 500_000, 10_000, 40_000, 340),
    Workload("W6o", "the same by operator||", 100_000, 2_000, 10_000, peers=("asio",)),
    Workload("W7a", "through a queue of capacity 1", 5_000_000, 20_000, 120_000, 150),
    Workload("W7b", "through a queue of capacity 128", 5_000_000, 20_000, 120_000, 100),
    Workload("W8", "100 tasks share a lock, one yield while held", 1_000_000, 10_000, 60_000, 220),
    Workload("W10", "spawn, block, cancel, join", 500_000, 10_000, 40_000, 380),
)


class Failure(Exception):
    pass


def output_of(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done


class Harness:
    """One peer's program."""

    def __init__(self, programs, peer):
        self.peer = peer
        self.path = programs / f"{peer}_micro"

    def run(self, workload, n):
        """ns an operation, wall seconds, peak KiB, CPU seconds."""
        fields = output_of([str(self.path), workload.name, str(n)]).stdout.split()
        return {"seconds": float(fields[3]), "ns": float(fields[4]), "rss_kb": int(fields[5]),
                "cpu": float(fields[6])}

    def per_operation(self, workload, count):
        """The difference of count(command) between many and few, per operation."""
        counts = [count([str(self.path), workload.name, str(n)])
                  for n in (workload.few, workload.many)]
        done = workload.operations(workload.many) - workload.operations(workload.few)
        return (counts[1] - counts[0]) / done

    def bytes_per_task(self, workload):
        small = self.run(workload, MEMORY_SMALL)["rss_kb"]
        large = self.run(workload, MEMORY_LARGE)["rss_kb"]
        return (large - small) * 1024 / (MEMORY_LARGE - MEMORY_SMALL)


def instructions(command):
    done = output_of(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command])
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if collected is None:
        raise Failure(f"callgrind gave no count:\n{done.stderr}")
    return int(collected[1])


def system_calls(command):
    with tempfile.NamedTemporaryFile("r") as table:
        output_of(["strace", "-c", "-f", "-o", table.name, *command])
        for line in table:
            fields = line.split()
            if fields and fields[-1] == "total":
                return int(fields[3])
    raise Failure("strace gave no total")


def time_in_rounds(pairs, rounds):
    """{(workload, peer): [run…]}; within a round every pair once, in turn."""
    runs = {(workload.name, harness.peer): [] for workload, harness in pairs}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for workload, harness in pairs if number % 2 == 0 else reversed(pairs):
            runs[workload.name, harness.peer].append(harness.run(workload, workload.timed))
    return runs


def measure(pairs, options):
    """{(workload, peer): {figure: value}}"""
    figures = {(workload.name, harness.peer): {} for workload, harness in pairs}
    for workload, harness in pairs:
        found = figures[workload.name, harness.peer]
        print(f"counting {harness.peer} {workload.name}", file=sys.stderr)
        found["instructions"] = harness.per_operation(workload, instructions)
        if workload.name == "W5":
            found["bytes"] = harness.bytes_per_task(workload)
        if options.strace:
            found["syscalls"] = harness.per_operation(workload, system_calls)
    if not options.quick:
        for key, runs in time_in_rounds(pairs, options.rounds).items():
            figures[key]["ns_median"] = statistics.median(run["ns"] for run in runs)
            figures[key]["ns_min"] = min(run["ns"] for run in runs)
            figures[key]["cpu_seconds"] = statistics.median(run["cpu"] for run in runs)
    return figures


def cell(value, digits):
    return "" if value is None else f"{value:,.{digits}f}"


def rows(workloads, figures):
    columns = (("instructions", 1), ("syscalls", 4), ("ns_median", 1), ("ns_min", 1),
               ("cpu_seconds", 2), ("bytes", 0))
    yield ["", "peer", "instr/op", "limit", "calls/op", "ns median", "ns min", "CPU s", "B/task",
           "asio/rondo"]
    for workload in workloads:
        for peer in PEERS:
            found = figures.get((workload.name, peer))
            if found is None:
                continue
            row = [workload.name, peer] + [cell(found.get(name), digits)
                                           for name, digits in columns]
            limit = workload.limit if peer == "rondo" else None
            row.insert(3, cell(limit, 0))
            other = figures.get((workload.name, "asio"), {}).get("ns_median")
            ratio = other / found["ns_median"] if peer == "rondo" and other else None
            yield row + [cell(ratio, 1)]


def print_table(table):
    table = list(table)
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        left = [text.ljust(width) for text, width in zip(row[:2], widths[:2])]
        right = [text.rjust(width) for text, width in zip(row[2:], widths[2:])]
        print("  ".join(left + right).rstrip())


def exceeded(workloads, figures):
    for workload in workloads:
        found = figures.get((workload.name, "rondo"), {})
        checks = (("instructions", "instructions an operation", workload.limit),
                  ("bytes", "bytes a task", BYTES_LIMIT),
                  ("syscalls", "system calls an operation", SYSCALL_LIMIT))
        for name, what, limit in checks:
            if limit is not None and found.get(name, 0) > limit:
                yield f"{workload.name}: {found[name]:.4g} {what}, the limit is {limit:g}"


def pin():
    """One core for this process and its children: the last one that is allowed."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})


def parse_arguments():
    names = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true",
                        help="Rondo alone, instructions and bytes: nothing that depends on load")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the clock (5)")
    parser.add_argument("--workloads", default=",".join(names), metavar="W1,W2,…",
                        help="only these of " + " ".join(names))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--programs", type=Path, required=True, metavar="FOLDER",
                        help="where rondo_micro and asio_micro are")
    options = parser.parse_args()
    asked = options.workloads.split(",")
    for name in asked:
        if name not in names:
            parser.error(f"unknown workload {name}; there are: {' '.join(names)}")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    options.workloads = [workload for workload in WORKLOADS if workload.name in asked]
    return options


def main():
    options = parse_arguments()
    if shutil.which("valgrind") is None:
        raise Failure("valgrind is missing")
    options.strace = not options.quick and shutil.which("strace") is not None
    if not options.quick and not options.strace:
        print("no strace: system calls are not counted", file=sys.stderr)
    pin()
    harnesses = [Harness(options.programs, peer) for peer in PEERS]
    present = [harness for harness in harnesses if harness.path.exists()]
    if harnesses[0] not in present:
        raise Failure(f"there is no {harnesses[0].path}")
    if options.quick:
        present = harnesses[:1]
    elif len(present) < len(harnesses):
        print("no asio_micro: Rondo alone", file=sys.stderr)
    pairs = [(workload, harness) for workload in options.workloads for harness in present
             if harness.peer in workload.peers]
    figures = measure(pairs, options)
    print_table(rows(options.workloads, figures))
    if options.json is not None:
        tree = {}
        for (name, peer), found in figures.items():
            tree.setdefault(name, {})[peer] = found
        options.json.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
    problems = list(exceeded(options.workloads, figures))
    for problem in problems:
        print(f"exceeded: {problem}")
    if not problems:
        print("every limit holds")
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"micro.py: {failure}", file=sys.stderr)
        sys.exit(2)
