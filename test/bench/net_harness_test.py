#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The echo servers of bench/net are right, and bench/net.py measures them: net_harness_test.py
NET_PY PROGRAMS. A slice or two of each; what is judged is made up."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

NET_PY, PROGRAMS = sys.argv[1:3]
sys.path.insert(0, str(Path(NET_PY).parent))
from net_compare.judging import summarise, verdict  # pylint: disable=wrong-import-position

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

    def test_two_starts_of_each_server(self):
        cells = ["1x64", "20x16384"]
        figures = self.figures("--ours", "--starts", "2", "--rounds", "1", "--slice", "10",
                               "--cells", ",".join(cells))
        self.assert_measured(figures, cells)

    def test_one_slice_in_the_laboratory(self):
        figures = self.figures("--lab", "--starts", "1", "--rounds", "1", "--cells", "2x1024")
        self.assert_measured(figures, ["2x1024"])

    def test_a_server_that_is_not_there_is_an_error(self):
        done = net("--servers", "nobody")
        self.assertEqual(done.returncode, 2)
        self.assertIn("unknown server nobody", done.stderr)


class Judging(unittest.TestCase):
    def test_rounds_are_compared_within_a_start_and_starts_with_each_other(self):
        figures, base = summarise([{"c-epoll": [10, 20, 30], "rondo-epoll": [11, 22, 66]},
                                   {"c-epoll": [10, 10, 10], "rondo-epoll": [12, 12, 12]},
                                   {"c-epoll": [10, 10, 10], "rondo-epoll": [90, 90, 90]}])
        self.assertEqual(base, "c-epoll")
        self.assertEqual(figures["c-epoll"].median, 10)  # of 20, 10 and 10
        self.assertEqual(figures["rondo-epoll"].median, 22)  # of 22, 12 and 90
        self.assertAlmostEqual(figures["rondo-epoll"].ratio, 1.2)  # of 1.1, 1.2 and 9
        self.assertEqual(verdict("rondo-epoll", figures), "above 1.05")

    def test_the_base_is_the_floor_that_is_cheaper(self):
        figures, base = summarise([{"c-epoll": [10], "c-uring": [8], "rondo-uring": [8.2]}])
        self.assertEqual(base, "c-uring")
        self.assertAlmostEqual(figures["c-epoll"].ratio, 1.25)
        self.assertEqual(verdict("rondo-uring", figures), "within 1.05")

    def test_a_peer_is_ahead_only_of_the_better_of_ours_and_beyond_its_quartiles(self):
        def of_peer(*values):
            starts = [{"c-epoll": [10], "rondo-epoll": [12], "rondo-uring": [ours], "peer": [value]}
                      for ours, value in zip((9.9, 10, 10.1), values, strict=True)]
            return verdict("peer", summarise(starts)[0])
        self.assertEqual(of_peer(11, 11, 11), "")
        self.assertEqual(of_peer(9.9, 9.9, 9.9), "level")   # by less than 2 %
        self.assertEqual(of_peer(9, 9.5, 10.9), "level")    # its quartiles reach Rondo's
        self.assertEqual(of_peer(9, 9.1, 9.2), "AHEAD")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
