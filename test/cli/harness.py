# SPDX-License-Identifier: Apache-2.0
"""Runs the program rondo against a server on this machine. Nothing waits by the clock: a test waits
for what it needs to see, and every wait has a bound."""

import contextlib
import ctypes
import http.server
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

PROGRAM = os.environ["RONDO_PROGRAM"]
BOUND = float(os.environ.get("RONDO_TEST_BOUND", "60"))  # seconds; only a failing test gets there

# Variables of the person who runs the tests that would change what rondo prints or does.
FOREIGN = re.compile(r"(?i)^(LC_.*|LANG|COLUMNS|TERM|NO_COLOR|.*_proxy)$")


def environment(**changes):
    env = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)}
    env.update({"TERM": "xterm", "LC_ALL": "C"}, **changes)
    return env


def rondo(*arguments, stdin=b"", env=None, **options):
    """Runs to the end; stdout and stderr are texts."""
    done = subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, timeout=BOUND,
                          env=env or environment(), **options)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def refuse_uring():
    """For preexec_fn: io_uring_setup, system call 425, fails with EPERM, as in a sandbox. See
    seccomp(2)."""
    load, jump_if_equal, give_back, errno_eperm, allow = 0x20, 0x15, 0x06, 0x50001, 0x7FFF0000
    steps = [(load, 0, 0, 0), (jump_if_equal, 0, 1, 425), (give_back, 0, 0, errno_eperm),
             (give_back, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    set_no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = [ctypes.c_int] + 4 * [ctypes.c_ulong]
    for call in ((set_no_new_privileges, 1, 0, 0, 0),
                 (set_seccomp, filter_mode, ctypes.addressof(program), 0, 0)):
        if prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


@contextlib.contextmanager
def running(*arguments, **options):
    """A process that runs beside the test, killed if the test leaves it running."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               "env": environment(), **options}
    process = subprocess.Popen([PROGRAM, *arguments], **options)
    watchdog = threading.Timer(BOUND, process.kill)
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()


class Handler(http.server.BaseHTTPRequestHandler):
    """/status/N, /bytes/N (so many bytes), /binary, /echo, /redirect/N (N times), /hang."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        site = self.server.site
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        with site.changed:
            site.active += 1
            site.active_max = max(site.active_max, site.active)
            site.changed.notify_all()
        try:
            self.route(site, body)
        finally:
            with site.changed:
                site.active -= 1
                site.changed.notify_all()

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def route(self, site, body):
        kind, _, value = self.path.strip("/").partition("/")
        if kind == "hang":
            self.hang(site)
        elif kind == "redirect":
            left = int(value)
            self.reply(302, b"", Location=f"/redirect/{left - 1}" if left > 1 else "/status/200")
        elif kind == "bytes":
            self.reply(200, b"x" * int(value))
        elif kind == "binary":
            self.reply(200, b"\xff\x00\xfe")
        elif kind == "echo":
            echo = {"method": self.command, "headers": dict(self.headers), "body": body.decode()}
            self.reply(200, json.dumps(echo).encode())
        else:
            self.reply(int(value) if kind == "status" else 200, b"hello\n")

    def hang(self, site):
        """Never answers; ends when the client breaks off, or the test has ended."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        poll.register(site.stop_reader, select.POLLIN)
        poll.poll()
        self.close_connection = True

    def reply(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class HttpServer(http.server.ThreadingHTTPServer):
    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, *_):
        """A client that breaks off is what these tests are about."""


class Site:
    """The server, in threads of the test."""

    def __init__(self):
        self.changed = threading.Condition()
        self.active = self.active_max = 0
        self.stop_reader, self.stop_writer = os.pipe()
        self.server = HttpServer(("127.0.0.1", 0), Handler)
        self.server.site = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def wait_active(self, count):
        """Until exactly `count` requests are being handled."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.active == count, BOUND):
                raise AssertionError(f"{self.active} requests are active, not {count}")

    def close(self):
        os.close(self.stop_writer)
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class TestCase(unittest.TestCase):
    def site(self):
        site = Site()
        self.addCleanup(site.close)
        return site

    def refused_url(self):
        """Nobody listens at this port, and nobody else can take it."""
        holder = socket.socket()
        self.addCleanup(holder.close)
        holder.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{holder.getsockname()[1]}/"

    def silent_url(self):
        """Connections are accepted, but never answered."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def assert_usage_error(self, done, text):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")


def results(stdout):
    """The JSON lines of fetch; each is whole."""
    if isinstance(stdout, bytes):
        stdout = stdout.decode()
    assert stdout == "" or stdout.endswith("\n"), f"cut off: {stdout[-80:]!r}"
    return [json.loads(line) for line in stdout.splitlines()]


class Terminal:
    """The side of a terminal where the person sits."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.seen = b""

    def read_until(self, pattern):
        """Until what was printed matches; gives all that was printed so far."""
        end = time.monotonic() + BOUND
        while not re.search(pattern, self.seen):
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            self.read_some()
        return self.seen

    def read_rest(self):
        """After the program ended: what is left."""
        os.close(self.slave)
        self.slave = -1
        with contextlib.suppress(OSError):  # EIO: nobody has the other side open
            while self.read_some():
                pass
        return self.seen

    def read_some(self):
        data = os.read(self.master, 65536)
        self.seen += data
        return data

    def close(self):
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)


def interrupt(process):
    process.send_signal(signal.SIGINT)
