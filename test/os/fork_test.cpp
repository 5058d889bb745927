// SPDX-License-Identifier: Apache-2.0
// fork() while a loop runs: the child cannot use the loop, and the parent's is not disturbed.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "os/os_test.hpp"
#include "rondo/loop/to_thread.hpp"

namespace rondo::test {
namespace {

struct ForkOutcome {
    int signal = 0;
    int code = 0;
    std::string complaint;
};

class ForkTest : public OsTest {
protected:
    static constexpr const char* message =
        "the child of a fork() uses an event loop of its parent: it may only exec or _exit";

    /// Forks here; the child does `what`, in this very coroutine, and exits.
    static ForkOutcome fork_and(const std::function<void()>& what) {
        int fds[2];
        EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
        const pid_t child = fork();
        if (child == 0) {
            dup2(fds[1], 2);
            what();
            _exit(33);
        }
        close(fds[1]);
        ForkOutcome outcome;
        char buffer[512];
        for (ssize_t got = 0; (got = read(fds[0], buffer, sizeof buffer)) > 0;) {
            outcome.complaint.append(buffer, static_cast<std::size_t>(got));
        }
        close(fds[0]);
        int status = 0;
        waitpid(child, &status, 0);
        outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        return outcome;
    }
    static void expect_stopped(const ForkOutcome& outcome) {
        EXPECT_EQ(outcome.signal, SIGABRT);
        EXPECT_NE(outcome.complaint.find(message), std::string::npos) << outcome.complaint;
    }
};

TEST_P(ForkTest, a_child_that_only_exits_is_well) {
    on_driver([]() -> Task<> {
        const ForkOutcome outcome = fork_and([] {});
        EXPECT_EQ(outcome.code, 33);
        EXPECT_EQ(outcome.complaint, "");
        co_await sleep(1ms);
    });
}

TEST_P(ForkTest, what_a_child_does_with_the_loop_is_stopped) {
    on_driver([]() -> Task<> {
        Pair pair = co_await connected();
        LoopHandle handle = current_loop().handle();
        expect_stopped(fork_and([&] { pair.client.close(); }));
        expect_stopped(fork_and([&] { handle.post([] {}); }));
        expect_stopped(fork_and([&] { handle.stop(); }));
        expect_stopped(fork_and([&] { spawn(command("true")); }));
        // None of it has reached the parent's connection.
        co_await pair.client.write_all("still");
        const std::string text = co_await read_exactly(pair.server, 5);
        EXPECT_EQ(text, "still");
    });
}

// The child goes on with the coroutine: it must not wait in the parent's epoll or ring.
TEST_P(ForkTest, a_child_that_runs_on_is_stopped_at_its_first_wait) {
    int fds[2];
    ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
    pid_t child = -1;
    std::string text;
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        auto reader = [&]() -> Task<> { text = co_await read_exactly(pair.server, 5); };
        auto forker = [&]() -> Task<> {
            co_await turns(3);
            child = fork();
            if (child == 0) {
                dup2(fds[1], 2);
            }
            co_await turns(100);
            co_await sleep(1ms);
            if (child == 0) {
                _exit(34);
            }
            co_await pair.client.write_all("whole");
        };
        co_await gather(reader, forker);
    });
    close(fds[1]);
    ForkOutcome outcome;
    char buffer[512];
    for (ssize_t got = 0; (got = read(fds[0], buffer, sizeof buffer)) > 0;) {
        outcome.complaint.append(buffer, static_cast<std::size_t>(got));
    }
    close(fds[0]);
    int status = 0;
    waitpid(child, &status, 0);
    outcome.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    expect_stopped(outcome);
    EXPECT_EQ(text, "whole");
}

TEST_P(ForkTest, closing_descriptors_in_a_child_does_not_disturb_the_parent) {
    on_driver([]() -> Task<> {
        Pair pair = co_await connected();
        std::string text;
        auto reader = [&]() -> Task<> { text = co_await read_exactly(pair.server, 5); };
        auto forker = [&]() -> Task<> {
            co_await turns(3);
            const ForkOutcome outcome = fork_and([] {
                for (int fd = 3; fd < 1000; ++fd) {
                    close(fd);
                }
            });
            EXPECT_EQ(outcome.code, 33);
            co_await pair.client.write_all("there");
        };
        co_await gather(reader, forker);
        EXPECT_EQ(text, "there");
    });
}

TEST_P(ForkTest, a_child_of_a_program_may_run_a_loop_of_its_own) {
    on_driver([]() -> Task<> { co_return; });
    const ForkOutcome outcome = fork_and([this] {
        const int value = on_driver([]() -> Task<int> {
            co_await sleep(1ms);
            co_return 7;
        });
        _exit(value);
    });
    EXPECT_EQ(outcome.code, 7) << outcome.complaint;
}

/// The descriptors that a program gets which is executed without further ado.
std::string inherited_descriptors() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    const pid_t child = fork();
    if (child == 0) {
        dup2(fds[1], 1);
        execlp("ls", "ls", "/proc/self/fd", nullptr);
        _exit(127);
    }
    close(fds[1]);
    std::string listed;
    char letters[512];
    for (ssize_t got = 0; (got = read(fds[0], letters, sizeof letters)) > 0;) {
        listed.append(letters, static_cast<std::size_t>(got));
    }
    close(fds[0]);
    waitpid(child, nullptr, 0);
    return listed;
}

TEST_P(ForkTest, an_execed_child_inherits_nothing_of_the_loop) {
    const std::string before = inherited_descriptors();
    std::string meanwhile;
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        os::PipePair pipe = os::make_pipe();
        co_await to_thread([] {});
        std::string buffer(10, '\0');
        co_await move_on_after(1ms, pipe.reader.read_some(buffer));
        const Process process = spawn(command("sleep", "1000"));
        meanwhile = inherited_descriptors();
    });
    EXPECT_EQ(meanwhile, before);
}

INSTANTIATE_TEST_SUITE_P(os, ForkTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
