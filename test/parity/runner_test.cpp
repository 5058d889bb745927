// SPDX-License-Identifier: Apache-2.0
// run and Runner; Ctrl-C is in interrupt_test.cpp.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/async_generator.hpp"
#include "rondo/coro/context_var.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/run.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/task_info.hpp"

namespace rondo::test {
namespace {

class ParityRunner : public ParityTest {
protected:
    /// Leaves a task behind, and gives what was written to stderr about it.
    static std::string leave_one_behind(const RunOptions& options) {
        testing::internal::CaptureStderr();
        auto main = []() -> Task<> {
            create_task(forever(), "left behind").detach();
            co_await yield();
        };
        run(main, options);
        return testing::internal::GetCapturedStderr();
    }
};
using ParityRunnerDeathTest = ParityRunner;

TEST_F(ParityRunner, it_gives_the_result) {
    same("test_runners: RunTests asyncio_run_return");
    EXPECT_EQ(run_sim(value_after(0s, 42)), 42);
}

TEST_F(ParityRunner, it_throws_the_error) {
    same("test_runners: RunTests asyncio_run_raises");
    try {
        run_sim(fail_after(0s, "spam"));
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "spam");
    }
}

TEST_F(ParityRunner, the_result_may_be_of_any_type) {
    same("test_runners (3.12): no repr is called on the task's result");
    auto main = []() -> Task<std::unique_ptr<Tracked>> {
        co_await yield();
        co_return std::make_unique<Tracked>(7);
    };
    EXPECT_TRUE(run_sim(main)->whole());
}

TEST_F(ParityRunner, it_takes_more_than_coroutines) {
    differs("test_runners: RunTests asyncio_run_only_coro",
            "an awaitable or a plain callable makes a task as well; what is neither won't compile");
    static_assert(!detail::Startable<int>);
    EXPECT_EQ(run_sim([] { return 1; }), 1);
    run_sim(sleep(1ms));
}

TEST_F(ParityRunner, debug_is_an_option) {
    same("test_runners: RunTests asyncio_run_debug; RunnerTests debug");
    RunOptions options = sim_options();
    options.debug = true;
    EXPECT_NE(leave_one_behind(options).find("left behind"), std::string::npos);
}

TEST_F(ParityRunner, without_debug_nothing_is_said_of_what_was_left) {
    same("test_runners: RunnerTests non_debug");
    EXPECT_EQ(leave_one_behind(sim_options()), "");
}

TEST_F(ParityRunnerDeathTest, debug_can_be_asked_for_in_the_environment) {
    same("test_tasks: GatherTests env_var_debug");
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process that reads its environment anew
    setenv("RONDO_DEBUG", "1", 1);
    auto leaves_one_behind = [] {
        std::fputs(leave_one_behind(sim_options()).c_str(), stderr);
        std::_Exit(0);
    };
    EXPECT_EXIT(leaves_one_behind(), testing::ExitedWithCode(0), "left behind");
    unsetenv("RONDO_DEBUG");
}

TEST_F(ParityRunnerDeathTest, inside_a_loop_it_stops_the_program) {
    differs("test_runners: RunTests asyncio_run_from_running_loop",
            "a mistake of the program; asyncio raises RuntimeError");
    auto main = []() -> Task<> {
        run_sim(ready_value(1));
        co_return;
    };
    EXPECT_DEATH(run_sim(main), "run\\(\\) inside run\\(\\)");
}

TEST_F(ParityRunner, what_still_runs_is_stopped_and_awaited) {
    same("test_runners: RunTests asyncio_run_cancels_hanging_tasks");
    auto main = [&]() -> Task<int> {
        create_task(dies("leftover")).detach();
        co_await yield();
        co_return 123;
    };
    EXPECT_EQ(run_sim(main), 123);
    EXPECT_EQ(log.text(), "leftover");
}

TEST_F(ParityRunner, the_errors_of_what_is_stopped_at_the_end_are_reported) {
    same("test_runners: RunTests asyncio_run_reports_hanging_tasks_errors");
    testing::internal::CaptureStderr();
    auto main = []() -> Task<int> {
        create_task(finally(forever(), fail_at_once("division"))).detach();
        co_await yield();
        co_await yield();
        co_return 123;
    };
    EXPECT_EQ(run_sim(main), 123);
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("division"), std::string::npos) << text;
}

TEST_F(ParityRunner, the_cleanup_at_the_end_may_wait) {
    same("asyncio.run: cancelled tasks are awaited");
    run_sim([&]() -> Task<> {
        create_task(finally(forever(), says("cleaned up", 50ms))).detach();
        co_await yield();
        co_await yield();
    });
    EXPECT_EQ(log.text(), "cleaned up");
}

TEST_F(ParityRunner, a_generator_in_a_task_that_is_stopped_is_freed_with_it) {
    same("test_runners: RunTests asyncio_run_closes_gens_after_hanging_tasks_errors");
    auto fidget = [](Log& to) -> AsyncGenerator<int> {
        const AtEnd end(to, "generator");
        for (;;) {
            co_yield 1;
            co_await sleep(1s);
        }
    };
    auto main = [&]() -> Task<> {
        create_task([&]() -> Task<> {
            auto numbers = fidget(log);
            for (;;) {
                const auto next = co_await numbers.next();
                static_cast<void>(next);
            }
        }).detach();
        co_await sleep(3s);
        throw std::runtime_error("fancy exit");
    };
    EXPECT_THROW(run_sim(main), std::runtime_error);
    EXPECT_EQ(log.text(), "generator");
}

TEST_F(ParityRunnerDeathTest, no_loop_is_left_on_the_thread) {
    differs("test_runners: RunTests asyncio_run_set_event_loop",
            "nothing sets a current loop: there is one exactly while a run runs");
    run_sim(ready_value(1));
    EXPECT_DEATH(static_cast<void>(now()), "call rondo::run");
}

TEST_F(ParityRunner, the_driver_is_an_option) {
    differs("test_runners: RunnerTests custom_factory",
            "not the loop is exchanged but what is below it");
    RunOptions options = sim_options();
    options.driver = DriverKind::epoll;
    EXPECT_EQ(run(value_after(0s, 1), options), 1);
    options.driver = DriverKind::sim;
    EXPECT_EQ(run(value_after(1h, 2), options), 2);
}

TEST_F(ParityRunner, a_runner_runs_and_closes_at_its_end) {
    same("test_runners: RunnerTests run");
    std::optional<LoopHandle> loop;
    {
        Runner runner(sim_options());
        EXPECT_EQ(runner.run(value_after(0s, std::string("done"))), "done");
        loop = runner.loop().handle();
        EXPECT_TRUE(loop->try_post([] {}));
        runner.run(ready_value(1));
    }
    EXPECT_FALSE(loop->try_post([] {}));
}

TEST_F(ParityRunner, a_runner_takes_what_run_takes) {
    differs("test_runners: RunnerTests run_non_coro and run_future",
            "whatever takes a task takes an awaitable and a callable");
    Runner runner(sim_options());
    EXPECT_EQ(runner.run([] { return 123; }), 123);
    std::vector<TaskHandle<int>> handles;
    runner.run([&] { handles.push_back(create_task(value_after(1ms, 4))); });
    EXPECT_EQ(runner.run([&]() -> Task<int> { co_return co_await handles[0]; }), 4);
    handles.clear();
}

TEST_F(ParityRunner, a_runner_can_be_closed_before_its_end) {
    same("test_runners: RunnerTests explicit_close");
    Runner runner(sim_options());
    runner.run([&] { create_task(dies("task")).detach(); });
    runner.run(sleep(1ms));
    EXPECT_TRUE(log.empty());
    runner.close();
    EXPECT_EQ(log.text(), "task");
}

TEST_F(ParityRunner, to_close_it_twice_does_nothing) {
    same("test_runners: RunnerTests double_close");
    Runner runner(sim_options());
    const LoopHandle loop = runner.loop().handle();
    runner.close();
    EXPECT_FALSE(loop.try_post([] {}));
    runner.close();
    EXPECT_FALSE(loop.try_post([] {}));
}

TEST_F(ParityRunnerDeathTest, after_close_it_runs_nothing) {
    differs("test_runners: RunnerTests second_with_block_raises",
            "a mistake of the program stops it; asyncio raises RuntimeError");
    auto runs_after_close = [] {
        Runner runner(sim_options());
        runner.run(ready_value(1));
        runner.close();
        runner.run(ready_value(2));
    };
    EXPECT_DEATH(runs_after_close(), "was closed");
}

TEST_F(ParityRunner, each_run_begins_without_context_variables) {
    differs("test_runners: RunnerTests run_keeps_context",
            "what one main task set does not leak into the next; pass it as an argument");
    static ContextVar<int> variable{-1};
    auto main = [](int value) -> Task<int> {
        const int old = variable.get();
        co_await sleep(0s);
        variable.set(value);
        co_return old;
    };
    Runner runner(sim_options());
    EXPECT_EQ(runner.run(main(1)), -1);
    EXPECT_EQ(runner.run(main(2)), -1);
}

TEST_F(ParityRunnerDeathTest, it_does_not_run_inside_its_own_run) {
    differs("test_runners: RunnerTests recursive_run",
            "a mistake of the program stops it; asyncio raises RuntimeError");
    auto recursive = [] {
        Runner runner(sim_options());
        runner.run([&] { runner.run(ready_value(1)); });
    };
    EXPECT_DEATH(recursive(), "inside run");
}

TEST_F(ParityRunner, its_runs_share_one_loop) {
    same("test_runners: RunnerTests set_event_loop_called_once");
    Runner runner(sim_options());
    auto where = []() -> Task<EventLoop*> { co_return &current_loop(); };
    EventLoop* const first = runner.run(where());
    EXPECT_EQ(runner.run(where()), first);
    EXPECT_EQ(first, &runner.loop());
}

TEST_F(ParityRunner, tasks_go_on_from_one_run_to_the_next) {
    same("asyncio.Runner: tasks survive between runs");
    Runner runner(sim_options());
    int ticks = 0;
    auto counts = [&]() -> Task<> {
        for (;;) {
            co_await sleep(10ms);
            ++ticks;
        }
    };
    runner.run([&] { create_task(counts).detach(); });
    runner.run(sleep(25ms));
    EXPECT_EQ(ticks, 2);
    runner.run(sleep(20ms));
    EXPECT_EQ(ticks, 4);
}

}  // namespace
}  // namespace rondo::test
