#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares echo servers by the CPU time that a request takes them, user and system together.

All servers run at once on one processor, each with its connections; the client, on another one,
gives each in turn a slice of some milliseconds, in an order that rotates. In each cell all are
started anew several times, since starts differ by some per cent, where the rounds of one agree.
A ratio is taken round by round, to the C server with the lower median
in that cell; it is the median of the starts, and of a start that of its rounds.

--lab measures without a second processor, and more quietly: see bench/net/net_lab.cpp.
--check tests each server: every byte of messages up to 1 MiB, ends of stream, resets.

Exit code 1: a goal is missed. Goals are judged only when all cells were measured: Rondo within 1.05
of the cheaper C server in 10 of 12 cells with each driver, and no peer cheaper than the cheaper
of Rondo's in any cell.
"""
import argparse
import os
import shutil
import sys
from pathlib import Path

from net_compare.fleet import (Failure, Fleet, check, measure_start, raise_descriptor_limit,
                               servers_that_start)
from net_compare.judging import missed_goals, print_cell, summarise, write_json
from net_compare.laboratory import lab_connections, measure_lab_start, print_counts, run_lab
from net_compare.servers import OPTIONAL, SERVERS, present_servers

CONNECTIONS = (1, 50, 1000)
SIZES = (64, 1024, 16384, 102400)
CELLS = tuple((connections, size) for size in SIZES for connections in CONNECTIONS)


def parse_cell(text):
    try:
        connections, size = (int(part) for part in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not CONNECTIONSxBYTES") from None
    if connections < 1 or size < 1:
        raise argparse.ArgumentTypeError(f"{text}: both must be at least 1")
    return connections, size


def at_least_one(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return number


def parse_arguments():
    names = [server.name for server in SERVERS]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="3 starts, the floors and Rondo only")
    parser.add_argument("--ours", action="store_true", help="no peers: they are not built either")
    parser.add_argument("--lab", action="store_true", help="the laboratory; floors and Rondo")
    parser.add_argument("--counts", action="store_true",
                        help="instructions (callgrind) and system calls (strace) a request")
    parser.add_argument("--check", action="store_true", help="whether the servers echo rightly")
    parser.add_argument("--cells", type=lambda text: [parse_cell(c) for c in text.split(",")],
                        default=list(CELLS), metavar="50x64,…", help="CONNECTIONSxBYTES; all 12")
    parser.add_argument("--servers", metavar="A,B,…", help="only these of " + " ".join(names))
    parser.add_argument("--starts", type=at_least_one, metavar="N",
                        help="how often the servers are started in each cell (9)")
    parser.add_argument("--rounds", type=at_least_one, metavar="N", default=5,
                        help="slices of each server in each start (5)")
    parser.add_argument("--slice", type=int, metavar="MS",
                        help="length of a slice (25, and 80 at 1,000 connections)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--programs", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    options.starts = options.starts or (3 if options.quick else 9)
    asked = options.servers.split(",") if options.servers else None
    for name in asked or ():
        if name not in names:
            parser.error(f"unknown server {name}; there are: {' '.join(names)}")
    only_ours = options.quick or options.ours or options.lab or options.counts
    options.servers = [
        server for server in SERVERS
        if (server.name in asked if asked else server.name not in OPTIONAL)
        and (server.ours or not only_ours or (asked and not options.lab and not options.counts))]
    return options


def start_once(server, options):
    if options.lab:
        run_lab(options.programs, 1, 64, 1, (server.name,))
    else:
        Fleet([server], options.programs).stop()


def fits(cell, servers, descriptors):
    wanted = cell[0] * len(servers) + 100
    if wanted > descriptors:
        print(f"left out: {cell[0]} connections to {len(servers)} servers, more than the "
              f"{descriptors} descriptors that a process may have", file=sys.stderr)
    return wanted <= descriptors


def measure_cell(cell, options, servers):
    """Prints and returns its figures."""
    measure = measure_lab_start if options.lab else measure_start
    figures, base = summarise([measure(servers, options.programs, cell, options)
                               for _ in range(options.starts)])
    connections = lab_connections(cell) if options.lab else cell[0]
    print_cell(cell, figures, base, f" ({connections} here)" if connections != cell[0] else "")
    return figures


def main():
    options = parse_arguments()
    descriptors = raise_descriptor_limit()
    if len(os.sched_getaffinity(0)) < 2 and not options.lab:
        print("one processor only: client and servers share it", file=sys.stderr)
    servers = present_servers(options.servers, options.programs)
    if options.counts:
        if shutil.which("valgrind") is None:
            raise Failure("valgrind is missing")
        print_counts(options.programs, [server.name for server in servers])
        return 0
    servers = servers_that_start(servers, lambda server: start_once(server, options))
    if not servers:
        raise Failure("nothing to measure")
    if options.check:
        check(servers, options.programs)
        return 0
    results = {cell: measure_cell(cell, options, servers)
               for cell in options.cells if options.lab or fits(cell, servers, descriptors)}
    if options.json is not None:
        write_json(options.json, results)
    if not set(CELLS) <= set(results):
        return 0
    problems = list(missed_goals(results))
    for problem in problems:
        print(f"missed: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"net.py: {failure}", file=sys.stderr)
        sys.exit(2)
