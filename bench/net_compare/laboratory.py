# SPDX-License-Identifier: Apache-2.0
"""What bench/net/net_lab.cpp measures: CPU time without a second processor, and counts."""
import os
import shutil
import subprocess

from net_compare.fleet import Failure, processors


def lab_connections(cell):
    """In the laboratory a message of each connection lies in the kernel at once."""
    connections, size = cell
    return min(connections, 100) if size > 65536 else min(connections, 500)


def measure_lab_start(servers, programs, cell, options):
    """As measure_start()."""
    names = [server.name for server in servers]
    connections = lab_connections(cell)
    per_slice = max(50, connections) * (4 if cell[1] > 65536 else 1)
    rounds = options.rounds * max(1, 1000 // per_slice)
    printed = run_lab(programs, connections, cell[1], rounds, names)
    found = {name: [] for name in names}
    for line in printed.splitlines():
        name, ns = line.split()
        found[name].append(float(ns) / 1000)
    return found


def run_lab(programs, connections, size, rounds, names, wrapper=()):
    processor, _ = processors()
    done = subprocess.run(
        [*wrapper, str(programs / "net_lab"), str(connections), str(size), str(rounds), *names],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, {processor}))
    if done.returncode != 0:
        raise Failure(f"net_lab {' '.join(names)}: {done.stderr.strip() or done.returncode}")
    return done.stderr if wrapper else done.stdout


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
