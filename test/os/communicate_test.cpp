// SPDX-License-Identifier: Apache-2.0
// Processes that are fed and read to their end.
#include <csignal>

#include "os/os_test.hpp"

namespace rondo::test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

class CommunicateTest : public OsTest {
protected:
    /// What awaiting os::run fails with.
    static Task<std::string> run_error(ProcessOptions what, ProcessRunOptions how = {}) {
        std::string text = "no error";
        try {
            co_await os::run(std::move(what), how);
        } catch (const Error& error) {
            text = error.what();
        }
        co_return text;
    }

    /// What a child says on stderr that heeds SIGTERM by `answer`, when os::run() is cancelled.
    static Task<std::string> last_words(std::string answer, Duration grace) {
        os::PipePair pipe = os::make_pipe();
        ProcessOptions what =
            shell("trap '" + answer + "' TERM; echo >&2; while :; do sleep 0.01; done");
        what.err = Stdio::descriptor(pipe.writer.descriptor());
        ProcessRunOptions how;
        how.communicate.grace = grace;
        auto run = [&]() -> Task<> { co_await os::run(what, how); };
        auto task = create_task(run);
        co_await read_line(pipe.reader);
        pipe.writer.close();
        task.cancel();
        co_await task.wait();
        EXPECT_TRUE(has_no_child()) << "its end was not waited for";
        std::string text = co_await read_all(pipe.reader);
        co_return text;
    }
};

TEST_P(CommunicateTest, run_collects_both_outputs) {
    on_driver([]() -> Task<> {
        const CompletedProcess done = co_await os::run(shell("echo out; echo err >&2"));
        EXPECT_TRUE(done.status.ok());
        EXPECT_EQ(done.out, "out\n");
        EXPECT_EQ(done.err, "err\n");
        EXPECT_EQ(done.arguments.at(2), "echo out; echo err >&2");
    });
}

TEST_P(CommunicateTest, run_gives_the_input_or_an_empty_one) {
    on_driver([]() -> Task<> {
        CompletedProcess done = co_await os::run(command("tr", "a-z", "A-Z"), Bytes("loud"));
        EXPECT_EQ(done.out, "LOUD");
        done = co_await os::run(command("cat"));
        EXPECT_EQ(done.out, "");
    });
}

TEST_P(CommunicateTest, a_failure_carries_status_and_complaint) {
    on_driver([]() -> Task<> {
        bool caught = false;
        try {
            co_await os::run(shell("echo said; echo first >&2; echo last >&2; exit 3"));
        } catch (const ProcessFailed& error) {
            caught = true;
            EXPECT_STREQ(error.what(), "run /bin/sh: exit code 3: first; last");
            EXPECT_EQ(error.status().code(), 3);
            EXPECT_EQ(error.completed().out, "said\n");
            EXPECT_EQ(error.completed().err, "first\nlast\n");
        }
        EXPECT_TRUE(caught);
        std::string text = co_await run_error(shell("kill -TERM $$"));
        EXPECT_EQ(text, "run /bin/sh: killed by signal 15 (Terminated)");
        text = co_await run_error(command("nosuch_program"));
        EXPECT_EQ(text, "execute nosuch_program: No such file or directory");

        ProcessRunOptions unchecked;
        unchecked.check = false;
        const CompletedProcess done = co_await os::run(shell("exit 4"), unchecked);
        EXPECT_EQ(done.status.code(), 4);
    });
}

TEST_P(CommunicateTest, sixty_four_mebibytes_each_way) {
    on_driver([]() -> Task<> {
        const std::string text = numbered_text(64 * mib);
        ProcessRunOptions how{Bytes(text)};
        const CompletedProcess done = co_await os::run(command("cat"), how);
        EXPECT_EQ(done.out.size(), text.size());
        EXPECT_TRUE(done.out == text);
    });
}

TEST_P(CommunicateTest, both_outputs_at_once_and_binary) {
    on_driver([]() -> Task<> {
        std::string bytes = numbered_text(mib);
        for (std::size_t i = 0; i < bytes.size(); i += 3) {
            bytes[i] = static_cast<char>(i);
        }
        const CompletedProcess done = co_await os::run(shell("tee /dev/stderr"), Bytes(bytes));
        EXPECT_TRUE(done.out == bytes);
        EXPECT_TRUE(done.err == bytes);
    });
}

TEST_P(CommunicateTest, a_child_that_ends_early_leaves_the_input) {
    on_driver([]() -> Task<> {
        const std::string text(8 * mib, 'x');
        CompletedProcess done = co_await os::run(shell("exec true"), Bytes(text));
        EXPECT_TRUE(done.status.ok());
        done = co_await os::run(command("head", "-c", "5"), Bytes(text));
        EXPECT_EQ(done.out, "xxxxx");
    });
}

TEST_P(CommunicateTest, a_child_that_closes_its_input_goes_on) {
    std::signal(SIGPIPE, SIG_DFL);
    on_driver([]() -> Task<> {
        const std::string text(8 * mib, 'x');
        const CompletedProcess done =
            co_await os::run(shell("exec 0<&-; sleep 0.05; echo done"), Bytes(text));
        EXPECT_EQ(done.out, "done\n");
    });
}

TEST_P(CommunicateTest, too_much_output_is_an_error_and_ends_the_child) {
    on_driver([]() -> Task<> {
        ProcessRunOptions how;
        how.communicate.output_max = 1000;
        const std::string text = co_await run_error(command("yes"), how);
        EXPECT_EQ(text, "read stdout of yes: more than the limit of 1000 bytes");
        EXPECT_TRUE(has_no_child());
        CompletedProcess done = co_await os::run(shell("printf %1000d 1"), how);
        EXPECT_EQ(done.out.size(), 1000U);
        const std::string one_more = co_await run_error(shell("printf %1001d 1"), how);
        EXPECT_NE(one_more, "no error");
        how.communicate.output_max = SIZE_MAX;
        done = co_await os::run(shell("printf %100000d 1"), how);
        EXPECT_EQ(done.out.size(), 100'000U);
    });
}

TEST_P(CommunicateTest, a_process_left_behind_does_not_hold_it_up) {
    on_driver([]() -> Task<> {
        ProcessOptions what = shell("sleep 1000 & echo $!; exit 0");
        const CompletedProcess done = co_await timeout(10s, os::run(what));
        const int left = std::stoi(done.out);
        EXPECT_EQ(::kill(left, SIGKILL), 0);
    });
}

TEST_P(CommunicateTest, what_lies_in_the_pipe_is_not_lost_by_an_early_end) {
    on_driver([]() -> Task<> {
        for (int i = 0; i < 20; ++i) {
            ProcessOptions what = shell("head -c 60000 /dev/zero; sleep 1000 >/dev/null & exit 0");
            what.group = os::ProcessGroup::own;
            const CompletedProcess done = co_await os::run(what);
            EXPECT_EQ(done.out.size(), 60000U);
        }
    });
}

TEST_P(CommunicateTest, processes_left_behind_may_be_heard_for_a_while) {
    on_driver([]() -> Task<> {
        ProcessRunOptions how;
        how.communicate.linger = 10s;
        const CompletedProcess done =
            co_await os::run(shell("(sleep 0.05; echo late) & echo early"), how);
        EXPECT_EQ(done.out, "early\nlate\n");
    });
}

TEST_P(CommunicateTest, many_at_once) {
    on_driver([]() -> Task<> {
        std::vector<Task<std::string>> all;
        for (int i = 0; i < 100; ++i) {
            all.push_back(says(command("echo", std::to_string(i))));
        }
        const auto out = co_await gather(limit(10), std::move(all));
        for (int i = 0; i < 100; ++i) {
            EXPECT_EQ(out[static_cast<std::size_t>(i)], std::to_string(i) + "\n");
        }
    });
}

TEST_P(CommunicateTest, a_timeout_stops_the_child_and_waits_for_its_end) {
    on_driver([]() -> Task<> {
        bool late = false;
        try {
            co_await timeout(30ms, os::run(command("sleep", "1000")));
        } catch (const TimeoutError&) {
            late = true;
        }
        EXPECT_TRUE(late);
        EXPECT_TRUE(has_no_child());
    });
}

TEST_P(CommunicateTest, a_child_that_ignores_the_request_is_killed_after_the_grace) {
    on_driver([]() -> Task<> {
        ProcessRunOptions how;
        how.communicate.grace = 30ms;
        ProcessOptions stubborn = shell("trap '' TERM; while :; do sleep 0.1; done");
        const auto done = co_await move_on_after(60ms, os::run(stubborn, how));
        EXPECT_FALSE(done);
        EXPECT_TRUE(has_no_child());
    });
}

TEST_P(CommunicateTest, with_the_longest_grace_nobody_is_killed) {
    on_driver([]() -> Task<> {
        const std::string last = co_await last_words("echo bye >&2; exit", Duration::max());
        EXPECT_EQ(last, "bye\n");
    });
}

TEST_P(CommunicateTest, with_a_grace_below_zero_a_child_is_killed_at_once) {
    on_driver([]() -> Task<> {
        const std::string last = co_await last_words("", -1h);
        EXPECT_EQ(last, "");
    });
}

INSTANTIATE_TEST_SUITE_P(os, CommunicateTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
