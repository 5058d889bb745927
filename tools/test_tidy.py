#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each rule of tools/tidy on a file that breaks it and on one that does not."""

import pathlib
import tempfile
import unittest

from tidychecks import coroutines, docs, layers, shape
from tidychecks.source import Project, blank

TOOLS = pathlib.Path(__file__).resolve().parent
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class Case(unittest.TestCase):
    def found(self, check, files):
        """What `check` finds in a project that consists of `files` and our layers.toml."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            rows = {"tools/layers.toml": (TOOLS / "layers.toml").read_text(), **files}
            for name, text in rows.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            project = Project(root)
            check(project)
            return project.errors

    def good(self, check, name, text, **more):
        self.assertEqual(self.found(check, {name: text, **more}), [])

    def bad(self, check, name, text, says="", **more):
        errors = self.found(check, {name: text, **more})
        self.assertEqual(len(errors), 1, errors)
        self.assertIn(says, errors[0])


class Layers(Case):
    def include(self, verdict, name, path, says=""):
        arguments = (layers.check_layers, name, f"#include {path}\n")
        verdict(*arguments, *([says] if says else []))

    def test_arrows_point_down(self):
        self.include(self.good, "src/loop/a.cpp", '"rondo/coro/task.hpp"')
        self.include(self.good, "src/loop/a.cpp", '"base/thread_pool.hpp"')
        says = "coro may not include loop"
        self.include(self.bad, "src/coro/a.cpp", '"rondo/loop/run.hpp"', says)
        self.include(self.bad, "src/coro/a.cpp", '"loop/timers.hpp"', says)
        self.include(self.bad, "include/rondo/base/a.hpp", "<rondo/coro/task.hpp>", "coro")

    def test_a_driver_knows_two_headers_of_the_loop(self):
        self.include(self.good, "src/driver/uring/a.cpp", '"rondo/loop/driver.hpp"')
        self.include(self.bad, "src/driver/uring/a.cpp", '"rondo/loop/run.hpp"', "loop")
        self.include(self.bad, "src/driver/a.cpp", '"rondo/coro/task.hpp"', "coro")
        self.include(self.bad, "include/rondo/loop/driver.hpp", '"rondo/coro/task.hpp"', "only")
        self.include(self.good, "include/rondo/loop/driver.hpp", '"rondo/loop/operation.hpp"')

    def test_one_file_names_the_drivers(self):
        select = "src/driver/select_driver.cpp"
        self.include(self.good, select, '"driver/epoll/epoll_driver.hpp"')
        self.include(self.good, select, '"rondo/sim/driver.hpp"')
        self.include(self.good, "src/driver/uring/a.cpp", '"driver/uring/b.hpp"')
        self.include(self.good, "src/driver/uring/a.cpp", '"driver/readiness.hpp"')
        self.include(self.bad, "src/driver/uring/a.cpp", '"driver/epoll/b.hpp"', select)
        self.include(self.bad, "src/driver/readiness.cpp", '"driver/epoll/b.hpp"', select)
        self.include(self.bad, "src/sim/a.cpp", '"driver/epoll/b.hpp"', select)
        self.include(self.good, "src/sim/a.cpp", '"driver/readiness.hpp"')

    def test_public_headers_are_light(self):
        self.include(self.bad, "include/rondo/net/a.hpp", "<sys/socket.h>", "public header")
        self.include(self.bad, "include/rondo/net/a.hpp", '"a.hpp"', "rondo/")
        self.include(self.good, "include/rondo/net/a.hpp", "<vector>")

    def test_products_use_public_headers(self):
        self.include(self.good, "cli/main.cpp", "<rondo/rondo.hpp>")
        self.include(self.bad, "cli/main.cpp", '"base/thread_pool.hpp"', "public headers only")

    def test_unknown_module(self):
        self.include(self.bad, "src/odd/a.cpp", "<vector>", "not in tools/layers.toml")

    def test_umbrella(self):
        umbrella = {"include/rondo/rondo.hpp": '#include "rondo/coro/task.hpp"\n'}
        task = {"include/rondo/coro/task.hpp": '#include "rondo/coro/scope.hpp"\n'}
        scope = {"include/rondo/coro/scope.hpp": ""}
        http = {"include/rondo/http/client.hpp": ""}
        check = layers.check_umbrella
        self.assertEqual(self.found(check, umbrella | task | scope | http), [])
        self.assertEqual(len(self.found(check, umbrella | scope)), 1)

    def test_the_door(self):
        for call in ("::read(fd, p, n)", "std::chrono::steady_clock::now()", "std::random_device d",
                     "std::this_thread::sleep_for(x)", "rand()"):
            self.bad(layers.check_door, "src/net/a.cpp", f"void f() {{ {call}; }}\n", "door")
            self.good(layers.check_door, "src/driver/a.cpp", f"void f() {{ {call}; }}\n")
        for call in ("stream.read(p, n)", "io::read(p)", "operand(1)", "// ::read(fd)",
                     "steady_clock::time_point t"):
            self.good(layers.check_door, "src/net/a.cpp", f"void f() {{ {call};\n }}\n")
        reason = "void f() { ::close(fd); }  // tidy: door: never reached the loop\n"
        self.good(layers.check_door, "src/net/a.cpp", reason)

    def test_lists(self):
        listed = "rondo_module(rondo\n HEADERS\n a.hpp\n SOURCES\n a.cpp\n)\n"
        cmake = {"src/net/CMakeLists.txt": listed}
        check = layers.check_lists
        self.assertEqual(self.found(check, cmake | {"src/net/a.cpp": ""}), [])
        self.assertEqual(len(self.found(check, cmake | {"src/net/b.cpp": ""})), 1)
        self.assertEqual(self.found(check, cmake | {"include/rondo/net/a.hpp": ""}), [])
        self.assertEqual(len(self.found(check, cmake | {"include/rondo/net/b.hpp": ""})), 1)


class Shape(Case):
    def test_function_length(self):
        def function(count, head="Task<int> Foo::bar(int a) const"):
            return "namespace x {\n" + head + " {\n" + "    f();\n" * (count - 2) + "}\n}\n"

        self.good(shape.check_functions, "src/a.cpp", function(70))
        self.bad(shape.check_functions, "src/a.cpp", function(71), "bar has 71 lines")
        constructor = "Foo::Foo(int a) : a_{a}, b_(2)"
        self.bad(shape.check_functions, "src/a.cpp", function(71, constructor))
        template = "template <class T, class U = int>\nTask<T> bar(T a)"
        self.bad(shape.check_functions, "src/a.cpp", function(71, template))
        self.good(shape.check_functions, "src/a.cpp", function(90, "template <class T>\nclass Foo"))
        self.good(shape.check_functions, "src/a.cpp", function(90, "struct Foo final : Bar<int>"))

    def test_many_small_functions_are_not_a_long_one(self):
        body = "struct A {\n" + "void f() {\n  if (a) {\n b = {1, 2};\n }\n}\n" * 30 + "};\n"
        self.good(shape.check_functions, "src/a.cpp", body)

    def test_file_length_and_columns(self):
        self.good(shape.check_text, "src/a.cpp", SPDX + "int a;\n" * 499)
        self.bad(shape.check_text, "src/a.cpp", SPDX + "int a;\n" * 500, "501 lines")
        self.bad(shape.check_text, "src/a.cpp", SPDX + "//" + "x" * 99 + "\n", "101 columns")

    def test_licence(self):
        self.bad(shape.check_text, "src/a.cpp", "int a;\n", "SPDX")
        self.bad(shape.check_text, "tools/x", "#!/bin/sh\n", "SPDX")
        self.good(shape.check_text, "docs/a.md", "# A\n")

    def test_unfinished_and_machine(self):
        self.bad(shape.check_text, "docs/a.md", "# A\nTO" + "DO\n", "finish")
        self.bad(shape.check_text, "docs/a.md", "see /wo" + "rk/main\n", "one machine")
        fine = "/tmp/a.XXXXXX and http://host.example/ro" + "ot\n"
        self.good(shape.check_text, "docs/a.md", fine)

    def test_tests_stay_on(self):
        self.bad(shape.check_tests, "test/a_test.cpp", "// TEST(A, b) {\n", "switched off")
        self.bad(shape.check_tests, "test/a_test.cpp", "TEST(A, DISABLED_b) {\n", "switched off")
        fine = "// TEST names are sentences\nTEST(A, b) {\n"
        self.good(shape.check_tests, "test/a_test.cpp", fine)


class Coroutines(Case):
    def check(self, verdict, statement, folder="src", **more):
        text = "Task<> f() {\n    " + statement + "\n}\n"
        verdict(coroutines.check_coroutines, f"{folder}/a.cpp", text, **more)

    def test_short_circuits(self):
        for statement in (
            "bool x = a && co_await b();",
            "auto x = c ? co_await a() : 0;",
            "auto x = co_await a() || d;",
            "co_await (b ? f() : g());",
            "use(a || (co_await b()));",
            "return_value(c ? 1 : co_await a());",
        ):
            with self.subTest(statement):
                self.check(self.bad, statement, says="[gcc12]")

    def test_no_short_circuits(self):
        for statement in (
            "auto&& x = co_await b();",
            "auto x = co_await f(a && b);",
            "auto x = co_await f(a ? b : c);",
            "co_await f(a && b, [&]() -> Task<> { co_await g(); });",
            "bool ok = a && b; co_await c();",
            "g(a || b, co_await c());",
            "for (auto&& x : co_await all()) {}",
            "std::vector<T>&& v = co_await all();",
            "} auto operator co_await() && noexcept {",
        ):
            with self.subTest(statement):
                self.check(self.good, statement)

    def test_conditions_and_test_macros(self):
        self.check(self.bad, "if (co_await f()) {}", says="condition of if")
        self.check(self.bad, "while (!(co_await f()).empty()) {}", says="condition of while")
        self.check(self.good, "while (auto x = co_await f()) {}")
        self.check(self.bad, "EXPECT_EQ(co_await f(), 3);", folder="test", says="EXPECT_EQ")

    def test_temporaries_in_examples(self):
        ex = {"folder": "examples"}
        self.check(self.bad, "co_await timeout(1s, [s]() -> Task<> { co_return; });", **ex)
        self.check(self.bad, "co_await g(f([=] { return 1; }));", **ex)
        self.check(self.bad, "co_await get(url, Options{.header = text});", says="aggregate", **ex)
        self.check(self.good, "co_await timeout(1s, [&]() -> Task<> { g([s] { h(); }); });", **ex)
        self.check(self.good, "co_await f([this] { return 1; }, [&a, &b] {});", **ex)
        self.check(self.good, "group.spawn([s]() -> Task<> { co_await g(); });", **ex)
        self.check(self.good, "co_await timeout(1s, [s]() -> Task<> { co_return; });")

    def test_indexing_is_not_a_lambda(self):
        self.check(self.good, "co_await f(list[i], a[0].b(), c[n](1));", folder="examples")

    def test_statement_expressions(self):
        macro = "#define TRY(x) ({ auto r = (x); r; })\n"
        self.bad(coroutines.check_coroutines, "src/a.hpp", macro, "statement expression")
        self.check(self.good, "f({1, 2}, {});")
        self.check(self.good, "EXPECT_DEATH({ f(); g(); }, text);", folder="test")

    def test_a_reason_silences_the_line(self):
        self.check(self.good, "if (co_await f()) {}  // tidy: gcc12: the very case under test")


class Docs(Case):
    program = {"examples/a.cpp": SPDX + "int main() {\n    f();\n    g();\n}\n"}

    def page(self, block):
        readme = {"README.md": f"# A\n```cpp\n{block}```\n"}
        return self.found(docs.check_docs, self.program | readme)

    def test_blocks_come_from_examples(self):
        self.assertEqual(self.page("int main() {\n    f();\n"), [])
        self.assertEqual(self.page("f();\ng();\n"), [])
        self.assertEqual(len(self.page("f();\nh();\n")), 1)

    def test_output_comes_from_expected(self):
        files = {"examples/expected/a.txt": "one\n  two\nthree\n"}
        for block, errors in (("one\n  two\n", 0), ("one\nthree\n", 1), ("f();\n", 1), ("", 1)):
            page = {"docs/a.md": f"# A\n```output\n{block}```\n"}
            self.assertEqual(len(self.found(docs.check_docs, self.program | files | page)), errors)

    def test_links_lead_to_files(self):
        page = "# A\n[x](b.md#y), [x](#y), [x](https://example.org/c.md)\n```sh\n[x](d.md)\n```\n"
        found = self.found(docs.check_docs, {"docs/a.md": page})
        self.assertEqual(len(found), 1)
        self.assertIn("docs/a.md:2: there is no docs/b.md", found[0])
        files = {"docs/a.md": "# A\n[x](../b.md)\n", "b.md": "# B\n"}
        self.assertEqual(self.found(docs.check_docs, files), [])

    def test_one_heading(self):
        self.assertEqual(len(self.found(docs.check_docs, {"docs/a.md": "# A\n# B\n"})), 1)
        self.assertEqual(self.found(docs.check_docs, {"docs/a.md": "# A\n```sh\n# b\n```\n"}), [])

    def promises(self, rows):
        page = {"docs/a.md": "# A\n| rule | tests |\n|---|---|\n" + rows}
        program = {"test/a_test.cpp": "TEST_F(A,\n       works) {}\nTYPED_TEST_P(B, too) {}\n"}
        return self.found(docs.check_promises, page | program)

    def test_promises_have_tests(self):
        self.assertEqual(self.promises("| it works | `A.works`, `B.too` |\n"), [])
        self.assertEqual(len(self.promises("| it works | |\n")), 1)
        self.assertEqual(len(self.promises("| it works | `A.fails` |\n")), 1)
        self.assertEqual(self.promises("\n| other | table |\n|---|---|\n| a | `b` |\n"), [])


class Blank(unittest.TestCase):
    def test_positions_stay(self):
        text = "a = \"x{\"; // {\nb = '{'; n = 1'000'000; /* {\n */ c = R\"(\n{)\";\n"
        plain = blank(text)
        self.assertEqual(len(plain), len(text))
        self.assertEqual(plain.count("\n"), text.count("\n"))
        self.assertNotIn("{", plain)
        self.assertIn("1'000'000", plain)

    def test_includes_stay(self):
        self.assertIn('"a/b.hpp"', blank('#include "a/b.hpp"\n'))


if __name__ == "__main__":
    unittest.main()
