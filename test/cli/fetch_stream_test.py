# SPDX-License-Identifier: Apache-2.0
"""rondo fetch beside the world: stdin, stdout, terminals, Ctrl-C, many calls."""

import json
import signal
import subprocess
import unittest

from harness import (BOUND, PROGRAM, TestCase, Terminal, environment, interrupt, results, rondo,
                     running)


class Stdin(TestCase):
    def test_one_url_on_a_line(self):
        site = self.site()
        first, second, third = (site.url(path) for path in ("/a", "/b", "/c"))
        text = f"\ufeff# a comment\n\n  {first}\t\r\n#no\n{second}\n\n{third}"
        done = rondo("fetch", "-", stdin=text.encode())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(line["url"] for line in results(done.stdout)),
                         [first, second, third])

    def test_beside_urls_in_their_place(self):
        site = self.site()
        done = rondo("fetch", site.url("/1"), "-", site.url("/3"), stdin=site.url("/2").encode())
        lines = sorted(results(done.stdout), key=lambda line: line["id"])
        self.assertEqual([line["url"][-1] for line in lines], ["1", "2", "3"])

    def test_nothing_on_it_is_no_failure(self):
        done = rondo("fetch", "-", stdin=b"")
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_a_file_works_as_well_as_a_pipe(self):
        with open("/dev/null", "rb") as nothing:
            done = subprocess.run([PROGRAM, "fetch", "-q", "-"], stdin=nothing, timeout=BOUND,
                                  env=environment(), capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_results_come_while_it_is_open(self):
        site = self.site()
        with running("fetch", "-q", "-", stdin=subprocess.PIPE) as process:
            for name in ("/a", "/b"):
                process.stdin.write(site.url(name).encode() + b"\n")
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline())["url"], site.url(name))
            process.stdin.close()
            self.assertEqual(process.wait(), 0)

    def test_ctrl_c_while_it_waits_for_a_line(self):
        with running("fetch", "-q", "-", stdin=subprocess.PIPE) as process:
            site = self.site()
            process.stdin.write(site.url().encode() + b"\n")
            process.stdin.flush()
            process.stdout.readline()
            interrupt(process)
            self.assertEqual(process.wait(), 130)

    def test_a_line_without_end_is_one_failure(self):
        site = self.site()
        stdin = b"x" * 1_000_000 + b"\n" + site.url().encode() + b"\n" + b"y" * 1_000_000
        done = rondo("fetch", "-", stdin=stdin)
        first, second, third = sorted(results(done.stdout), key=lambda line: line["id"])
        self.assertEqual((first["error"]["kind"], second["status"], third["error"]["kind"]),
                         ("invalid", 200, "invalid"))

    def test_no_stdin_at_all_is_reported(self):
        done = subprocess.run(["sh", "-c", 'exec "$0" fetch - <&-', PROGRAM], timeout=BOUND,
                              env=environment(), capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"stdin", done.stderr)


class Concurrency(TestCase):
    def test_a_thousand_calls(self):
        site = self.site()
        stdin = "".join(site.url(f"/{number}\n") for number in range(1000)).encode()
        done = rondo("fetch", "-", stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = results(done.stdout)
        self.assertEqual(sorted(line["id"] for line in lines), list(range(1, 1001)))
        self.assertEqual(len({line["url"] for line in lines}), 1000)
        self.assertLessEqual(site.active_max, 64)

    def test_one_at_a_time_keeps_the_order(self):
        site = self.site()
        done = rondo("fetch", "-c", "1", *(site.url(f"/{number}") for number in range(20)))
        self.assertEqual([line["id"] for line in results(done.stdout)], list(range(1, 21)))
        self.assertEqual(site.active_max, 1)

    def test_all_wait_at_once(self):
        site = self.site()
        with running("fetch", "-c", "10", *[site.url("/hang")] * 30) as process:
            site.wait_active(10)
            interrupt(process)
            self.assertEqual(process.wait(), 130)
            site.wait_active(0)
        self.assertEqual(site.active_max, 10)


class Interrupted(TestCase):
    def test_what_is_finished_is_printed(self):
        site = self.site()
        with running("fetch", site.url("/a"), *[site.url("/hang")] * 5) as process:
            first = process.stdout.readline()
            site.wait_active(5)
            interrupt(process)
            rest, complaints = process.communicate()
        self.assertEqual(process.returncode, 130)
        self.assertEqual(results(first)[0]["url"], site.url("/a"))
        self.assertEqual(rest, b"")
        self.assertIn(b"interrupted: 1 done", complaints)

    def test_sigterm_is_143(self):
        site = self.site()
        with running("fetch", site.url("/hang")) as process:
            site.wait_active(1)
            process.send_signal(signal.SIGTERM)
            process.communicate()
        self.assertEqual(process.returncode, 143)

    def test_the_second_one_ends_it_at_once(self):
        site = self.site()
        urls = [site.url("/bytes/2000000"), site.url("/hang")]
        with running("fetch", "--body", *urls) as process:
            process.stdout.read(1)  # the line is longer than the pipe, and nobody reads on
            site.wait_active(1)
            interrupt(process)
            site.wait_active(0)  # the first one has broken off the call that hangs
            interrupt(process)
            self.assertEqual(process.wait(), 130)


class Stdout(TestCase):
    def test_a_reader_that_has_gone_ends_it_at_once(self):
        site = self.site()
        with running("fetch", site.url("/a"), site.url("/hang")) as process:
            process.stdout.readline()
            process.stdout.close()  # as head -1 does; the other call would hang on
            complaints = process.stderr.read()
            self.assertEqual((process.wait(), complaints), (141, b""))

    def test_many_writers_meet_a_closed_stdout_quietly(self):
        site = self.site()
        with running("fetch", "-", stdin=subprocess.PIPE) as process:
            process.stdout.close()
            text = "".join(site.url(f"/{number}\n") for number in range(1000)).encode()
            try:
                process.stdin.write(text)
                process.stdin.close()
            except BrokenPipeError:
                pass
            complaints = process.stderr.read()
            self.assertEqual((process.wait(), complaints), (141, b""))

    def test_a_full_disk_is_reported(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PROGRAM, "fetch", self.site().url()], stdout=full, timeout=BOUND,
                                  env=environment(), stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write to stdout: No space left", done.stderr)

    def test_a_slow_reader_gets_whole_lines(self):
        site = self.site()
        with running("fetch", "-q", "--body", *[site.url("/bytes/50000")] * 40) as process:
            lines = [json.loads(process.stdout.readline()) for _ in range(40)]
            self.assertEqual(process.wait(), 0)
        self.assertEqual(sorted(line["id"] for line in lines), list(range(1, 41)))


class Progress(TestCase):
    def start(self, *arguments, **variables):
        terminal = Terminal()
        self.addCleanup(terminal.close)
        return terminal, running("fetch", *arguments, stderr=terminal.slave,
                                 env=environment(**variables))

    def test_a_terminal_sees_it_and_it_is_erased(self):
        site = self.site()
        terminal, start = self.start(site.url("/a"), site.url("/hang"))
        with start as process:
            terminal.read_until(rb"1/2 done  1 in flight  0 failed")
            interrupt(process)
            process.communicate()
        self.assertRegex(terminal.read_rest(), rb"\r\x1b\[Kinterrupted: 1 done[^\r]*\r\n$")

    def test_it_fits_into_the_terminal(self):
        site = self.site()
        terminal, start = self.start(site.url("/hang"), COLUMNS="20")
        with start as process:
            terminal.read_until(rb"\r\x1b\[K0/1 done  1 in flig\r\x1b")
            interrupt(process)
            process.communicate()

    def test_quiet_and_dumb_terminals_see_none(self):
        site = self.site()
        for arguments, variables in ((["-q"], {}), ([], {"TERM": "dumb"})):
            terminal, start = self.start(*arguments, site.url(), **variables)
            with start as process:
                self.assertEqual(process.wait(), 0)
            self.assertNotIn(b"\x1b", terminal.read_rest())


if __name__ == "__main__":
    unittest.main()
