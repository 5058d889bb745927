#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares echo servers by the CPU time that a request takes them, user and system together.

All servers run at once on one processor, each with its connections; the client, on another one,
gives each in turn a slice of some milliseconds, in an order that rotates. A ratio is the median
of the ratios round by round, to the C server with the lower median in that cell.

--lab measures without a second processor, and more quietly: see bench/net/net_lab.cpp.
--check tests each server: every byte of messages up to 1 MiB, ends of stream, resets.

Exit code 1: a goal is missed. Goals are judged only when all cells were measured: Rondo within 1.05
of the cheaper C server in 10 of 12 cells with each driver, and no peer cheaper than the cheaper
of Rondo's in any cell.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = (1, 50, 1000)
SIZES = (64, 1024, 16384, 102400)
CELLS = tuple((connections, size) for size in SIZES for connections in CONNECTIONS)
FLOORS = ("c-epoll", "c-uring")
GOAL = 1.05
CELLS_TO_REACH = 10
LEVEL = 1.02  # a peer is level that is not further ahead, or whose quartiles overlap with Rondo's
DEBIAN_PYTHON = "/usr/bin/python3"  # the one that Debian's python3-uvloop is for
HERE = Path(__file__).resolve().parent


class Failure(Exception):
    pass


@dataclass(frozen=True)
class Server:
    name: str
    command: tuple  # the first word: a program of the build, or a path
    environment: dict = field(default_factory=dict)
    package: str = ""  # of Debian, without which it is missing
    module: str = ""   # of Debian's Python
    ours: bool = False


def rondo(driver, how, name):
    return Server(name, ("rondo_echo", how), {"RONDO_DRIVER": driver}, ours=True)


SERVERS = (
    Server("c-epoll", ("floor_echo", "epoll"), ours=True),
    Server("c-uring", ("floor_echo", "uring"), ours=True),
    rondo("epoll", "leased", "rondo-epoll"),
    rondo("uring", "leased", "rondo-uring"),
    rondo("epoll", "stream", "rondo-epoll-stream"),
    rondo("uring", "stream", "rondo-uring-stream"),
    rondo("epoll", "buffer", "rondo-epoll-buffer"),
    rondo("uring", "buffer", "rondo-uring-buffer"),
    Server("asio", ("asio_echo",), package="libasio-dev"),
    Server("asio-uring", ("asio_uring_echo",), package="libasio-dev"),
    Server("libuv", ("uv_echo",), package="libuv1-dev"),
    Server("tokio", ("tokio_echo",), package="librust-tokio-dev and cargo"),
    Server("go", ("go_echo",), {"GOMAXPROCS": "1"}, package="golang-go"),
    Server("uvloop", (DEBIAN_PYTHON, str(HERE / "net" / "uvloop_echo.py"), "protocol"),
           package="python3-uvloop", module="uvloop"),
    Server("uvloop-streams", (DEBIAN_PYTHON, str(HERE / "net" / "uvloop_echo.py"), "streams"),
           package="python3-uvloop", module="uvloop"),
)
OPTIONAL = ("rondo-epoll-buffer", "rondo-uring-buffer", "uvloop-streams")
GOAL_SERVERS = ("rondo-epoll", "rondo-uring")


def path_of(server, programs):
    first = server.command[0]
    return first if "/" in first else str(programs / first)


def is_missing(server, programs):
    if not os.access(path_of(server, programs), os.X_OK):
        return True
    return bool(server.module) and subprocess.run(
        [path_of(server, programs), "-c", f"import {server.module}"], capture_output=True,
        check=False).returncode != 0


def processors():
    """The server's and the client's: two different ones where there are two."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[1 if len(allowed) > 1 else 0]


class Running:
    """A server process and its port."""

    def __init__(self, server, programs, processor):
        self.name = server.name
        command = [path_of(server, programs), *server.command[1:]]
        self.process = subprocess.Popen(
            command, env={**os.environ, **server.environment}, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {processor}))
        line = self.process.stdout.readline()
        if not line.strip().isdigit():
            self.stop()
            raise Failure(f"{self.name} did not start")
        self.port = int(line)

    def target(self):
        return f"{self.name}={self.process.pid}:{self.port}"

    def stop(self):
        self.process.kill()
        self.process.wait()


class Fleet:
    """All the servers that are measured, stopped in the end."""

    def __init__(self, servers, programs):
        self.processor, self.client_processor = processors()
        self.running = []
        for server in servers:
            try:
                self.running.append(Running(server, programs, self.processor))
            except Failure as failure:  # as those on io_uring where the kernel refuses it
                print(f"left out: {failure}", file=sys.stderr)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for running in self.running:
            running.stop()

    def client(self, program, *arguments):
        """What the client program prints; it runs on a processor of its own."""
        done = subprocess.run(
            [str(program), *map(str, arguments)], capture_output=True, text=True, check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, {self.client_processor}))
        if done.returncode != 0:
            raise Failure(f"{program.name}: {done.stderr.strip() or done.returncode}")
        return done.stdout


def raise_descriptor_limit():
    import resource
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


# ------------------------------------------------------------------------------ measuring

def measure_cell(fleet, programs, cell, options):
    """{server: [CPU us a request, round by round]}"""
    connections, size = cell
    slice_ms = options.slice or (80 if connections >= 1000 else 25)
    printed = fleet.client(programs / "load_client", connections, size, slice_ms, options.rounds,
                           *(running.target() for running in fleet.running))
    found = {}
    for line in printed.splitlines():
        name, requests, cpu, _ = line.split()
        found.setdefault(name, []).append(int(cpu) / 1000 / max(1, int(requests)))
    return found


def lab_connections(cell):
    """In the laboratory a message of each connection lies in the kernel at once."""
    connections, size = cell
    return min(connections, 100) if size > 65536 else min(connections, 500)


def is_possible_in_lab(server, programs):
    try:
        run_lab(programs, 1, 64, 1, (server.name,))
    except Failure as failure:
        print(f"left out: {server.name}, {failure}", file=sys.stderr)
        return False
    return True


def measure_lab_cell(names, programs, cell, options):
    connections = lab_connections(cell)
    per_slice = max(50, connections) * (4 if cell[1] > 65536 else 1)
    rounds = options.rounds * max(1, 1000 // per_slice)
    printed = run_lab(programs, connections, cell[1], rounds, names)
    found = {}
    for line in printed.splitlines():
        name, ns = line.split()
        found.setdefault(name, []).append(float(ns) / 1000)
    return found


def run_lab(programs, connections, size, rounds, names, wrapper=()):
    processor, _ = processors()
    done = subprocess.run(
        [*wrapper, str(programs / "net_lab"), str(connections), str(size), str(rounds), *names],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {processor}))
    if done.returncode != 0:
        raise Failure(f"net_lab: {done.stderr.strip() or done.returncode}")
    return done.stderr if wrapper else done.stdout


# ------------------------------------------------------------------------------- counting

LAB_ROUNDS = (10, 60)
OF_HARNESS = ("futex", "sched_yield", "write", "clock_gettime")


def instructions(programs, name, connections, size):
    """User instructions a request of the server's turns, as a difference of two lengths."""
    counts = []
    for rounds in LAB_ROUNDS:
        wrapper = ("valgrind", "--tool=callgrind", "--collect-atstart=no",
                   "--callgrind-out-file=/dev/null")
        printed = run_lab(programs, connections, size, rounds, (name,), wrapper)
        counts.append(int(printed.split("Collected : ")[1].split()[0]))
    requests = (LAB_ROUNDS[1] - LAB_ROUNDS[0]) * max(1, 50 // connections) * connections
    return (counts[1] - counts[0]) / requests


def system_calls(programs, name, connections, size):
    """The server's system calls a request, by name, as a difference of two lengths."""
    tables = []
    for rounds in LAB_ROUNDS:
        table = {}
        log = programs / "strace.txt"
        run_lab(programs, connections, size, rounds, (name,),
                ("strace", "-f", "-c", "-o", str(log)))
        for line in log.read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if len(fields) >= 5 and fields[3].isdigit() and fields[-1] != "total":
                table[fields[-1]] = int(fields[3])
        tables.append(table)
    requests = (LAB_ROUNDS[1] - LAB_ROUNDS[0]) * max(1, 50 // connections) * connections
    calls = {call: (count - tables[0].get(call, 0)) / requests for call, count in tables[1].items()}
    for of_client in ("sendto", "recvfrom"):
        calls[of_client] = calls.get(of_client, 0) - 1
    return {call: count for call, count in calls.items()
            if call not in OF_HARNESS and count > 0.005}


def print_counts(programs, names):
    print("user instructions and system calls of the server, a request of 64 B")
    for name in names:
        for connections in (1, 50):
            count = instructions(programs, name, connections, 64)
            calls = ""
            if shutil.which("strace"):
                found = system_calls(programs, name, connections, 64)
                calls = ", ".join(f"{call} {number:.2f}" for call, number in sorted(found.items()))
            print(f"  {name:20}{connections:6} connections{count:8,.0f}  {calls}")


# ------------------------------------------------------------------------------- judging

@dataclass(frozen=True)
class Figure:
    median: float
    low: float  # quartiles
    high: float
    ratio: float | None  # to the cheaper floor


def summarise(found):
    """{server: Figure}, and the name of the cheaper floor."""
    floors = [name for name in FLOORS if name in found]
    base = min(floors, key=lambda name: statistics.median(found[name])) if floors else None
    figures = {}
    for name, values in found.items():
        low, middle, high = (statistics.quantiles(values, n=4, method="inclusive")
                             if len(values) > 1 else values * 3)
        ratio = None
        if base is not None:
            ratio = statistics.median(a / b for a, b in zip(values, found[base]))
        figures[name] = Figure(middle, low, high, ratio)
    return figures, base


def verdict(name, figures):
    figure = figures[name]
    if name in FLOORS or figure.ratio is None:
        return ""
    if name.startswith("rondo"):
        return "within 1.05" if figure.ratio <= GOAL else "above 1.05"
    rivals = [figures[rival] for rival in GOAL_SERVERS if rival in figures]
    if not rivals or figure.ratio > min(rival.ratio for rival in rivals):
        return ""
    best = min(rivals, key=lambda rival: rival.ratio)
    is_level = figure.ratio * LEVEL >= best.ratio or figure.high >= best.low
    return "level" if is_level else "AHEAD"


def print_cell(cell, figures, base, note=""):
    connections, size = cell
    print(f"{connections} connections x {size} B{note}: us a request; base {base or 'none'}")
    for name, figure in figures.items():
        ratio = "" if figure.ratio is None else f"{figure.ratio:8.3f}"
        print(f"  {name:20}{figure.median:9.2f}  ({figure.low:.2f} .. {figure.high:.2f})".ljust(56)
              + f"{ratio:>8}  {verdict(name, figures)}".rstrip())
    sys.stdout.flush()


def missed_goals(results):
    """Sentences; results: {cell: figures} of all cells."""
    for name in GOAL_SERVERS:
        reached = sum(1 for figures in results.values() if name in figures
                      and (figures[name].ratio or 9) <= GOAL)
        print(f"{name}: within {GOAL} of the cheaper C server in {reached} of {len(results)} cells")
        if reached < CELLS_TO_REACH:
            yield f"{name} reaches {reached} cells, the goal is {CELLS_TO_REACH}"
    for (connections, size), figures in results.items():
        for name in figures:
            if verdict(name, figures) == "AHEAD":
                yield f"{name} is ahead of Rondo at {connections} x {size} B"


def write_json(path, results):
    tree = {f"{connections}x{size}": {name: vars(figure) for name, figure in figures.items()}
            for (connections, size), figures in results.items()}
    path.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")


# ---------------------------------------------------------------------------------- main

def parse_cell(text):
    try:
        connections, size = (int(part) for part in text.split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not CONNECTIONSxBYTES") from None
    if connections < 1 or size < 1:
        raise argparse.ArgumentTypeError(f"{text}: both must be at least 1")
    return connections, size


def parse_arguments():
    names = [server.name for server in SERVERS]
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="5 rounds, the floors and Rondo only")
    parser.add_argument("--ours", action="store_true", help="no peers: they are not built either")
    parser.add_argument("--lab", action="store_true", help="the laboratory; floors and Rondo")
    parser.add_argument("--counts", action="store_true",
                        help="instructions (callgrind) and system calls (strace) a request")
    parser.add_argument("--check", action="store_true", help="whether the servers echo rightly")
    parser.add_argument("--cells", type=lambda text: [parse_cell(c) for c in text.split(",")],
                        default=list(CELLS), metavar="50x64,…", help="CONNECTIONSxBYTES; all 12")
    parser.add_argument("--servers", metavar="A,B,…", help="only these of " + " ".join(names))
    parser.add_argument("--rounds", type=int, help="slices of each server in each cell (15)")
    parser.add_argument("--slice", type=int, metavar="MS",
                        help="length of a slice (25, and 80 at 1,000 connections)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--programs", type=Path, required=True, metavar="FOLDER")
    options = parser.parse_args()
    options.rounds = options.rounds or (5 if options.quick else 15)
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


def present_servers(options):
    present = []
    for server in options.servers:
        if is_missing(server, options.programs):
            reason = f"it needs {server.package}" if server.package else "it was not built"
            print(f"left out: {server.name}, {reason}", file=sys.stderr)
        else:
            present.append(server)
    return present


def check(fleet, programs):
    for running in fleet.running:
        began = time.monotonic()
        fleet.client(programs / "echo_check", running.name, running.process.pid, running.port)
        print(f"  {running.name:20} echoes rightly ({time.monotonic() - began:.1f} s)", flush=True)


def fits(cell, fleet, descriptors):
    wanted = cell[0] * len(fleet.running) + 100
    if wanted > descriptors:
        print(f"left out: {cell[0]} connections to {len(fleet.running)} servers, more than the "
              f"{descriptors} descriptors that a process may have", file=sys.stderr)
    return wanted <= descriptors


def compare(options, servers, descriptors):
    results = {}
    with Fleet(servers, options.programs) as fleet:
        if not fleet.running:
            raise Failure("nothing to measure")
        if options.check:
            check(fleet, options.programs)
            return results
        for cell in options.cells:
            if fits(cell, fleet, descriptors):
                found = measure_cell(fleet, options.programs, cell, options)
                results[cell], base = summarise(found)
                print_cell(cell, results[cell], base)
    return results


def compare_in_lab(options, servers):
    names = [server.name for server in servers if is_possible_in_lab(server, options.programs)]
    if not names:
        raise Failure("nothing to measure")
    results = {}
    for cell in options.cells:
        found = measure_lab_cell(names, options.programs, cell, options)
        results[cell], base = summarise(found)
        note = f" ({lab_connections(cell)} here)" if lab_connections(cell) != cell[0] else ""
        print_cell(cell, results[cell], base, note)
    return results


def main():
    options = parse_arguments()
    descriptors = raise_descriptor_limit()
    if len(os.sched_getaffinity(0)) < 2 and not options.lab:
        print("one processor only: client and servers share it", file=sys.stderr)
    servers = present_servers(options)
    if options.counts:
        if shutil.which("valgrind") is None:
            raise Failure("valgrind is missing")
        print_counts(options.programs, [server.name for server in servers])
        return 0
    if options.lab:
        results = compare_in_lab(options, servers)
    else:
        results = compare(options, servers, descriptors)
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
