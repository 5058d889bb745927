// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/shield.hpp"

#include <gtest/gtest.h>

#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

using ParityShield = ParityTest;

TEST_F(ParityShield, a_result_comes_through) {
    same("test_tasks: BaseTaskTests shield_result");
    run_sim([]() -> Task<> {
        const int value = co_await shield(value_after(1ms, 42));
        EXPECT_EQ(value, 42);
    });
}

TEST_F(ParityShield, an_error_comes_through) {
    same("test_tasks: BaseTaskTests shield_exception");
    run_sim([]() -> Task<> {
        const std::string end = co_await ending_of(shield(fail_after(1ms, "expected")));
        EXPECT_EQ(end, "expected");
    });
}

TEST_F(ParityShield, the_cancel_of_what_is_inside_comes_through) {
    same("test_tasks: BaseTaskTests shield_cancel_inner");
    run_sim([]() -> Task<> {
        TaskHandle<int> inner = create_task(forever());
        auto reads = [&]() -> Task<int> { co_return co_await inner; };
        TaskHandle<int> outer = create_task(shield(reads));
        co_await sleep(1ms);
        inner.cancel();
        const std::string end = co_await ending_at(outer);
        EXPECT_EQ(end, "cancelled: caller");
    });
}

TEST_F(ParityShield, who_awaits_it_is_held_until_it_has_ended) {
    differs("test_tasks: BaseTaskTests shield_cancel_outer",
            "asyncio gives up the await at once and leaves the inside running by itself");
    run_sim([]() -> Task<> {
        Gate gate;
        auto body = [&]() -> Task<> {
            co_await shield(gate.wait());
            co_await yield();
        };
        TaskHandle<> outer = create_task(body);
        co_await sleep(1ms);
        outer.cancel();
        co_await sleep(1s);
        EXPECT_FALSE(outer.done());
        EXPECT_TRUE(gate.has_waiters());
        gate.open();
        co_await outer.wait();
        EXPECT_TRUE(outer.cancelled());
    });
}

TEST_F(ParityShield, what_is_done_needs_no_turn) {
    same("test_tasks: BaseTaskTests shield_shortcut");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        const int value = co_await shield(ready_value(42));
        log.say(std::to_string(value));
        co_await other;
    });
    EXPECT_EQ(log.text(), "42 other");
}

TEST_F(ParityShield, what_is_inside_finishes_though_the_outside_is_cancelled) {
    same("test_tasks: BaseTaskTests shield_effect");
    run_sim([&]() -> Task<> {
        auto outer = [&]() -> Task<> {
            co_await shield(says("inner", 5ms));
            co_await yield();
            log.say("never");
        };
        TaskHandle<> handle = create_task(outer);
        co_await sleep(1ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_EQ(log.text(), "inner");
}

TEST_F(ParityShield, a_gather_inside_finishes_as_a_whole) {
    same("test_tasks: BaseTaskTests shield_gather");
    run_sim([&]() -> Task<> {
        auto outer = [&]() -> Task<> {
            const auto [a, b] = co_await shield(gather(value_after(2ms, 1), value_after(5ms, 2)));
            log.say(std::to_string(a * 10 + b));
        };
        TaskHandle<> handle = create_task(outer);
        co_await sleep(1ms);
        handle.cancel();
        co_await handle.wait();
    });
    EXPECT_EQ(log.text(), "12");
}

TEST_F(ParityShield, shields_inside_a_gather_finish_each_and_the_rest_stops) {
    same("test_tasks: BaseTaskTests gather_shield");
    run_sim([&]() -> Task<> {
        auto parent = [&]() -> Task<> {
            co_await gather(shield(says("one", 2ms)), dies("bare"), shield(says("two", 5ms)));
            log.say("never");
        };
        TaskHandle<> handle = create_task(parent);
        co_await sleep(1ms);
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "bare one two");
}

TEST_F(ParityShield, it_is_lazy) {
    differs("test_tasks: BaseTaskTests shield_coroutine_without_loop",
            "a shield needs a loop where it is awaited, not where it is made");
    auto made = shield(ready_value(42));
    EXPECT_EQ(run_sim(std::move(made)), 42);
}

TEST_F(ParityShield, it_runs_on_the_loop_of_its_awaiter) {
    same("test_tasks: BaseTaskTests shield_coroutine_use_running_loop");
    run_sim([]() -> Task<> {
        EventLoop* const mine = &current_loop();
        EventLoop* const seen = co_await shield([] { return &current_loop(); });
        EXPECT_EQ(seen, mine);
    });
}

TEST_F(ParityShield, it_ends_after_its_deadline_at_the_latest) {
    differs("asyncio.shield has no end",
            "five seconds after the cancel by default, so that a program can always be stopped");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        TaskHandle<int> handle = create_task(shield(dies("spent")));
        co_await sleep(1s);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
        EXPECT_EQ(now() - before, 6s);
    });
    EXPECT_EQ(log.text(), "spent");
}

TEST_F(ParityShield, it_keeps_off_cancels_and_not_deadlines_inside) {
    same("asyncio.shield around asyncio.timeout");
    run_sim([&]() -> Task<> {
        const std::string end = co_await ending_of(shield(timeout(2ms, forever())));
        EXPECT_EQ(end, "timed out");
    });
}

TEST_F(ParityShield, an_error_after_the_cancel_is_thrown_to_who_awaits) {
    differs("asyncio.shield: an error after the outer cancel is only logged",
            "the awaiter is still there, so the error has somebody to go to");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(shield(fail_after(5ms, "late")));
        co_await sleep(1ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "late");
    });
}

TEST_F(ParityShield, it_starts_in_a_task_that_is_cancelled_already) {
    differs("asyncio.shield after a caught CancelledError",
            "it is the one thing that starts in a cancelled scope: for cleanup");
    run_sim([&]() -> Task<> {
        TaskHandle<>* self = nullptr;
        auto body = [&]() -> Task<> {
            self->cancel();
            co_await shield(says("cleanup", 3ms));
            co_await yield();
            log.say("never");
        };
        TaskHandle<> handle = create_task(body);
        self = &handle;
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "cleanup");
}

}  // namespace
}  // namespace rondo::test
