// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/run.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class RunTest : public LedgerTest {};
using RunDeathTest = RunTest;

TEST_F(RunTest, it_gives_the_value_of_what_it_is_given) {
    EXPECT_EQ(run_sim(ready_value(1)), 1);
    EXPECT_EQ(run_sim([]() -> Task<std::string> { co_return "coroutine"; }), "coroutine");
    EXPECT_EQ(run_sim([] { return 5; }), 5);
    run_sim(sleep(1h));
    const std::unique_ptr<Tracked> moved =
        run_sim([]() -> Task<std::unique_ptr<Tracked>> { co_return std::make_unique<Tracked>(1); });
    EXPECT_TRUE(moved->whole());
    int number = 1;
    int& same = run([&]() -> Task<int&> { co_return number; }, sim_options());
    EXPECT_EQ(&same, &number);
}

TEST_F(RunTest, it_throws_what_the_main_task_threw) {
    EXPECT_THROW(run_sim(fail_after(1ms, "x")), std::runtime_error);
    EXPECT_THROW(run_sim([]() -> int { throw std::logic_error("plain"); }), std::logic_error);
}

TEST_F(RunTest, runs_follow_one_another_and_run_beside_each_other_on_threads) {
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(run_sim(value_after(1ms, i)), i);
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([i] { EXPECT_EQ(run_sim(value_after(1ms, i)), i); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

TEST_F(RunTest, a_callable_main_lives_until_it_ended) {
    const int value = run_sim([held = Tracked(5)]() -> Task<int> {
        co_await sleep(1ms);
        co_return held.number();
    });
    EXPECT_EQ(value, 5);
}

TEST_F(RunTest, everything_waiting_for_ever_is_a_deadlock_that_shows_the_tree) {
    Gate gate;
    try {
        run_sim([&]() -> Task<> {
            const AtEnd end(log, "main");
            auto waits = [&]() -> Task<> { co_await gate.wait(); };
            TaskHandle<> named = create_task(waits(), "the stuck one");
            co_await gather(waits(), waits());
        });
        FAIL();
    } catch (const Deadlock& deadlock) {
        const std::string text = deadlock.what();
        EXPECT_NE(text.find("deadlock"), std::string::npos) << text;
        EXPECT_NE(text.find("a gate"), std::string::npos) << text;
        EXPECT_NE(text.find("gather"), std::string::npos) << text;
        EXPECT_NE(text.find("the stuck one"), std::string::npos) << text;
    }
    EXPECT_EQ(log.text(), "main");
}

TEST_F(RunTest, a_deadlock_in_a_shield_ends_with_the_shield) {
    Gate gate;
    auto main = [&]() -> Task<> {
        auto cleanup = [&]() -> Task<> { co_await gate.wait(); };
        co_await finally(gate.wait(), cleanup);
    };
    EXPECT_THROW(run_sim(main), Deadlock);
}

TEST_F(RunTest, stats_count_what_is_there) {
    run_sim([]() -> Task<> {
        expect_idle(current_loop().stats());
        std::vector<TaskHandle<int>> handles;
        for (int i = 0; i < 5; ++i) {
            handles.push_back(create_task(value_after(1ms, i)));
        }
        co_await yield();
        const LoopStats busy = current_loop().stats();
        EXPECT_EQ(busy.timers, 5U);
        EXPECT_EQ(busy.tasks, 6U);
        EXPECT_GE(busy.frames, 11);
        co_await sleep(2ms);
        expect_idle(current_loop().stats());
    });
}

TEST_F(RunTest, debug_says_what_was_left) {
    testing::internal::CaptureStderr();
    RunOptions options = sim_options();
    options.debug = true;
    run(
        []() -> Task<> {
            create_task(forever(), "left over").detach();
            co_await yield();
        },
        options);
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("left over"), std::string::npos) << text;
}

TEST_F(RunTest, dump_tasks_draws_the_tree_oldest_first) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> first = create_task(forever(), "first");
        TaskHandle<> second =
            create_task([]() -> Task<> { co_await gather(forever(), timeout(1h, forever())); });
        second.set_name("second");
        co_await yield();
        co_await yield();
        first.cancel();
        const std::string text = current_loop().dump_tasks();
        const std::size_t main_at = text.find("- main");
        const std::size_t first_at = text.find("- task \"first\"");
        const std::size_t second_at = text.find("- task \"second\"");
        const std::size_t gather_at = text.find("- gather");
        const std::size_t timeout_at = text.find("- timeout, 1 h left: waits for sleep");
        EXPECT_LT(main_at, first_at) << text;
        EXPECT_LT(first_at, second_at) << text;
        EXPECT_LT(second_at, gather_at) << text;
        EXPECT_LT(gather_at, timeout_at) << text;
        EXPECT_NE(timeout_at, std::string::npos) << text;
        EXPECT_NE(text.find("[cancelled: caller"), std::string::npos) << text;
        EXPECT_EQ(text.substr(0, 5), "- run") << text;
        co_await yield();
    });
}

TEST_F(RunDeathTest, run_inside_run_is_misuse) {
    auto main = []() -> Task<> {
        run_sim(ready_value(1));
        co_return;
    };
    EXPECT_DEATH(run_sim(main), "run\\(\\) inside run\\(\\)");
}

TEST_F(RunDeathTest, what_needs_a_loop_says_so) {
    EXPECT_DEATH(static_cast<void>(now()), "call rondo::run");
    EXPECT_DEATH(static_cast<void>(create_task(ready_value(1))), "call rondo::run");
}

class FairnessTest : public LedgerTest {};

// Each await of an open gate completes at once: without a budget the others would never run.
TEST_F(FairnessTest, a_task_that_is_always_ready_starves_nobody) {
    run_sim([&]() -> Task<> {
        Gate open;
        open.open();
        bool stop = false;
        int rounds = 0;
        auto greedy = [&]() -> Task<> {
            while (!stop && rounds < 1'000'000) {
                co_await open.wait();
                ++rounds;
            }
        };
        auto modest = [&]() -> Task<> {
            for (int i = 0; i < 10; ++i) {
                co_await yield();
            }
            stop = true;
        };
        co_await gather(greedy, modest);
        EXPECT_LT(rounds, 10'000);
    });
}

TEST_F(FairnessTest, tasks_that_wake_each_other_do_not_hold_off_timers_and_posts) {
    RunOptions options = sim_options();
    options.driver = DriverKind::epoll;
    run(
        [&]() -> Task<> {
            bool stop = false;
            auto spins = [&]() -> Task<> {
                while (!stop) {
                    co_await yield();
                }
            };
            auto stops = [&]() -> Task<> {
                co_await sleep(2ms);
                current_loop().post([&] { stop = true; });
            };
            co_await gather(spins, spins, stops);
        },
        options);
}

}  // namespace
}  // namespace rondo::test
