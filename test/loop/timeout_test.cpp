// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/timeout.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class TimeoutTest : public LedgerTest {
protected:
    Task<int> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_return co_await forever();
    }
    /// Says `word` when `awaitable` times out.
    template <class A>
    Task<> say_when_late(std::string word, A awaitable) {
        try {
            co_await std::move(awaitable);
        } catch (const TimeoutError&) {
            log.say(word);
        }
    }
};
using TimeoutDeathTest = TimeoutTest;

TEST_F(TimeoutTest, what_ends_in_time_gives_its_result) {
    run_sim([]() -> Task<> {
        const int value = co_await timeout(5ms, value_after(4ms, 1));
        EXPECT_EQ(value, 1);
        const auto moved = co_await timeout(5ms, value_after(1ms, std::make_unique<Tracked>(2)));
        EXPECT_TRUE(moved->whole());
        co_await timeout(5ms, sleep(1ms));
        expect_idle(current_loop().stats());
    });
}

TEST_F(TimeoutTest, what_ends_at_once_takes_no_turn_and_leaves_no_timer) {
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        for (int i = 0; i < 200; ++i) {
            const int value = co_await timeout(1h, ready_value(i));
            EXPECT_EQ(value, i);
        }
        log.say("first");
        expect_idle(current_loop().stats(), 2);
        co_await other;
    });
    EXPECT_EQ(log.text(), "first other");
}

TEST_F(TimeoutTest, what_is_late_is_stopped_first) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await say_when_late("late", timeout(3ms, dies("body")));
        EXPECT_EQ(now() - before, 3ms);
    });
    EXPECT_EQ(log.text(), "body late");
}

TEST_F(TimeoutTest, an_error_comes_through) {
    EXPECT_THROW(run_sim(timeout(1h, fail_after(1ms, "x"))), std::runtime_error);
    EXPECT_THROW(run_sim(timeout(1h, fail_at_once("x"))), std::runtime_error);
}

TEST_F(TimeoutTest, the_error_says_what_happened) {
    try {
        run_sim(timeout(1ms, forever()));
        FAIL();
    } catch (const TimeoutError& error) {
        EXPECT_EQ(error.code(), Errc::timed_out);
        EXPECT_NE(std::string(error.what()).find("deadline"), std::string::npos) << error.what();
    }
}

TEST_F(TimeoutTest, zero_or_less_runs_to_the_first_wait) {
    run_sim([&]() -> Task<> {
        const int value = co_await timeout(0s, ready_value(4));
        EXPECT_EQ(value, 4);
        auto waits = [&]() -> Task<> {
            log.say("ran");
            co_await yield();
            log.say("never");
        };
        co_await say_when_late("late", timeout(0s, waits));
        co_await say_when_late("late", timeout(-1h, waits));
        co_await say_when_late("late", timeout_at(now() - 1s, waits));
        co_await say_when_late("late", timeout_at(TimePoint::min(), waits));
    });
    EXPECT_EQ(log.text(), "ran late ran late ran late ran late");
}

TEST_F(TimeoutTest, the_greatest_duration_is_no_limit) {
    run_sim([]() -> Task<> {
        const int value = co_await timeout(std::chrono::hours::max(), value_after(1h, 1));
        EXPECT_EQ(value, 1);
        const auto other = co_await move_on_at(TimePoint::max(), value_after(1h, 2));
        EXPECT_EQ(other, 2);
    });
}

TEST_F(TimeoutTest, timeout_at_counts_from_the_clock) {
    run_sim([&]() -> Task<> {
        const TimePoint deadline = now() + 10ms;
        co_await timeout_at(deadline, sleep(6ms));
        co_await say_when_late("late", timeout_at(deadline, sleep(6ms)));
        EXPECT_EQ(now(), deadline);
    });
    EXPECT_EQ(log.text(), "late");
}

TEST_F(TimeoutTest, move_on_gives_an_optional) {
    run_sim([]() -> Task<> {
        const std::optional<int> in_time = co_await move_on_after(2ms, value_after(1ms, 5));
        EXPECT_EQ(in_time, 5);
        const std::optional<int> late = co_await move_on_after(1ms, value_after(2ms, 5));
        EXPECT_FALSE(late);
        const auto slept = co_await move_on_at(now() + 2ms, sleep(1ms));
        static_assert(std::is_same_v<decltype(slept), const std::optional<std::monostate>>);
        EXPECT_TRUE(slept);
        bool thrown = false;
        try {
            co_await move_on_after(2ms, fail_after(1ms, "x"));
        } catch (const std::runtime_error&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
    });
}

TEST_F(TimeoutTest, a_result_that_comes_with_the_deadline_wins) {
    run_sim([]() -> Task<> {
        auto wins = []() -> Task<int> {
            SlowOperation slow(5ms, true);
            co_await slow;
            co_return 3;
        };
        const int value = co_await timeout(1ms, wins);
        EXPECT_EQ(value, 3);
    });
}

TEST_F(TimeoutTest, three_deep_the_innermost_expired_reports) {
    run_sim([&]() -> Task<> {
        auto level = [&](Duration inner, Duration innermost) -> Task<> {
            co_await say_when_late("middle", timeout(inner, [&]() -> Task<> {
                                       co_await say_when_late("inner",
                                                              timeout(innermost, dies("x")));
                                       co_await forever();
                                   }));
            co_await forever();
        };
        co_await say_when_late("outer;", timeout(9ms, level(6ms, 3ms)));
        co_await say_when_late("outer;", timeout(9ms, level(6ms, 20ms)));
        co_await say_when_late("outer;", timeout(9ms, level(20ms, 20ms)));
        co_await say_when_late("outer;", timeout(9ms, level(20ms, 3ms)));
    });
    EXPECT_EQ(log.text(), "x inner middle outer; x middle outer; x outer; x inner outer;");
}

TEST_F(TimeoutTest, a_callers_cancel_is_no_timeout) {
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task(say_when_late("late", timeout(10ms, dies("body"))));
        co_await sleep(1ms);
        handle.cancel();
        co_await yield();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(TimeoutTest, a_callers_cancel_after_the_deadline_struck_is_no_timeout_either) {
    run_sim([&]() -> Task<> {
        auto slow = [&]() -> Task<> {
            SlowOperation operation(10ms, false);
            co_await operation;
        };
        TaskHandle<> handle = create_task(say_when_late("late", timeout(1ms, slow)));
        co_await sleep(5ms);
        handle.cancel();
        co_await sleep(10ms);
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(TimeoutTest, in_a_cancelled_scope_it_does_not_start) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await timeout(1h, [&] { log.say("never"); });
            log.say("never");
        });
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(TimeoutTest, a_shield_inside_delays_it) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&]() -> Task<> {
            co_await shield(sleep(4ms));
            log.say("shielded");
            co_await sleep(1h);
        };
        co_await say_when_late("late", timeout(1ms, body));
        EXPECT_EQ(now() - before, 4ms);
    });
    EXPECT_EQ(log.text(), "shielded late");
}

TEST_F(TimeoutTest, a_named_timeout_counts_from_its_await_and_a_dropped_one_frees_its_task) {
    auto keeps = [](Tracked one) -> Task<int> { co_return one.number(); };
    {
        const auto dropped = timeout(1h, keeps(Tracked(1)));
    }
    EXPECT_EQ(Tracked::live(), 0);
    run_sim([&]() -> Task<> {
        auto bounded = timeout(5ms, value_after(4ms, 1));
        co_await sleep(100ms);
        const int value = co_await bounded;
        EXPECT_EQ(value, 1);
    });
}

TEST_F(TimeoutDeathTest, awaiting_a_timeout_twice_is_misuse) {
    auto main = []() -> Task<> {
        auto bounded = timeout(5ms, ready_value(1));
        co_await bounded;
        co_await bounded;
    };
    EXPECT_DEATH(run_sim(main), "awaited twice");
}

}  // namespace
}  // namespace rondo::test
