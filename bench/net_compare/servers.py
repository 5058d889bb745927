# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared."""
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

DEBIAN_PYTHON = "/usr/bin/python3"  # the one that Debian's python3-uvloop is for
NET = Path(__file__).resolve().parent.parent / "net"


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
    Server("uvloop", (DEBIAN_PYTHON, str(NET / "uvloop_echo.py"), "protocol"),
           package="python3-uvloop", module="uvloop"),
    Server("uvloop-streams", (DEBIAN_PYTHON, str(NET / "uvloop_echo.py"), "streams"),
           package="python3-uvloop", module="uvloop"),
)
OPTIONAL = ("rondo-epoll-buffer", "rondo-uring-buffer", "uvloop-streams")


def path_of(server, programs):
    first = server.command[0]
    return first if "/" in first else str(programs / first)


def is_missing(server, programs):
    if not os.access(path_of(server, programs), os.X_OK):
        return True
    return bool(server.module) and subprocess.run(
        [path_of(server, programs), "-c", f"import {server.module}"], capture_output=True,
        check=False).returncode != 0


def present_servers(chosen, programs):
    present = []
    for server in chosen:
        if is_missing(server, programs):
            reason = f"it needs {server.package}" if server.package else "it was not built"
            print(f"left out: {server.name}, {reason}", file=sys.stderr)
        else:
            present.append(server)
    return present
