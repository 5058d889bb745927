# SPDX-License-Identifier: Apache-2.0
"""The program oracle_rondo as a child process that answers a program with its trace."""

import subprocess
import tempfile
import threading


class Died(Exception):
    """The process ended, or did not answer."""


class RondoProgram:
    PATIENCE = 60  # seconds for one program, which takes milliseconds

    def __init__(self, path):
        self._path = path
        self._process = None
        self._errors = None

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._stop()

    def _start(self):
        self._errors = tempfile.TemporaryFile(mode="w+", errors="replace")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [self._path], stdin=pipe, stdout=pipe, stderr=self._errors, text=True
        )

    def _stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._errors.close()
            self._process = None

    def trace(self, program):
        """What happened, as (ms, task, text) each."""
        lines = (line.split(" ", 2) for line in self._answer(program.text()))
        return [(int(when), task, text) for when, task, text in lines]

    def _answer(self, text):
        if self._process is None:
            self._start()
        watch = threading.Timer(self.PATIENCE, self._process.kill)
        watch.start()
        try:
            self._process.stdin.write(text + "\n")
            self._process.stdin.flush()
            lines = []
            for line in self._process.stdout:
                if line == ".\n":
                    return lines
                lines.append(line.rstrip("\n"))
        except BrokenPipeError:
            pass
        finally:
            watch.cancel()
        status = self._process.wait()
        self._errors.seek(0)
        last = "".join(self._errors.readlines()[-40:])
        self._stop()
        raise Died(f"oracle_rondo ended with {status}\n{last}")
