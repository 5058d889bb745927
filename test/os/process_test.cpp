// SPDX-License-Identifier: Apache-2.0
// Talking to processes, and their end.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "os/os_test.hpp"

namespace rondo::test {
namespace {

class ProcessTest : public OsTest {};

TEST_P(ProcessTest, exit_codes_arrive) {
    on_driver([]() -> Task<> {
        for (const int code : {0, 1, 7, 255}) {
            Process process = spawn(shell("exit $1", std::to_string(code)));
            const ExitStatus status = co_await process.wait();
            EXPECT_EQ(status, ExitStatus::exited(code));
            EXPECT_EQ(status.ok(), code == 0);
            EXPECT_EQ(process.status(), status);
        }
    });
}

TEST_P(ProcessTest, a_signal_that_ended_it_is_told) {
    on_driver([]() -> Task<> {
        Process process = spawn(shell("kill -KILL $$"));
        const ExitStatus status = co_await process.wait();
        EXPECT_EQ(status.signal(), SIGKILL);
        EXPECT_EQ(status.code(), 128 + SIGKILL);
        EXPECT_EQ(status.returncode(), -SIGKILL);
        EXPECT_EQ(status.to_string(), "killed by signal 9 (Killed)");
        EXPECT_FALSE(status.ok());
    });
}

TEST_P(ProcessTest, a_wait_after_the_end_is_immediate_and_may_be_repeated) {
    on_driver([]() -> Task<> {
        Process process = spawn(command("true"));
        co_await process.wait();
        for (int i = 0; i < 300; ++i) {
            const ExitStatus status = co_await process.wait();
            EXPECT_TRUE(status.ok());
        }
    });
}

TEST_P(ProcessTest, several_tasks_wait_for_one_process) {
    on_driver([]() -> Task<> {
        ProcessOptions options = command("cat");
        options.in = Stdio::pipe();
        Process process = spawn(options);
        std::vector<int> order;
        auto waiter = [&](int number) -> Task<> {
            const ExitStatus status = co_await process.wait();
            EXPECT_TRUE(status.ok());
            order.push_back(number);
        };
        auto closer = [&]() -> Task<> {
            co_await yield();
            process.in.close();
        };
        co_await gather(waiter(1), waiter(2), waiter(3), closer);
        EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
    });
}

TEST_P(ProcessTest, it_is_collected_though_nobody_waits) {
    on_driver([]() -> Task<> {
        Process process = spawn(command("true"));
        while (!process.status()) {
            co_await sleep(1ms);
        }
        EXPECT_TRUE(has_no_child());
    });
}

TEST_P(ProcessTest, input_and_outputs_are_pipes) {
    on_driver([]() -> Task<> {
        ProcessOptions options = shell("read line; echo \"got $line\"; echo no >&2");
        options.in = options.out = options.err = Stdio::pipe();
        Process process = spawn(options);
        co_await process.in.write_all("bread\n");
        const std::string out = co_await read_all(process.out);
        const std::string err = co_await read_all(process.err);
        EXPECT_EQ(out, "got bread\n");
        EXPECT_EQ(err, "no\n");
        co_await process.wait();
    });
}

TEST_P(ProcessTest, a_pipe_is_a_stream) {
    on_driver([]() -> Task<> {
        ProcessOptions options = command("cat");
        options.in = options.out = Stdio::pipe();
        Process process = spawn(options);
        io::Stream to(std::move(process.in));
        io::Stream from(std::move(process.out));
        EXPECT_EQ(to.name(), "stdin of cat");
        co_await to.write_all("words");
        co_await to.shutdown_write();
        const io::Lease lease = co_await from.read_leased();
        EXPECT_EQ(lease.bytes().text(), "words");
        co_await process.wait();
    });
}

/// From Linux 6.9 on.
bool knows_groups_by_descriptor() {
    constexpr unsigned whole_group = 1U << 2;
    const auto self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
    const long result = syscall(SYS_pidfd_send_signal, self, 0, nullptr, whole_group);
    const bool knows = result == 0 || errno != EINVAL;
    close(self);
    return knows;
}

TEST_P(ProcessTest, a_wait_does_not_depend_on_who_holds_the_pipes) {
    on_driver([]() -> Task<> {
        ProcessOptions options = shell("sleep 1000 & echo $!");
        options.out = Stdio::pipe();
        options.group = os::ProcessGroup::own;
        Process process = spawn(options);
        const ExitStatus status = co_await timeout(10s, process.wait());
        EXPECT_TRUE(status.ok());
        const std::string pid = co_await read_line(process.out);
        EXPECT_EQ(::kill(std::stoi(pid), 0), 0) << "the grandchild runs";
        const bool reached = process.kill();
        EXPECT_EQ(reached, knows_groups_by_descriptor()) << "the rest of the group";
        if (!reached) {
            ::kill(std::stoi(pid), SIGKILL);
        }
        const std::string rest = co_await timeout(10s, read_all(process.out));
        EXPECT_EQ(rest, "");
    });
}

// ------------------------------------------------------------------------------- signals

TEST_P(ProcessTest, signals_reach_it_until_it_has_ended) {
    on_driver([]() -> Task<> {
        ProcessOptions options =
            shell("trap 'echo usr1' USR1; echo ready; while :; do read x; done");
        options.in = options.out = Stdio::pipe();
        Process process = spawn(options);
        std::string line = co_await read_line(process.out);
        EXPECT_TRUE(process.send_signal(SIGUSR1));
        co_await process.in.write_all("\n");
        line = co_await read_line(process.out);
        EXPECT_EQ(line, "usr1");
        EXPECT_TRUE(process.kill());
        const ExitStatus status = co_await process.wait();
        EXPECT_EQ(status.signal(), SIGKILL);
        EXPECT_FALSE(process.kill());
        EXPECT_FALSE(process.send_signal(SIGTERM));
    });
}

TEST_P(ProcessTest, stop_asks_first_and_insists_then) {
    on_driver([]() -> Task<> {
        ProcessOptions polite =
            shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done");
        polite.out = Stdio::pipe();
        Process one = spawn(polite);
        co_await read_line(one.out);
        ExitStatus status = co_await one.stop();
        EXPECT_EQ(status, ExitStatus::exited(3));

        ProcessOptions stubborn = shell("trap '' TERM; echo ready; while :; do sleep 1; done");
        stubborn.out = Stdio::pipe();
        stubborn.group = os::ProcessGroup::own;
        Process other = spawn(stubborn);
        co_await read_line(other.out);
        status = co_await other.stop(30ms);
        EXPECT_EQ(status.signal(), SIGKILL);
        status = co_await other.stop();
        EXPECT_EQ(status.signal(), SIGKILL);
    });
}

TEST_P(ProcessTest, a_status_that_somebody_else_took_is_an_error) {
    std::signal(SIGCHLD, SIG_IGN);
    on_driver([]() -> Task<> {
        Process process = spawn(command("true"));
        std::string text;
        try {
            co_await process.wait();
        } catch (const Error& error) {
            text = error.what();
        }
        EXPECT_NE(text.find("its exit status is lost"), std::string::npos) << text;
        EXPECT_FALSE(process.status());
    });
    std::signal(SIGCHLD, SIG_DFL);
}

INSTANTIATE_TEST_SUITE_P(os, ProcessTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
