# SPDX-License-Identifier: Apache-2.0
"""rondo fetch: requests, results, exit codes."""

import base64
import json
import os
import resource
import socket
import subprocess
import tempfile
import unittest

from harness import TestCase, results, rondo, running


class Results(TestCase):
    def test_one_line_for_an_answer(self):
        url = self.site().url("/bytes/10")
        done = rondo("fetch", url)
        self.assertEqual(done.returncode, 0, done.stderr)
        (line,) = results(done.stdout)
        self.assertEqual(list(line), ["id", "url", "status", "ok", "bytes", "timings"])
        self.assertEqual((line["id"], line["url"], line["status"], line["ok"], line["bytes"]),
                         (1, url, 200, True, 10))
        timings = line["timings"]
        self.assertEqual(list(timings), ["queued", "dns", "connect", "tls", "first_byte", "total"])
        self.assertGreater(timings["total"], 0)
        self.assertLessEqual(timings["connect"], timings["first_byte"])
        self.assertLessEqual(timings["first_byte"], timings["total"])

    def test_a_line_for_each_and_a_summary(self):
        site = self.site()
        done = rondo("fetch", site.url("/a"), site.url("/b"), site.url("/a"))
        self.assertEqual(sorted(line["id"] for line in results(done.stdout)), [1, 2, 3])
        self.assertRegex(done.stderr, r"^3 done: 3 ok, 0 failed; .*\n$")
        self.assertNotIn("\x1b", done.stdout + done.stderr)

    def test_quiet_is_quiet(self):
        self.assertEqual(rondo("fetch", "-q", self.site().url()).stderr, "")

    def test_body_and_headers_are_included_on_demand(self):
        site = self.site()
        done = rondo("fetch", "--include-body", "--include-headers", site.url("/bytes/3"))
        (line,) = results(done.stdout)
        self.assertEqual(line["body"], "xxx")
        self.assertIn(["content-length", "3"],
                      [[name.lower(), value] for name, value in line["headers"]])

    def test_a_body_that_is_no_text_is_base64(self):
        (line,) = results(rondo("fetch", "--body", self.site().url("/binary")).stdout)
        self.assertNotIn("body", line)
        self.assertEqual(base64.b64decode(line["body_base64"]), b"\xff\x00\xfe")

    def test_a_host_without_scheme_is_http(self):
        done = rondo("fetch", self.site().url("/status/200").removeprefix("http://"))
        self.assertEqual(done.returncode, 0, done.stdout)


class ExitCodes(TestCase):
    def test_status_400_and_above_is_a_failure(self):
        site = self.site()
        for status, code in ((200, 0), (304, 0), (400, 2), (404, 2), (500, 2)):
            done = rondo("fetch", site.url(f"/status/{status}"))
            (line,) = results(done.stdout)
            self.assertEqual((done.returncode, line["status"], line["ok"]),
                             (code, status, code == 0))

    def test_one_failure_among_many_is_2(self):
        site = self.site()
        done = rondo("fetch", site.url(), site.url("/status/500"), site.url())
        self.assertEqual(done.returncode, 2)
        self.assertIn("2 ok, 1 failed", done.stderr)
        self.assertIn("first failure: " + site.url("/status/500"), done.stderr)

    def test_ok_says_what_counts_as_failure(self):
        url = self.site().url("/status/404")
        for codes, code in (("404", 0), ("200-299,404", 0), ("any", 0), ("200-299", 2)):
            self.assertEqual(rondo("fetch", "--ok", codes, url).returncode, code, codes)

    def test_values_are_checked(self):
        for arguments in (["--ok", "ok"], ["--ok", "300-200"], ["--ok", ""], ["--ok", "200,"],
                          ["-c", "0"], ["-c", "-1"], ["-c", "x"], ["--timeout", "-1"],
                          ["--timeout", "soon"], ["--timeout", "nan"], ["--max-body", "big"],
                          ["--max-redirs", "-1"], ["-H", "nocolon"], ["-H", ": x"],
                          ["-d", "@/does/not/exist"], ["-d", "@/"], ["-d", "x", "--json", "y"]):
            done = rondo("fetch", *arguments, "http://127.0.0.1:1/")
            self.assert_usage_error(done, arguments[0])

    def test_no_url_is_a_usage_error(self):
        self.assert_usage_error(rondo("fetch"), "URL")


class Requests(TestCase):
    def echo(self, *arguments, stdin=b""):
        done = rondo("fetch", "--body", *arguments, self.site().url("/echo"), stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        echo = json.loads(results(done.stdout)[0]["body"])
        echo["headers"] = {name.lower(): value for name, value in echo["headers"].items()}
        return echo

    def test_method_and_headers(self):
        echo = self.echo("-X", "DELETE", "-H", "X-One: 1", "--header", "x-two:2")
        self.assertEqual(echo["method"], "DELETE")
        self.assertEqual((echo["headers"]["x-one"], echo["headers"]["x-two"]), ("1", "2"))

    def test_data_is_posted_as_a_form(self):
        echo = self.echo("-d", "a=1&b=2")
        self.assertEqual((echo["method"], echo["body"]), ("POST", "a=1&b=2"))
        self.assertEqual(echo["headers"]["content-type"], "application/x-www-form-urlencoded")

    def test_json_is_posted_as_json(self):
        echo = self.echo("--json", '{"a":1}', "-X", "PUT")
        self.assertEqual((echo["method"], echo["body"]), ("PUT", '{"a":1}'))
        self.assertEqual(echo["headers"]["content-type"], "application/json")

    def test_a_header_given_wins(self):
        self.assertEqual(self.echo("-d", "x", "-H", "content-type: text/plain")["headers"]
                         ["content-type"], "text/plain")

    def test_data_comes_from_a_file_or_stdin(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"from a file")
            file.flush()
            self.assertEqual(self.echo("-d", "@" + file.name)["body"], "from a file")
        self.assertEqual(self.echo("-d", "@-", stdin=b"from stdin")["body"], "from stdin")
        self.assertEqual(self.echo("-d", "")["method"], "POST")

    def test_stdin_cannot_be_both(self):
        self.assert_usage_error(rondo("fetch", "-d", "@-", "-"), "stdin")

    def test_redirects_are_followed_on_demand(self):
        site = self.site()
        url = site.url("/redirect/2")
        (line,) = results(rondo("fetch", url).stdout)
        self.assertEqual((line["status"], "effective_url" in line), (302, False))
        (line,) = results(rondo("fetch", "-L", url).stdout)
        self.assertEqual((line["status"], line["effective_url"]), (200, site.url("/status/200")))
        for most in ("0", "1"):
            done = rondo("fetch", "--max-redirs", most, url)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(results(done.stdout)[0]["error"]["kind"], "protocol")

    def test_a_body_beyond_the_limit_fails(self):
        site = self.site()
        done = rondo("fetch", "--max-body", "1k", site.url("/bytes/1024"), site.url("/bytes/1025"))
        lines = {line["id"]: line for line in results(done.stdout)}
        self.assertEqual(done.returncode, 2)
        self.assertTrue(lines[1]["ok"])
        self.assertEqual(lines[2]["error"]["kind"], "exhausted")


class Failures(TestCase):
    def failure(self, *arguments):
        done = rondo("fetch", *arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        (line,) = results(done.stdout)
        self.assertEqual((line["status"], line["ok"]), (None, False))
        self.assertTrue(line["error"]["message"])
        self.assertIn("1 failed", done.stderr)
        return line["error"]["kind"]

    def test_nobody_listens(self):
        self.assertEqual(self.failure(self.refused_url()), "refused")

    def test_a_name_that_does_not_resolve(self):
        kind = self.failure("--timeout", "5", "http://nonexistent.invalid/")
        self.assertIn(kind, ("not_found", "timed_out"))  # the latter where there is no DNS at all

    def test_a_host_that_never_answers(self):
        self.assertEqual(self.failure("--timeout", "0.2", self.silent_url()), "timed_out")

    def test_urls_that_are_none(self):
        for url in ("http://", "http://[::1", "http://127.0.0.1:99999/", "ht tp://x/",
                    "ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1:1/\x1b[31m"):
            self.assertEqual(self.failure(url), "invalid", url)

    def test_a_server_that_breaks_the_rules(self):
        self.assertEqual(self.failure(self.site().url("/status/99")), "protocol")

    def test_a_url_that_is_no_utf_8_still_gives_json(self):
        done = rondo("fetch", "-", stdin=b"http://\xff\xfe/\nhttp://\x00/\n")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(results(done.stdout)), 2)

    def test_a_failure_is_no_end(self):
        site = self.site()
        done = rondo("fetch", "--timeout", "5", self.refused_url(), "nonsense://", site.url())
        kinds = [line.get("error", {}).get("kind") for line in
                 sorted(results(done.stdout), key=lambda line: line["id"])]
        self.assertEqual(kinds, ["refused", "invalid", None])


class TooManyFiles(TestCase):
    @staticmethod
    def limited(soft, hard):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        return limit

    def refused_url_by_name(self):
        """At a name of this machine that has to be looked up."""
        name = socket.gethostname()
        holder = socket.socket()
        self.addCleanup(holder.close)
        try:
            holder.bind((name, 0))
        except OSError:
            self.skipTest("the name of this machine does not resolve to it")
        return f"http://{name}:{holder.getsockname()[1]}/"

    def test_more_calls_than_descriptors_is_refused_before_it_begins(self):
        done = rondo("fetch", "-c", "1000", self.site().url(), preexec_fn=self.limited(256, 256))
        self.assertEqual(done.returncode, 1)
        self.assertIn("ulimit -n", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_there_is_room_for_lookups_at_once(self):
        for hard, soft in ((4096, 4 * 200 + 64), (500, 500)):
            with running("fetch", "-q", "-c", "200", "-", stdin=subprocess.PIPE,
                         preexec_fn=self.limited(300, hard)) as process:
                process.stdin.write(self.refused_url().encode() + b"\n")
                process.stdin.flush()
                process.stdout.readline()
                limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
                process.stdin.close()
                process.wait()
            self.assertEqual(limits, (soft, hard))

    def test_lookups_at_once_find_their_names(self):
        urls = "\n".join([self.refused_url_by_name()] * 200)
        done = rondo("fetch", "-c", "200", "-", stdin=urls.encode(),
                     preexec_fn=self.limited(300, 4096))
        kinds = [line["error"]["kind"] for line in results(done.stdout)]
        self.assertEqual((len(kinds), set(kinds)), (200, {"refused"}), done.stderr)


if __name__ == "__main__":
    unittest.main()
