// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and SIGTERM while loops run on several threads.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include "loop/all_cores_fixture.hpp"
#include "rondo/loop/shield.hpp"
#include "support/exit_code.hpp"

namespace rondo::test {
namespace {

template <class F>
[[gnu::noinline]] void call(const F& function) {
    function();
}

AllCoresOptions with_signals(unsigned threads) {
    AllCoresOptions options = cores(threads);
    options.run.handle_signals = true;
    return options;
}

class AllCoresSignalsTest : public LedgerTest, public testing::WithParamInterface<int> {};

TEST_P(AllCoresSignalsTest, the_first_stops_every_loop) {
    Meeting meeting(3);
    std::atomic<int> stopped{0};
    struct Count {
        std::atomic<int>& to;
        ~Count() { ++to; }
    };
    int caught = 0;
    try {
        run_on_all_cores(
            [&](unsigned core) -> Task<> {
                const Count count{stopped};
                co_await meeting.all_here();
                if (core == 1) {
                    kill(getpid(), GetParam());
                }
                co_await forever();
            },
            with_signals(3));
    } catch (const Interrupted& interrupted) {
        caught = interrupted.signal();
    }
    EXPECT_EQ(caught, GetParam());
    EXPECT_EQ(stopped.load(), 3);
}

TEST_P(AllCoresSignalsTest, it_stops_also_a_loop_that_has_not_begun) {
    std::atomic<int> begun{0};
    EXPECT_THROW(run_on_all_cores(
                     [&](unsigned core) -> Task<> {
                         ++begun;
                         if (core == 0) {
                             kill(getpid(), GetParam());
                         }
                         co_await forever();
                     },
                     with_signals(8)),
                 Interrupted);
    EXPECT_GE(begun.load(), 1);
}

TEST_P(AllCoresSignalsTest, a_second_one_exits_at_once) {
    const int code = exit_code_of([] {
        Meeting meeting(2);
        auto stubborn = [&](unsigned core) -> Task<> {
            auto cleanup = [core]() -> Task<> {
                if (core == 0) {
                    kill(getpid(), GetParam());
                }
                co_await forever();
            };
            auto body = [&meeting, core]() -> Task<> {
                // A loop that is stopped before it begins ends at once.
                co_await meeting.all_here();
                if (core == 0) {
                    kill(getpid(), GetParam());
                }
                co_await forever();
            };
            co_await finally(body, cleanup);
        };
        try {
            run_on_all_cores(stubborn, with_signals(2));
        } catch (...) {
        }
    });
    EXPECT_EQ(code, 128 + GetParam());
}

TEST_P(AllCoresSignalsTest, uncaught_it_ends_the_program_as_a_shell_expects) {
    const int code = exit_code_of([] {
        auto main = [](unsigned core) -> Task<> {
            if (core == 0) {
                kill(getpid(), GetParam());
            }
            co_await forever();
        };
        // As main() would: nobody catches it. Not inlined, for g++ 12 calls std::terminate without
        // the exception where it has to unwind inside a noexcept function first.
        [&]() noexcept { call([&] { run_on_all_cores(main, with_signals(2)); }); }();
    });
    EXPECT_EQ(code, 128 + GetParam());
}

TEST_P(AllCoresSignalsTest, two_runs_on_two_threads_are_both_interrupted) {
    std::atomic<int> interrupted{0};
    Meeting meeting(2);
    auto program = [&](bool sends) {
        RunOptions options;
        options.driver = DriverKind::epoll;
        auto main = [&]() -> Task<> {
            co_await meeting.all_here();
            if (sends) {
                kill(getpid(), GetParam());
            }
            co_await forever();
        };
        try {
            run(main, options);
        } catch (const Interrupted&) {
            ++interrupted;
        }
    };
    std::thread other(program, false);
    program(true);
    other.join();
    EXPECT_EQ(interrupted.load(), 2);
}

INSTANTIATE_TEST_SUITE_P(, AllCoresSignalsTest, testing::Values(SIGINT, SIGTERM),
                         [](const auto& signal) {
                             return std::string(signal.param == SIGINT ? "interrupt" : "terminate");
                         });

}  // namespace
}  // namespace rondo::test
