# SPDX-License-Identifier: Apache-2.0
"""The command line itself: help, version, mistakes, the driver's variable, no stdout, no stderr."""

import subprocess
import unittest

from harness import BOUND, PROGRAM, TestCase, environment, refuse_uring, results, rondo

COMMANDS = {"demo": [], "fetch": ["http://127.0.0.1:1/"], "doctor": []}


class Usage(TestCase):
    def test_help_names_every_command(self):
        done = rondo("--help")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "")
        for command in COMMANDS:
            self.assertIn(command, done.stdout)

    def test_every_command_has_help(self):
        for command in COMMANDS:
            done = rondo(command, "--help")
            self.assertEqual(done.returncode, 0, command)
            self.assertIn("--help", done.stdout)
            self.assertEqual(done.stderr, "")

    def test_help_of_fetch_shows_examples_and_exit_codes(self):
        text = rondo("fetch", "--help").stdout
        for word in ("Examples:", "Exit code:", "--timeout", "--insecure", "stdin"):
            self.assertIn(word, text)

    def test_version(self):
        done = rondo("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^rondo \d+\.\d+\.\d+\n$")

    def test_no_command_is_a_usage_error(self):
        self.assert_usage_error(rondo(), "a command is missing")

    def test_unknown_command_is_a_usage_error(self):
        done = rondo("fecth")
        self.assert_usage_error(done, "fecth")
        self.assertIn("rondo --help", done.stderr)

    def test_unknown_flags_are_usage_errors(self):
        self.assert_usage_error(rondo("--nonsense"), "--nonsense")
        for command, arguments in COMMANDS.items():
            done = rondo(command, *arguments, "--nonsense")
            self.assert_usage_error(done, "--nonsense")
            self.assertIn(f"rondo {command} --help", done.stderr)

    def test_a_message_carries_no_control_characters(self):
        done = rondo("\x1b[31m")
        self.assert_usage_error(done, "\\x1b")
        self.assertNotIn("\x1b", done.stderr)

    def test_a_driver_that_does_not_exist_is_named(self):
        for command, arguments in COMMANDS.items():
            done = rondo(command, *arguments, env=environment(RONDO_DRIVER="nonsense"))
            self.assert_usage_error(done, "nonsense")
            self.assertIn("RONDO_DRIVER", done.stderr)

    def test_help_needs_no_driver(self):
        done = rondo("--help", env=environment(RONDO_DRIVER="nonsense"))
        self.assertEqual(done.returncode, 0)

    def test_the_simulation_has_no_network(self):
        for command in ("demo", "fetch"):
            done = rondo(command, *COMMANDS[command], env=environment(RONDO_DRIVER="sim"))
            self.assert_usage_error(done, "simulation")


class ClosedStdout(TestCase):
    """Help and doctor; fetch has tests of its own."""

    def outcome(self, stdout, *arguments):
        done = subprocess.run([PROGRAM, *arguments], stdout=stdout, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=BOUND, env=environment())
        return done.returncode, done.stderr.decode()

    def test_a_full_disk_is_reported(self):
        for arguments in (["--help"], ["doctor"], ["demo", "--speed", "100"]):
            with open("/dev/full", "wb") as full:
                code, message = self.outcome(full, *arguments)
            self.assertEqual(code, 1, arguments)
            self.assertIn("No space left", message)

    def test_a_reader_that_has_gone_ends_it_quietly(self):
        for arguments in (["--help"], ["doctor"], ["demo", "--speed", "100"]):
            with subprocess.Popen(["true"], stdin=subprocess.PIPE) as reader:
                reader.wait()
                self.assertEqual(self.outcome(reader.stdin, *arguments), (141, ""), arguments)

    def test_without_any_stdout_it_says_so(self):
        url = self.site().url()
        for arguments in (["doctor"], ["demo", "--speed", "100"], ["fetch", url]):
            done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', PROGRAM, *arguments],
                                  timeout=BOUND, env=environment(), stderr=subprocess.PIPE,
                                  stdin=subprocess.DEVNULL, check=False)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn(b"cannot write to stdout", done.stderr, arguments)


class NoStderr(TestCase):
    """Who cannot be told is not told; the exit code stays."""

    def outcome(self, redirection, *arguments):
        done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {redirection}', PROGRAM, *arguments],
                              timeout=BOUND, env=environment(), stdout=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout.decode()

    def test_a_mistake_stays_one(self):
        for redirection in ("2>&-", "2>/dev/full"):
            self.assertEqual(self.outcome(redirection, "nonsense"), (1, ""))
            self.assertEqual(self.outcome(redirection, "fetch", "--nonsense"), (1, ""))

    def test_a_success_stays_one(self):
        url = self.site().url()
        for redirection in ("2>&-", "2>/dev/full"):
            code, out = self.outcome(redirection, "fetch", url)
            self.assertEqual((code, [line["ok"] for line in results(out)]), (0, [True]))
            for arguments in (["doctor"], ["demo", "--speed", "100"]):
                code, out = self.outcome(redirection, *arguments)
                self.assertEqual((code, bool(out)), (0, True), arguments)

    def test_a_reader_that_has_gone_changes_nothing(self):
        with subprocess.Popen(["true"], stdin=subprocess.PIPE) as reader:
            reader.wait()
            done = subprocess.run([PROGRAM, "fetch", self.site().url()], stdout=subprocess.PIPE,
                                  stderr=reader.stdin, timeout=BOUND, env=environment(),
                                  check=False)
            self.assertEqual((done.returncode, len(results(done.stdout))), (0, 1))

    def test_stdout_that_cannot_be_written_either(self):
        self.assertEqual(self.outcome(">/dev/full 2>/dev/full", "doctor"), (1, ""))


class Doctor(TestCase):
    def test_it_says_what_runs_and_why(self):
        done = rondo("doctor")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        for word in ("chosen", "because", "kernel", "open files", "compiler", "liburing", "libcurl",
                     "llhttp", "CLI11", "fmt", "nlohmann-json", "version"):
            self.assertIn(word, done.stdout)
        self.assertRegex(done.stdout, r"a test loop +ran on (uring|epoll)")
        self.assertNotIn("unknown", done.stdout)

    def test_it_says_that_the_variable_decided(self):
        for driver in ("epoll", "sim"):
            done = rondo("doctor", env=environment(RONDO_DRIVER=driver))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, rf"chosen +{driver}\n")
            self.assertRegex(done.stdout, r"because +RONDO_DRIVER")
            self.assertIn(f"ran on {driver}", done.stdout)

    def without_uring(self, **changes):
        try:
            return rondo("doctor", env=environment(**changes), preexec_fn=refuse_uring)
        except subprocess.SubprocessError:
            self.skipTest("no seccomp filters on this system")

    def test_where_io_uring_is_refused_it_says_so_and_epoll_runs(self):
        done = self.without_uring(RONDO_DRIVER="auto")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"chosen +epoll\n")
        self.assertRegex(done.stdout, r"because +io_uring is forbidden here")
        self.assertRegex(done.stdout, r"io_uring +nothing usable\n")
        self.assertIn("ran on epoll", done.stdout)

    def test_a_driver_that_cannot_be_had_leaves_the_rest_of_the_report(self):
        done = self.without_uring(RONDO_DRIVER="uring")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"a test loop +did not run: .*io_uring is forbidden here")
        self.assertIn("kernel", done.stdout)
        self.assertIn("libcurl", done.stdout)
        self.assertRegex(done.stderr, r"^rondo: .*io_uring is forbidden here.*\n$")


if __name__ == "__main__":
    unittest.main()
