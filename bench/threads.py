#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares rondo_threads with uv_threads and asio_threads: workloads of two threads.

Interleaved rounds, each thread on a processor of its own (W9c: both on one); medians and minima of
the nanoseconds an operation. Exit code 1: in W9a Rondo takes longer than libuv, by the medians.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

PEERS = ("rondo", "uv", "asio")
WORKLOADS = {
    "W9a": (1_000_000, "another thread posts callbacks to a running loop"),
    "W9b": (20_000, "ping-pong between two loops, on two processors"),
    "W9c": (20_000, "ping-pong between two loops, on one processor"),
}
LIMIT = 1.0  # W9a: Rondo's median over libuv's


class Failure(Exception):
    pass


def run(program, workload, count):
    """ns and CPU ns an operation."""
    done = subprocess.run([program, workload, str(count)], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise Failure(f"{program} {workload} ended with {done.returncode}:\n{done.stderr}")
    fields = done.stdout.split()
    return float(fields[4]), float(fields[6]) * 1e9 / count


def measure(programs, workloads, rounds):
    """{(workload, peer): [(ns, CPU ns)…]}; within a round every pair once, in turn."""
    pairs = [(workload, peer) for workload in workloads for peer in programs]
    runs = {pair: [] for pair in pairs}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for workload, peer in pairs if number % 2 == 0 else reversed(pairs):
            runs[workload, peer].append(run(programs[peer], workload, WORKLOADS[workload][0]))
    return runs


def summary(runs):
    figures = {}
    for (workload, peer), found in runs.items():
        figures.setdefault(workload, {})[peer] = {
            "ns_median": statistics.median(ns for ns, _ in found),
            "ns_min": min(ns for ns, _ in found),
            "cpu_ns_median": statistics.median(cpu for _, cpu in found),
        }
    return figures


def print_figures(figures):
    print(f"{'':5}{'peer':7}{'ns median':>12}{'ns min':>12}{'CPU ns':>12}{'peer/rondo':>12}")
    for workload, peers in figures.items():
        for peer, found in peers.items():
            ratio = found["ns_median"] / peers["rondo"]["ns_median"]
            print(f"{workload:5}{peer:7}{found['ns_median']:12,.1f}{found['ns_min']:12,.1f}"
                  f"{found['cpu_ns_median']:12,.1f}{ratio:12.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="rounds of the clock (9)")
    parser.add_argument("--workloads", default=",".join(WORKLOADS), metavar="W9a,…")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--programs", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    workloads = options.workloads.split(",")
    if not set(workloads) <= set(WORKLOADS):
        parser.error(f"workloads are {' '.join(WORKLOADS)}")
    programs = {peer: options.programs / f"{peer}_threads" for peer in PEERS}
    for peer in [peer for peer, path in programs.items() if not path.exists()]:
        print(f"there is no {peer}_threads: it is left out", file=sys.stderr)
        del programs[peer]
    if "rondo" not in programs:
        raise Failure("nothing to measure")
    if len(os.sched_getaffinity(0)) < 2:
        print("one processor only: W9a and W9b are not what they say", file=sys.stderr)
    figures = summary(measure(programs, workloads, options.rounds))
    print_figures(figures)
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    posts = figures.get("W9a", {})
    if "uv" in posts and posts["rondo"]["ns_median"] > LIMIT * posts["uv"]["ns_median"]:
        print("exceeded: W9a: Rondo takes longer than libuv")
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"threads.py: {failure}", file=sys.stderr)
        sys.exit(2)
