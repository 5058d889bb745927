// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM, each in a process of its own.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "support/exit_code.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

RunOptions with_signals(DriverKind driver = DriverKind::sim) {
    RunOptions options;
    options.driver = driver;
    return options;
}

Task<> raise_and_wait(int signal) {
    std::raise(signal);
    co_await forever();
}

// A shell starts programs in the background with SIGINT ignored, and a loop leaves that so.
class SignalsTest : public testing::TestWithParam<int> {
protected:
    void SetUp() override { std::signal(GetParam(), SIG_DFL); }
};

TEST_P(SignalsTest, interrupted_says_which_signal) {
    try {
        run(raise_and_wait(GetParam()), with_signals());
        FAIL();
    } catch (const Interrupted& interrupted) {
        EXPECT_EQ(interrupted.signal(), GetParam());
        EXPECT_EQ(interrupted.reason(), Reason::shutdown);
    }
}

TEST_P(SignalsTest, it_wakes_a_loop_that_sleeps_in_the_kernel) {
    for (const DriverKind driver : {DriverKind::epoll, DriverKind::automatic}) {
        int caught = 0;
        try {
            run(
                [&]() -> Task<> {
                    const pid_t self = getpid();
                    const pid_t killer = fork();
                    if (killer == 0) {
                        usleep(3000);
                        kill(self, GetParam());
                        _exit(0);
                    }
                    co_await forever();
                },
                with_signals(driver));
        } catch (const Interrupted& interrupted) {
            caught = interrupted.signal();
        }
        wait(nullptr);
        EXPECT_EQ(caught, GetParam());
    }
}

TEST_P(SignalsTest, a_main_task_that_ends_nevertheless_gives_its_value) {
    auto main = []() -> Task<int> {
        std::raise(GetParam());
        co_return 6;
    };
    EXPECT_EQ(run(main, with_signals()), 6);
}

TEST_P(SignalsTest, a_second_one_exits_at_once) {
    const int code = exit_code_of([] {
        auto main = []() -> Task<> {
            auto cleanup = []() -> Task<> {
                std::raise(GetParam());
                co_await forever();
            };
            co_await finally(raise_and_wait(GetParam()), cleanup);
        };
        try {
            run(main, with_signals());
        } catch (...) {
        }
    });
    EXPECT_EQ(code, 128 + GetParam());
}

TEST_P(SignalsTest, a_second_one_exits_at_once_also_when_the_main_task_has_ended) {
    const int code = exit_code_of([] {
        auto main = []() -> Task<> {
            auto cleanup = []() -> Task<> { co_await raise_and_wait(GetParam()); };
            create_task(finally(forever(), cleanup)).detach();
            co_await sleep(1ms);
            co_await raise_and_wait(GetParam());
        };
        try {
            run(main, with_signals());
        } catch (...) {
        }
    });
    EXPECT_EQ(code, 128 + GetParam());
}

TEST_P(SignalsTest, a_second_one_exits_at_once_also_when_a_runner_closes_after_the_first) {
    const int code = exit_code_of([] {
        Runner runner(with_signals());
        auto main = []() -> Task<> {
            auto cleanup = []() -> Task<> { co_await raise_and_wait(GetParam()); };
            create_task(finally(forever(), cleanup)).detach();
            co_await sleep(1ms);
            co_await raise_and_wait(GetParam());
        };
        try {
            runner.run(main);
        } catch (const Interrupted&) {
        }
        runner.close();
    });
    EXPECT_EQ(code, 128 + GetParam());
}

TEST_P(SignalsTest, one_that_was_survived_counts_no_more_in_the_next_run) {
    const int code = exit_code_of([] {
        Runner runner(with_signals());
        try {
            runner.run(raise_and_wait(GetParam()));
        } catch (const Interrupted&) {
        }
        runner.run(ready_value(1));
        auto cleanup = []() -> Task<> {
            std::raise(GetParam());
            co_return;
        };
        auto leaves_a_task = [&]() -> Task<> {
            create_task(finally(forever(), cleanup)).detach();
            co_await sleep(1ms);
        };
        runner.run(leaves_a_task);
        runner.close();
    });
    EXPECT_EQ(code, 77);
}

TEST_P(SignalsTest, uncaught_it_ends_the_program_as_a_shell_expects) {
    const int code = exit_code_of([] {
        // As main() would: nobody catches it.
        [&]() noexcept { run(raise_and_wait(GetParam()), with_signals()); }();
    });
    EXPECT_EQ(code, 128 + GetParam());
}

TEST_P(SignalsTest, ignored_signals_stay_ignored) {
    const int code = exit_code_of([] {
        std::signal(GetParam(), SIG_IGN);
        auto main = []() -> Task<int> {
            std::raise(GetParam());
            co_await sleep(1ms);
            co_return 0;
        };
        _exit(run(main, with_signals()));
    });
    EXPECT_EQ(code, 0);
}

int own_handler_called = 0;

TEST_P(SignalsTest, a_handler_of_the_program_stays_in_charge) {
    const int code = exit_code_of([] {
        std::signal(GetParam(), [](int) { ++own_handler_called; });
        auto main = []() -> Task<> {
            std::raise(GetParam());
            co_await sleep(1ms);
        };
        run(main, with_signals());
        _exit(own_handler_called == 1 ? 0 : 1);
    });
    EXPECT_EQ(code, 0);
}

TEST_P(SignalsTest, unwanted_handling_leaves_the_default_in_place) {
    const int code = exit_code_of([] {
        RunOptions options = with_signals();
        options.handle_signals = false;
        run(raise_and_wait(GetParam()), options);
    });
    EXPECT_EQ(code, -GetParam());
}

TEST_P(SignalsTest, after_run_the_default_is_back) {
    const int code = exit_code_of([] {
        run(ready_value(1), with_signals());
        std::raise(GetParam());
    });
    EXPECT_EQ(code, -GetParam());
}

TEST_P(SignalsTest, one_that_comes_while_the_loop_closes_is_harmless) {
    auto main = []() -> Task<int> {
        current_loop().post([] { std::raise(GetParam()); });
        co_return 3;
    };
    EXPECT_EQ(run(main, with_signals()), 3);
}

TEST_P(SignalsTest, only_the_main_task_is_interrupted_and_the_rest_follows_it) {
    Log log;
    EXPECT_THROW(run(
                     [&]() -> Task<> {
                         create_task([&]() -> Task<> {
                             const AtEnd end(log, "task");
                             co_await forever();
                         }).detach();
                         const AtEnd end(log, "main");
                         co_await yield();
                         co_await raise_and_wait(GetParam());
                     },
                     with_signals()),
                 Interrupted);
    EXPECT_EQ(log.text(), "main task");
}

INSTANTIATE_TEST_SUITE_P(, SignalsTest, testing::Values(SIGINT, SIGTERM), [](const auto& signal) {
    return std::string(signal.param == SIGINT ? "interrupt" : "terminate");
});

}  // namespace
}  // namespace rondo::test
