#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The echo servers of bench/net are right, and bench/net.py measures them: net_harness_test.py
NET_PY PROGRAMS. One slice of each; no figure is judged."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

NET_PY, PROGRAMS = sys.argv[1:3]
ON_EPOLL = {"c-epoll", "rondo-epoll"}  # those on io_uring are missing where the kernel refuses it
OURS = ON_EPOLL | {"c-uring", "rondo-uring", "rondo-epoll-stream", "rondo-uring-stream",
                   "rondo-epoll-buffer", "rondo-uring-buffer"}


def net(*arguments):
    return subprocess.run([sys.executable, "-B", NET_PY, "--programs", PROGRAMS, *arguments],
                          capture_output=True, text=True, check=False, timeout=250)


class Harness(unittest.TestCase):
    def figures(self, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "figures.json"
            done = net(*arguments, "--json", str(file))
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            return json.loads(file.read_text(encoding="utf-8"))

    def assert_measured(self, figures, cells):
        self.assertEqual(set(figures), set(cells))
        for servers in figures.values():
            self.assertLessEqual(ON_EPOLL, set(servers))
            for figure in servers.values():
                self.assertGreater(figure["median"], 0)
                self.assertLessEqual(figure["low"], figure["high"])
                self.assertGreater(figure["ratio"], 0)

    def test_every_server_of_ours_echoes_rightly(self):
        done = net("--check", "--servers", ",".join(sorted(OURS)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        right = {line.split()[0] for line in done.stdout.splitlines() if "echoes rightly" in line}
        self.assertLessEqual(ON_EPOLL, right)

    def test_one_slice_of_each_server(self):
        cells = ["1x64", "20x16384"]
        figures = self.figures("--ours", "--rounds", "1", "--slice", "10",
                               "--cells", ",".join(cells))
        self.assert_measured(figures, cells)

    def test_one_slice_in_the_laboratory(self):
        figures = self.figures("--lab", "--rounds", "1", "--cells", "2x1024")
        self.assert_measured(figures, ["2x1024"])

    def test_a_server_that_is_not_there_is_an_error(self):
        done = net("--servers", "nobody")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown server nobody", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
