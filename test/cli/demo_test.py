# SPDX-License-Identifier: Apache-2.0
"""rondo demo: what happens in which order, the picture, and the last line."""

import re
import subprocess
import unittest

from harness import TestCase, Terminal, environment, interrupt, rondo, running

FAST = ["demo", "--speed", "20"]  # 100 ms and 50 ms instead of 2 s and 1 s


class Demo(TestCase):
    def test_the_last_line_gives_the_measured_figures(self):
        done = rondo(*FAST)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        last = done.stdout.splitlines()[-1]
        figures = re.fullmatch(r"one after the other (\d+\.\d\d) s, together (\d+\.\d\d) s", last)
        self.assertIsNotNone(figures, last)
        apart, together = (float(figure) for figure in figures.groups())
        self.assertGreaterEqual(apart, 0.15)
        self.assertGreaterEqual(together, 0.10)
        self.assertLess(together, apart)

    def test_it_tells_what_happened_in_order(self):
        events = re.findall(r"(foursquare|spotify) call (started|finished)", rondo(*FAST).stdout)
        self.assertEqual(events, [
            ("foursquare", "started"), ("foursquare", "finished"),
            ("spotify", "started"), ("spotify", "finished"),
            ("foursquare", "started"), ("spotify", "started"),
            ("spotify", "finished"), ("foursquare", "finished"),
        ])

    def test_each_speed_is_checked(self):
        for speed in ("0", "-1", "fast", ""):
            done = rondo("demo", "--speed", speed)
            self.assertEqual(done.returncode, 1, speed)
            self.assertIn("--speed", done.stderr)

    def test_ctrl_c_ends_it(self):
        with running("demo") as process:
            while b"started" not in process.stdout.readline():
                pass
            interrupt(process)
            _, complaints = process.communicate()
        self.assertEqual((process.returncode, complaints), (130, b""))


class Picture(TestCase):
    def bars(self, stdout):
        return [line for line in stdout.splitlines() if line.count("|") == 2]

    def test_it_is_ascii_where_the_locale_is(self):
        done = rondo(*FAST, env=environment(LC_ALL="C"))
        self.assertTrue(done.stdout.isascii())
        self.assertEqual(len(self.bars(done.stdout)), 4)
        self.assertIn("#", done.stdout)

    def test_it_is_drawn_with_blocks_in_utf_8(self):
        done = rondo(*FAST, env=environment(LC_ALL="C.UTF-8"))
        self.assertIn("█", done.stdout)
        self.assertNotIn("#", done.stdout)

    def test_it_keeps_within_the_width(self):
        for columns in (44, 60, 80, 200):
            done = rondo(*FAST, env=environment(COLUMNS=str(columns)))
            bars = self.bars(done.stdout)
            self.assertEqual(len({len(bar) for bar in bars}), 1, bars)
            self.assertLessEqual(len(bars[0]), columns)

    def test_the_bars_show_who_waited_for_whom(self):
        first, second, third, fourth = self.bars(rondo(*FAST).stdout)
        self.assertGreater(second.index("#"), first.rindex("#"))
        self.assertLessEqual(third.index("#"), fourth.index("#"))
        self.assertLessEqual(fourth.index("#"), third.rindex("#"))
        self.assertGreaterEqual(third.rindex("#"), fourth.rindex("#"))


class Colour(TestCase):
    def on_a_terminal(self, **variables):
        terminal = Terminal()
        self.addCleanup(terminal.close)
        with running(*FAST, stdout=terminal.slave, stderr=subprocess.DEVNULL,
                     env=environment(**variables)) as process:
            terminal.read_until(rb"together \d+\.\d\d s\r\n")
            self.assertEqual(process.wait(), 0)
        return terminal.read_rest()

    def test_a_terminal_gets_colour(self):
        self.assertIn(b"\x1b[3", self.on_a_terminal())

    def test_no_color_forbids_it(self):
        self.assertNotIn(b"\x1b", self.on_a_terminal(NO_COLOR="1"))

    def test_a_dumb_terminal_gets_none(self):
        self.assertNotIn(b"\x1b", self.on_a_terminal(TERM="dumb"))

    def test_a_pipe_gets_none(self):
        self.assertNotIn("\x1b", rondo(*FAST).stdout)


if __name__ == "__main__":
    unittest.main()
