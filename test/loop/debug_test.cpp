// SPDX-License-Identifier: Apache-2.0
// What a debugging loop reports.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/reports.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

RunOptions debugging() {
    RunOptions options = sim_options();
    options.debug = true;
    return options;
}

Task<> nothing() { co_return; }

// --- tasks that nobody awaits

TEST(NeverAwaitedTest, a_dropped_task_is_reported_with_its_coroutine) {
    Reports reports;
    run(
        []() -> Task<> {
            {
                Task<> forgotten = nothing();
            }
            co_return;
        },
        debugging());
    EXPECT_THAT(reports.take(),
                ElementsAre(AllOf(StartsWith("task rondo::test::nothing (" __FILE__ ":"),
                                  EndsWith("was never awaited"))));
}

TEST(NeverAwaitedTest, not_without_debugging) {
    Reports reports;
    run_sim([]() -> Task<> {
        {
            Task<> forgotten = nothing();
        }
        co_return;
    });
    EXPECT_THAT(reports.take(), IsEmpty());
}

TEST(NeverAwaitedTest, not_one_that_an_error_or_a_stop_takes_along) {
    Reports reports;
    run(
        []() -> Task<> {
            auto failing = []() -> Task<> {
                Task<> prepared = nothing();
                co_await fail_after(1s, "before it");
                co_await prepared;
            };
            auto stopped = []() -> Task<> {
                Task<> prepared = nothing();
                co_await sleep(1h);
                co_await prepared;
            };
            co_await gather(settle, failing, stopped, move_on_after(2s, stopped));
        },
        debugging());
    EXPECT_THAT(reports.take(), IsEmpty());
}

TEST(NeverAwaitedTest, not_one_that_a_combinator_leaves_out) {
    Reports reports;
    run(
        []() -> Task<> {
            std::vector<Task<int>> tasks;
            tasks.push_back(fail_at_once("first"));
            tasks.push_back(ready_value(1));
            tasks.push_back(ready_value(2));
            try {
                co_await gather(limit(1), std::move(tasks));
            } catch (const std::runtime_error&) {
            }
        },
        debugging());
    EXPECT_THAT(reports.take(), IsEmpty());
}

// --- who blocks the loop

TEST(BlockedLoopTest, a_task_that_keeps_the_loop_is_reported_with_its_name_and_await) {
    Reports reports;
    unsigned line = 0;
    run(
        [&]() -> Task<> {
            auto crunch = [&]() -> Task<> {
                line = __LINE__ + 1;
                co_await sleep(1s);
                blocking_sleep(250ms);
            };
            TaskHandle<> handle = create_task(crunch(), "crunch");
            co_await handle;
        },
        debugging());
    EXPECT_THAT(reports.take(),
                ElementsAre(AllOf(StartsWith("task \"crunch\", resumed in "),
                                  HasSubstr("(" __FILE__ ":" + std::to_string(line) + ")"),
                                  EndsWith("blocked the loop for 250 ms"))));
}

TEST(BlockedLoopTest, a_task_without_a_name_is_called_by_its_coroutine) {
    Reports reports;
    run(
        []() -> Task<> {
            co_await yield();
            blocking_sleep(1s);
        },
        debugging());
    EXPECT_THAT(reports.take(), ElementsAre(HasSubstr("{lambda}, resumed in ")));
}

TEST(BlockedLoopTest, shorter_than_the_limit_is_no_report) {
    Reports reports;
    RunOptions options = debugging();
    options.slow_callback = 300ms;
    run(
        []() -> Task<> {
            for (int round = 0; round < 5; ++round) {
                blocking_sleep(299ms);
                co_await yield();
            }
        },
        options);
    EXPECT_THAT(reports.take(), IsEmpty());
}

TEST(BlockedLoopTest, a_plain_function_is_called_by_its_place) {
    Reports reports;
    run([] { blocking_sleep(1s); }, debugging());
    EXPECT_THAT(reports.take(), ElementsAre("main blocked the loop for 1 s"));
}

TEST(BlockedLoopTest, a_posted_function_is_reported) {
    Reports reports;
    run(
        []() -> Task<> {
            current_loop().post([] { blocking_sleep(1s); });
            co_await sleep(2s);
        },
        debugging());
    EXPECT_THAT(reports.take(), ElementsAre("a posted function blocked the loop for 1 s"));
}

// The task ends only once the report is there: it is made while the loop is blocked.
TEST(BlockedLoopTest, the_loop_is_named_while_it_is_blocked) {
    Reports reports;
    RunOptions options;
    options.handle_signals = false;
    options.debug = true;
    options.slow_callback = 1ms;
    std::vector<std::string> seen;
    run(
        [&]() -> Task<> {
            TaskHandle<> handle = create_task([&]() -> Task<> {
                co_await yield();
                while (reports.empty()) {
                    std::this_thread::yield();
                }
                seen = reports.take();
            });
            handle.set_name("endless");
            co_await handle;
        },
        options);
    ASSERT_FALSE(seen.empty());
    EXPECT_THAT(seen.front(), AllOf(StartsWith("task \"endless\", resumed in "),
                                    HasSubstr("blocks the loop, for "), EndsWith("so far")));
}

// --- what is left, and what nobody looked at

TEST(LeftOverTest, what_still_runs_at_the_end_is_reported_as_a_tree) {
    Reports reports;
    run(
        []() -> Task<> {
            create_task(forever(), "left over").detach();
            co_await sleep(1s);
        },
        debugging());
    EXPECT_THAT(reports.take(),
                ElementsAre(AllOf(StartsWith("the loop ends and cancels what still runs:\n"),
                                  HasSubstr("- task \"left over\": waits for sleep"))));
}

TEST(LeftOverTest, an_error_that_nobody_asked_for_is_reported) {
    Reports reports;
    run_sim([]() -> Task<> {
        create_task(fail_at_once("unseen"), "broken").detach();
        co_await sleep(1s);
    });
    EXPECT_THAT(reports.take(), ElementsAre("an error nobody looked at, in task \"broken\": "
                                            "std::runtime_error: unseen"));
}

}  // namespace
}  // namespace rondo::test
