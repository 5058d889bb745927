// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/sleep.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"

namespace rondo::test {
namespace {

using ParitySleep = ParityTest;

template <class D>
concept CanBeSlept = requires(D duration) { rondo::sleep(duration); };

TEST_F(ParitySleep, two_halves_take_the_whole_time) {
    same("test_tasks: BaseTaskTests sleep");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        co_await sleep(50ms);
        EXPECT_EQ(now() - before, 50ms);
        co_await sleep(50ms);
        EXPECT_EQ(now() - before, 100ms);
    });
}

TEST_F(ParitySleep, it_has_no_result) {
    differs("test_tasks: BaseTaskTests sleep (result='yeah')",
            "a coroutine that returns after a sleep is one line; a second argument is not needed");
    run_sim([]() -> Task<> {
        auto sleeper = [](Duration duration, std::string result) -> Task<std::string> {
            co_await sleep(duration);
            co_return result;
        };
        const std::string result = co_await sleeper(50ms, "yeah");
        EXPECT_EQ(result, "yeah");
    });
}

TEST_F(ParitySleep, a_stopped_sleep_leaves_no_timer) {
    same("test_tasks: BaseTaskTests sleep_cancel");
    run_sim([]() -> Task<> {
        TaskHandle<> sleeper = create_task(sleep(10s));
        co_await yield();
        EXPECT_EQ(current_loop().stats().timers, 1U);
        sleeper.cancel();
        EXPECT_EQ(current_loop().stats().timers, 0U);
        co_await sleeper.wait();
    });
}

TEST_F(ParitySleep, zero_is_exactly_one_turn) {
    same("test_tasks: SleepTests sleep_zero");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await sleep(0s);
        log.say("this");
        co_await other;
    });
    EXPECT_EQ(log.text(), "other this");
}

TEST_F(ParitySleep, two_tasks_that_sleep_zero_take_turns) {
    same("test_tasks: SleepTests sleep_zero (fairness)");
    run_sim([&]() -> Task<> {
        auto turns = [&](std::string word) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                log.say(word);
                co_await sleep(0s);
            }
        };
        co_await gather(turns("a"), turns("b"));
    });
    EXPECT_EQ(log.text(), "a b a b a b");
}

TEST_F(ParitySleep, less_than_zero_is_zero) {
    same("asyncio.sleep: delay <= 0");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await sleep(-1h);
        log.say("this");
        EXPECT_EQ(now(), before);
        EXPECT_EQ(current_loop().stats().timers, 0U);
        co_await other;
    });
    EXPECT_EQ(log.text(), "other this");
}

TEST_F(ParitySleep, a_number_is_no_duration) {
    differs("asyncio.sleep: NaN raises ValueError",
            "durations are std::chrono: a bare number does not compile, and none is NaN");
    static_assert(!CanBeSlept<double>);
    static_assert(!CanBeSlept<int>);
    static_assert(CanBeSlept<std::chrono::duration<double>>);
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        co_await sleep(std::chrono::duration<double>(0.25));
        EXPECT_EQ(now() - before, 250ms);
    });
}

TEST_F(ParitySleep, the_earlier_deadline_wakes_first_and_ties_wake_in_order) {
    differs("BaseEventLoop: timers with equal deadlines run in no order",
            "first come, first served, so that a program repeats itself");
    run_sim([&]() -> Task<> {
        co_await gather(says("c", 3ms), says("a", 1ms), says("b1", 2ms), says("b2", 2ms));
    });
    EXPECT_EQ(log.text(), "a b1 b2 c");
}

TEST_F(ParitySleep, until_a_time_is_exact) {
    differs("loop.call_at", "a task sleeps until a time; there are no callbacks");
    run_sim([]() -> Task<> {
        const TimePoint when = now() + 1234ms;
        co_await sleep_until(when);
        EXPECT_EQ(now(), when);
        co_await sleep_until(when - 1s);
        EXPECT_EQ(now(), when);
    });
}

}  // namespace
}  // namespace rondo::test
