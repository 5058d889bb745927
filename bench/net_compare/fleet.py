# SPDX-License-Identifier: Apache-2.0
"""Servers that run, and the client that loads them."""
import os
import resource
import subprocess
import sys
import time

from net_compare.servers import path_of


class Failure(Exception):
    pass


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
        processor, self.client_processor = processors()
        self.running = []
        try:
            for server in servers:
                self.running.append(Running(server, programs, processor))
        except Failure:
            self.stop()
            raise

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
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def servers_that_start(servers, start):
    """Without those where start(server) fails, as on io_uring where the kernel refuses it."""
    found = []
    for server in servers:
        try:
            start(server)
            found.append(server)
        except Failure as failure:
            print(f"left out: {failure}", file=sys.stderr)
    return found


def measure_start(servers, programs, cell, options):
    """Of servers that were just started: {server: [CPU us a request, round by round]}"""
    connections, size = cell
    slice_ms = options.slice or (80 if connections >= 1000 else 25)
    with Fleet(servers, programs) as fleet:
        printed = fleet.client(programs / "load_client", connections, size, slice_ms,
                               options.rounds, *(running.target() for running in fleet.running))
    found = {server.name: [] for server in servers}
    for line in printed.splitlines():
        name, requests, cpu, _ = line.split()
        found[name].append(int(cpu) / 1000 / max(1, int(requests)))
    return found


def check(servers, programs):
    with Fleet(servers, programs) as fleet:
        for running in fleet.running:
            began = time.monotonic()
            fleet.client(programs / "echo_check", running.name, running.process.pid, running.port)
            took = time.monotonic() - began
            print(f"  {running.name:20} echoes rightly ({took:.1f} s)", flush=True)
