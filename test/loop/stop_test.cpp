// SPDX-License-Identifier: Apache-2.0
// LoopHandle::stop(): a loop's main task cancelled from another thread.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class StopTest : public LedgerTest, public testing::WithParamInterface<DriverKind> {
protected:
    static RunOptions options() {
        RunOptions options = sim_options();
        options.driver = GetParam();
        return options;
    }
    static bool is_sim() { return GetParam() == DriverKind::sim; }
};

TEST_P(StopTest, it_wakes_a_loop_that_sleeps) {
    if (is_sim()) {
        GTEST_SKIP() << "there a loop never waits for another thread";
    }
    std::thread other;
    try {
        run(
            [&]() -> Task<> {
                const AtEnd end(log, "destructors");
                const LoopHandle loop = current_loop().handle();
                other = std::thread([loop] { loop.stop(); });
                co_await forever();
            },
            options());
        FAIL();
    } catch (const Cancelled& cancelled) {
        EXPECT_EQ(cancelled.reason(), Reason::caller);
        EXPECT_EQ(dynamic_cast<const Interrupted*>(&cancelled), nullptr);
    }
    other.join();
    EXPECT_EQ(log.text(), "destructors");
}

TEST_P(StopTest, it_reaches_a_loop_that_is_busy) {
    std::thread other;
    EXPECT_THROW(run(
                     [&]() -> Task<> {
                         const LoopHandle loop = current_loop().handle();
                         other = std::thread([loop] { loop.stop(); });
                         for (;;) {
                             co_await yield();
                         }
                     },
                     options()),
                 Cancelled);
    other.join();
}

TEST_P(StopTest, before_the_main_task_has_begun_it_never_begins) {
    Runner runner(options());
    const LoopHandle loop = runner.loop().handle();
    std::thread([loop] { loop.stop(); }).join();
    auto main = [&, held = Tracked(1)]() -> Task<> {
        log.say("never");
        co_return;
    };
    EXPECT_THROW(runner.run(std::move(main)), Cancelled);
    EXPECT_TRUE(log.empty());
}

TEST_P(StopTest, it_goes_for_later_runs_too) {
    Runner runner(options());
    EXPECT_EQ(runner.run(ready_value(1)), 1);
    runner.loop().handle().stop();
    EXPECT_THROW(runner.run(ready_value(2)), Cancelled);
    EXPECT_THROW(runner.run(ready_value(3)), Cancelled);
}

TEST_P(StopTest, after_the_loop_has_ended_it_has_no_effect) {
    std::optional<LoopHandle> loop;
    const int value = run(
        [&]() -> Task<int> {
            loop.emplace(current_loop().handle());
            co_return 4;
        },
        options());
    EXPECT_EQ(value, 4);
    loop->stop();
    EXPECT_EQ(run(ready_value(5), options()), 5);
}

TEST_P(StopTest, it_takes_back_no_result) {
    const int value = run(
        []() -> Task<int> {
            current_loop().handle().stop();
            co_return 6;
        },
        options());
    EXPECT_EQ(value, 6);
}

TEST_P(StopTest, only_the_main_task_is_stopped_and_the_rest_follows_it) {
    EXPECT_THROW(run(
                     [&]() -> Task<> {
                         create_task([&]() -> Task<> {
                             const AtEnd end(log, "task");
                             co_await forever();
                         }).detach();
                         const AtEnd end(log, "main");
                         co_await yield();
                         current_loop().handle().stop();
                         co_await forever();
                     },
                     options()),
                 Cancelled);
    EXPECT_EQ(log.text(), "main task");
}

TEST_P(StopTest, functions_posted_before_it_run) {
    EXPECT_THROW(run(
                     [&]() -> Task<> {
                         const LoopHandle loop = current_loop().handle();
                         loop.post([&] { log.say("posted"); });
                         loop.stop();
                         co_await forever();
                     },
                     options()),
                 Cancelled);
    EXPECT_EQ(log.text(), "posted");
}

TEST_P(StopTest, shields_hold_it_off_until_the_grace_has_passed) {
    if (!is_sim()) {
        GTEST_SKIP() << "takes ten seconds";
    }
    TimePoint begun;
    TimePoint ended;
    EXPECT_THROW(run(
                     [&]() -> Task<> {
                         begun = now();
                         current_loop().handle().stop();
                         struct Ending {
                             TimePoint& at;
                             ~Ending() { at = now(); }
                         };
                         const Ending ending{ended};
                         co_await shield(forever(), 1000s);
                     },
                     options()),
                 Cancelled);
    EXPECT_EQ(ended - begun, 10s);
}

TEST_P(StopTest, many_threads_race_with_the_end_of_the_loop) {
    for (int round = 0; round < 50; ++round) {
        std::optional<LoopHandle> loop;
        std::promise<void> known;
        const std::shared_future<void> ready = known.get_future().share();
        std::vector<std::thread> threads;
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&loop, ready] {
                ready.wait();
                loop->stop();
            });
        }
        try {
            run(
                [&]() -> Task<> {
                    loop.emplace(current_loop().handle());
                    known.set_value();
                    for (int i = 0; i < round; ++i) {
                        co_await yield();
                    }
                },
                options());
        } catch (const Cancelled& cancelled) {
            EXPECT_EQ(cancelled.reason(), Reason::caller);
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(, StopTest,
                         testing::Values(DriverKind::sim, DriverKind::epoll, DriverKind::automatic),
                         [](const auto& kind) {
                             switch (kind.param) {
                                 case DriverKind::sim: return std::string("sim");
                                 case DriverKind::epoll: return std::string("epoll");
                                 default: return std::string("automatic");
                             }
                         });

}  // namespace
}  // namespace rondo::test
