// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/run.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/task_info.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

class RunnerTest : public LedgerTest {
protected:
    Task<> ticks() {
        AtEnd end(log, "~ticks");
        for (;;) {
            co_await sleep(10ms);
            ++ticked;
        }
    }
    int ticked = 0;
};
using RunnerDeathTest = RunnerTest;

TEST_F(RunnerTest, tasks_stay_between_runs_until_close) {
    Runner runner(sim_options());
    auto first = [&]() -> Task<int> {
        create_task(ticks()).detach();
        co_await sleep(55ms);
        co_return 1;
    };
    EXPECT_EQ(runner.run(first), 1);
    EXPECT_EQ(ticked, 5);
    EXPECT_EQ(runner.run(value_after(50ms, 2)), 2);
    EXPECT_EQ(ticked, 10);
    EXPECT_EQ(log.text(), "");
    runner.close();
    EXPECT_EQ(log.text(), "~ticks");
    runner.close();
}

TEST_F(RunnerTest, an_error_of_one_run_does_not_spoil_the_next) {
    Runner runner(sim_options());
    EXPECT_THROW(runner.run(fail_after(1ms, "first")), std::runtime_error);
    EXPECT_EQ(runner.run(ready_value(2)), 2);
}

TEST_F(RunnerTest, a_deadlock_of_one_run_does_not_spoil_the_next) {
    Runner runner(sim_options());
    auto waits_for_itself = []() -> Task<> {
        TaskHandle<>* self = nullptr;
        auto task = [&]() -> Task<> { co_await *self; };
        TaskHandle<> handle = create_task(task);
        self = &handle;
        co_await handle;
    };
    EXPECT_THROW(runner.run(waits_for_itself), Deadlock);
    EXPECT_EQ(runner.run(ready_value(2)), 2);
}

TEST_F(RunnerTest, the_end_of_the_runner_closes_it) {
    {
        Runner runner(sim_options());
        auto main = [&]() -> Task<> {
            create_task(ticks()).detach();
            co_await yield();
            co_await yield();
        };
        runner.run(main);
    }
    EXPECT_EQ(log.text(), "~ticks");
}

TEST_F(RunnerTest, posts_between_runs_are_run_in_the_next) {
    Runner runner(sim_options());
    runner.loop().post([&] { log.say("posted"); });
    EXPECT_EQ(log.text(), "");
    runner.run(value_after(1ms, 0));
    EXPECT_EQ(log.text(), "posted");
    const LoopHandle handle = runner.loop().handle();
    runner.close();
    EXPECT_FALSE(handle.try_post([] {}));
    EXPECT_THROW(handle.post([] {}), Error);
}

TEST_F(RunnerTest, a_shield_holds_the_end_off_for_the_grace_only) {
    RunOptions options = sim_options();
    options.grace = 3s;
    Runner runner(options);
    auto main = [&]() -> Task<> {
        auto stubborn = [&]() -> Task<> {
            AtEnd end(log, "~stubborn");
            co_await shield(sleep(1h), 2h);
            log.say("never");
        };
        create_task(stubborn).detach();
        co_await sleep(1ms);
    };
    runner.run(main);
    const TimePoint before = runner.loop().now();
    runner.close();
    EXPECT_EQ(runner.loop().now() - before, 3s);
    EXPECT_EQ(log.text(), "~stubborn");
}

TEST_F(RunnerTest, a_cleanup_that_begins_after_the_grace_has_once_more_as_long) {
    RunOptions options = sim_options();
    options.grace = 3s;
    Runner runner(options);
    auto main = [&]() -> Task<> {
        auto cleanup = [&]() -> Task<> {
            AtEnd end(log, "~cleanup");
            co_await sleep(2s);
            log.say("works");
            co_await forever();
        };
        create_task(finally(shield(forever(), 2h), cleanup, 1h)).detach();
        co_await sleep(1ms);
    };
    runner.run(main);
    const TimePoint before = runner.loop().now();
    runner.close();
    EXPECT_EQ(runner.loop().now() - before, 6s);
    EXPECT_EQ(log.text(), "works ~cleanup");
}

TEST_F(RunnerTest, a_cleanup_after_the_grace_keeps_its_own_deadline_when_that_is_shorter) {
    RunOptions options = sim_options();
    options.grace = 3s;
    Runner runner(options);
    auto main = []() -> Task<> {
        create_task(finally(shield(forever(), 2h), forever(), 1s)).detach();
        co_await sleep(1ms);
    };
    runner.run(main);
    const TimePoint before = runner.loop().now();
    runner.close();
    EXPECT_EQ(runner.loop().now() - before, 4s);
}

TEST_F(RunnerDeathTest, run_after_close_stops_the_program) {
    EXPECT_DEATH(
        {
            Runner runner(sim_options());
            runner.close();
            runner.run(ready_value(1));
        },
        "was closed");
}

TEST_F(RunnerDeathTest, run_inside_run_stops_the_program) {
    auto nested = []() -> Task<> {
        run_sim(ready_value(1));
        co_return;
    };
    EXPECT_DEATH(run_sim(nested), "run\\(\\) inside run\\(\\)");
}

TEST_F(RunnerDeathTest, run_inside_run_of_the_same_runner_stops_the_program) {
    auto recursive = [] {
        Runner runner(sim_options());
        runner.run([&] { runner.run(ready_value(1)); });
    };
    EXPECT_DEATH(recursive(), "run\\(\\) inside run\\(\\) of the same Runner");
}

TEST_F(RunnerDeathTest, close_inside_run_stops_the_program) {
    auto closes = [] {
        Runner runner(sim_options());
        runner.run([&] { runner.close(); });
    };
    EXPECT_DEATH(closes(), "inside its run\\(\\)");
}

TEST_F(RunnerDeathTest, run_or_close_inside_run_and_close_stops_the_program) {
    auto closes = [] {
        Runner runner(sim_options());
        runner.run_and_close([&] { runner.close(); });
    };
    EXPECT_DEATH(closes(), "inside its run\\(\\)");
    auto runs = [] {
        Runner runner(sim_options());
        runner.run_and_close([&] { runner.run(ready_value(1)); });
    };
    EXPECT_DEATH(runs(), "run\\(\\) inside run\\(\\) of the same Runner");
    auto recursive = [] {
        Runner runner(sim_options());
        runner.run([&] { runner.run_and_close(ready_value(1)); });
    };
    EXPECT_DEATH(recursive(), "run\\(\\) inside run\\(\\) of the same Runner");
}

TEST_F(RunnerTest, tasks_can_be_listed_with_names_and_standings) {
    auto main = []() -> Task<> {
        set_task_name("the main one");
        auto sleeper = create_task(forever(), "sleeper");
        co_await sleep(1ms);
        auto tasks = all_tasks();
        EXPECT_EQ(tasks.size(), 2U);
        EXPECT_EQ(tasks[0].name, "the main one");
        EXPECT_EQ(tasks[0].standing, "runs");
        EXPECT_EQ(tasks[1].name, "sleeper");
        EXPECT_EQ(tasks[1].standing, "waits for sleep, 417 days left");
        EXPECT_EQ(current_task().id, tasks[0].id);
        sleeper.cancel();
        EXPECT_EQ(all_tasks()[1].cancelled, Reason::caller);
    };
    run_sim(main);
}

TEST_F(RunnerTest, a_cancel_says_where_it_was_called) {
    auto main = []() -> Task<> {
        auto handle = create_task(forever());
        co_await sleep(1ms);
        handle.cancel();
        std::string what;
        try {
            co_await handle;
        } catch (const Cancelled& cancelled) {
            what = cancelled.what();
            EXPECT_GT(cancelled.place().line, 0U);
        }
        EXPECT_NE(what.find("runner_test.cpp:"), std::string::npos) << what;
    };
    run_sim(main);
}

TEST_F(RunnerTest, a_cancel_from_above_says_so_too) {
    std::optional<TaskHandle<int>> inner;
    auto ends_how = [&]() -> Task<> {
        try {
            co_await *inner;
        } catch (const Cancelled& cancelled) {
            const std::string what = cancelled.what();
            log.say(what.find("runner_test.cpp:") != std::string::npos ? "place" : what);
        }
        inner.reset();
    };
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            inner.emplace(group.spawn(forever()));
            co_await sleep(1ms);
            group.cancel();
        });
        co_await ends_how();
        auto outer = create_task([&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                inner.emplace(group.spawn(forever()));
                co_await forever();
            });
        });
        co_await sleep(1ms);
        outer.cancel();
        co_await outer.wait();
        co_await ends_how();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            inner.emplace(group.spawn(forever()));
            co_return;
        });
        co_await ends_how();
    });
    EXPECT_EQ(log.text(), "place place place");
}

// In reverse the main task ends before the other one, which is gone with its end.
TEST_F(RunnerTest, tasks_can_be_listed_after_a_run_whose_last_task_is_gone) {
    RunOptions options = sim_options();
    options.schedule = Schedule::reverse;
    Runner runner(options);
    runner.run([&]() -> Task<> {
        create_task([&]() -> Task<> {
            log.say("other");
            co_return;
        }).detach();
        co_await yield();
        log.say("main");
    });
    EXPECT_EQ(log.text(), "main other");
    EXPECT_TRUE(all_tasks().empty());
}

}  // namespace
}  // namespace rondo::test
