// SPDX-License-Identifier: Apache-2.0
// Eager tasks: in Rondo what is awaited runs at once, and what is started runs in the next turn.
#include <gtest/gtest.h>

#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/context_var.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/task_info.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::test {
namespace {

using ParityEager = ParityTest;

TEST_F(ParityEager, an_awaited_task_runs_before_anything_else) {
    same("test_eager_task_factory: eager_completion");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        auto body = [&]() -> Task<int> {
            log.say("body");
            co_return 1;
        };
        co_await body();
        log.say("after");
        co_await other;
    });
    EXPECT_EQ(log.text(), "body after other");
}

TEST_F(ParityEager, a_task_that_does_not_wait_never_touches_the_loop) {
    same("test_eager_task_factory: all_tasks_with_eager_completion");
    run_sim([]() -> Task<> {
        const LoopStats before = current_loop().stats();
        for (int i = 0; i < 10'000; ++i) {
            const int value = co_await ready_value(i);
            EXPECT_EQ(value, i);
        }
        EXPECT_EQ(current_loop().stats().tasks, before.tasks);
        EXPECT_EQ(current_loop().stats().frames, before.frames);
    });
}

TEST_F(ParityEager, a_task_that_waits_lets_the_others_run) {
    same("test_eager_task_factory: block_after_eager_step");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        auto body = [&]() -> Task<> {
            log.say("first");
            co_await yield();
            log.say("second");
        };
        co_await body();
        co_await other;
    });
    EXPECT_EQ(log.text(), "first other second");
}

TEST_F(ParityEager, a_created_task_is_never_eager) {
    differs("test_eager_task_factory: eager_task_factory_set",
            "one order for all: what is started runs in the next turn, so no caller is surprised");
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&] { log.say("task"); });
        EXPECT_FALSE(handle.done());
        log.say("creator");
        co_await handle;
    });
    EXPECT_EQ(log.text(), "creator task");
}

TEST_F(ParityEager, an_error_of_an_awaited_task_is_thrown_without_a_turn) {
    same("test_eager_task_factory: eager_completion (of a failure)");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        const std::string end = co_await ending_of(fail_at_once("at once"));
        log.say(end);
        co_await other;
    });
    EXPECT_EQ(log.text(), "at once other");
}

TEST_F(ParityEager, an_awaited_task_is_no_other_task) {
    differs("test_eager_task_factory: current_task",
            "awaiting calls: the callee belongs to the task that awaits it, before and after");
    run_sim([]() -> Task<> {
        const void* const mine = current_task().id;
        auto body = [&]() -> Task<> {
            EXPECT_EQ(current_task().id, mine);
            co_await yield();
            EXPECT_EQ(current_task().id, mine);
        };
        co_await body();
        EXPECT_EQ(all_tasks().size(), 1U);
    });
}

TEST_F(ParityEager, the_children_of_a_gather_start_in_the_next_turn) {
    differs("test_eager_task_factory: eager_completion (in a gather)",
            "a gather's children are tasks, and tasks start in their turn, in argument order");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        auto child = [&](std::string word) -> Task<> {
            log.say(word);
            co_return;
        };
        co_await gather(child("a"), child("b"));
        co_await other;
    });
    EXPECT_EQ(log.text(), "other a b");
}

TEST_F(ParityEager, under_a_timeout_or_a_shield_the_body_starts_at_once) {
    same("documentation: asyncio.wait_for (3.12) awaits in the same task");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await timeout(1h, [&] { log.say("timeout"); });
        co_await shield([&] { log.say("shield"); });
        co_await other;
    });
    EXPECT_EQ(log.text(), "timeout shield other");
}

TEST_F(ParityEager, an_awaited_task_shares_the_context_of_its_awaiter) {
    differs("test_eager_task_factory: context_vars",
            "awaiting calls, and a call sets the variables of its caller");
    static ContextVar<int> variable{0};
    run_sim([]() -> Task<> {
        auto sets = []() -> Task<> {
            variable.set(3);
            co_return;
        };
        co_await sets();
        EXPECT_EQ(variable.get(), 3);
    });
}

TEST_F(ParityEager, a_group_takes_children_that_end_in_their_first_turn) {
    same("test_taskgroups (3.14): children that complete eagerly (gh-128550, gh-128588)");
    run_sim([]() -> Task<> {
        int count = 0;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 100; ++i) {
                group.spawn([&] { ++count; });
            }
            co_return;
        });
        EXPECT_EQ(count, 100);
    });
}

}  // namespace
}  // namespace rondo::test
