// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/to_thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

/// In the simulation, on the loop; and on real threads.
class ToThreadTest : public LedgerTest, public testing::WithParamInterface<DriverKind> {
protected:
    template <class F>
    void run_here(F main, unsigned threads_max = 2) {
        RunOptions options = sim_options();
        options.driver = GetParam();
        options.threads_max = threads_max;
        run(main, options);
    }
    static bool has_threads() { return GetParam() != DriverKind::sim; }
};

TEST_P(ToThreadTest, the_result_comes_back) {
    run_here([]() -> Task<> {
        const int sum = co_await to_thread([](int a, int b) { return a + b; }, 2, 3);
        EXPECT_EQ(sum, 5);
        const auto moved = co_await to_thread([] { return std::make_unique<Tracked>(1); });
        EXPECT_TRUE(moved->whole());
        co_await to_thread([] {});
        expect_idle(current_loop().stats());
    });
}

TEST_P(ToThreadTest, arguments_are_kept_and_references_are_passed_by_ref) {
    run_here([]() -> Task<> {
        auto takes = [](Tracked one, int& number) -> int& {
            number += one.number();
            return number;
        };
        int number = 1;
        int& same = co_await to_thread(takes, Tracked(4), std::ref(number));
        EXPECT_EQ(&same, &number);
        EXPECT_EQ(number, 5);
    });
}

TEST_P(ToThreadTest, an_error_comes_back) {
    run_here([&]() -> Task<> {
        try {
            co_await to_thread([] { throw std::runtime_error("x"); });
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    });
    EXPECT_EQ(log.text(), "x");
}

TEST_P(ToThreadTest, it_runs_elsewhere_when_there_are_threads) {
    run_here([]() -> Task<> {
        const auto id = co_await to_thread([] { return std::this_thread::get_id(); });
        EXPECT_EQ(id != std::this_thread::get_id(), has_threads());
    });
}

TEST_P(ToThreadTest, many_calls_share_a_few_threads) {
    run_here([]() -> Task<> {
        std::atomic<int> running{0};
        std::atomic<int> peak{0};
        std::vector<decltype(to_thread(std::function<int()>()))> calls;
        for (int i = 0; i < 50; ++i) {
            calls.push_back(to_thread(std::function<int()>([&, i] {
                const int now_running = ++running;
                int seen = peak.load();
                while (now_running > seen && !peak.compare_exchange_weak(seen, now_running)) {
                }
                --running;
                return i;
            })));
        }
        const std::vector<int> results = co_await gather(std::move(calls));
        EXPECT_EQ(results[49], 49);
        EXPECT_LE(peak.load(), 2);
    });
}

TEST_P(ToThreadTest, in_a_cancelled_scope_it_does_not_start) {
    run_here([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await to_thread([&] { log.say("never"); });
        });
    });
    EXPECT_TRUE(log.empty());
}

TEST_P(ToThreadTest, a_call_that_waits_for_a_thread_is_withdrawn) {
    run_here(
        [&]() -> Task<> {
            std::promise<void> release;
            TaskHandle<> blocks = create_task([&]() -> Task<> {
                co_await to_thread([&] {
                    if (has_threads()) {
                        release.get_future().wait();
                    }
                });
            });
            TaskHandle<> waits = create_task([&]() -> Task<> {
                const AtEnd end(log, "withdrawn");
                auto call = [&, held = Tracked(1)] { log.say("never"); };
                co_await to_thread(std::move(call));
            });
            co_await yield();
            waits.cancel();
            co_await yield();
            co_await yield();
            EXPECT_TRUE(waits.cancelled());
            release.set_value();
            co_await blocks;
            expect_idle(current_loop().stats());
        },
        1);
    EXPECT_EQ(log.text(), "withdrawn");
}

TEST_P(ToThreadTest, the_result_of_a_call_that_runs_wins) {
    if (!has_threads()) {
        GTEST_SKIP() << "there a call never overlaps anything";
    }
    run_here([&]() -> Task<> {
        std::promise<void> started;
        std::promise<void> release;
        TaskHandle<> handle = create_task([&]() -> Task<> {
            const int value = co_await to_thread([&] {
                started.set_value();
                release.get_future().wait();
                return 7;
            });
            log.say(std::to_string(value));
            co_await yield();
            log.say("never");
        });
        co_await yield();
        started.get_future().wait();
        handle.cancel();
        co_await yield();
        EXPECT_FALSE(handle.done()) << "the thread may still use what its caller owns";
        release.set_value();
        try {
            co_await handle;
        } catch (const Cancelled&) {
            log.say("stopped");
        }
    });
    EXPECT_EQ(log.text(), "7 stopped");
}

TEST_P(ToThreadTest, run_waits_for_a_call_that_runs) {
    std::promise<void> started;
    std::atomic<bool> finished{false};
    run_here([&]() -> Task<> {
        create_task(to_thread([&] {
            started.set_value();
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            finished = true;
        })).detach();
        co_await yield();
        co_await yield();
        started.get_future().wait();
    });
    EXPECT_TRUE(finished.load());
}

TEST_P(ToThreadTest, named_and_dropped) {
    {
        const auto dropped = to_thread([held = Tracked(1)] { return held.number(); });
    }
    run_here([]() -> Task<> {
        auto named = to_thread([held = Tracked(2)] { return held.number(); });
        const int value = co_await named;
        EXPECT_EQ(value, 2);
    });
}

// As the loop's thread would, but that a write to nobody is an error.
TEST_P(ToThreadTest, a_program_that_it_starts_heeds_signals) {
    run_here([]() -> Task<> {
        const int status =
            co_await to_thread([] { return std::system("kill -TERM $$; exit 3"); });  // NOLINT
        EXPECT_TRUE(WIFSIGNALED(status)) << status;
        EXPECT_EQ(WTERMSIG(status), SIGTERM);
    });
}

TEST_P(ToThreadTest, it_takes_the_signals_that_the_loops_thread_takes) {
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR2);
    sigset_t before;
    pthread_sigmask(SIG_BLOCK, &one, &before);
    sigset_t there;
    run_here([&]() -> Task<> {
        co_await to_thread([&] { pthread_sigmask(SIG_SETMASK, nullptr, &there); });
    });
    sigset_t here;
    pthread_sigmask(SIG_SETMASK, &before, &here);
    for (int signal = 1; signal < SIGRTMIN; ++signal) {
        const bool by_a_write = signal == SIGPIPE || signal == SIGXFSZ;
        const bool expected = sigismember(&here, signal) == 1 || (by_a_write && has_threads());
        EXPECT_EQ(sigismember(&there, signal) == 1, expected) << signal;
    }
}

TEST_P(ToThreadTest, a_write_to_nobody_is_an_error_there_and_no_signal) {
    if (!has_threads()) {
        GTEST_SKIP() << "it runs on the loop's thread";
    }
    std::signal(SIGPIPE, SIG_DFL);
    run_here([]() -> Task<> {
        const int error = co_await to_thread([] {
            int fds[2];
            EXPECT_EQ(pipe(fds), 0);
            close(fds[0]);
            const int result = write(fds[1], "x", 1) < 0 ? errno : 0;
            close(fds[1]);
            return result;
        });
        EXPECT_EQ(error, EPIPE);
    });
}

TEST(ToThreadDeathTest, awaiting_it_twice_is_misuse) {
    auto main = []() -> Task<> {
        auto call = to_thread([] {});
        co_await call;
        co_await call;
    };
    EXPECT_DEATH(run_sim(main), "a to_thread was awaited twice");
}

INSTANTIATE_TEST_SUITE_P(, ToThreadTest, testing::Values(DriverKind::sim, DriverKind::epoll),
                         [](const auto& kind) {
                             return std::string(kind.param == DriverKind::sim ? "sim" : "threads");
                         });

}  // namespace
}  // namespace rondo::test
