// SPDX-License-Identifier: Apache-2.0
// Timeouts in timeouts, and in tasks that are cancelled already.
#include <gtest/gtest.h>

#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::test {
namespace {

class ParityTimeoutNested : public ParityTest {
protected:
    /// Logs "<word>:<how it ended>".
    template <class A>
    Task<> tells(std::string word, A awaitable) {
        word += ':';
        word += co_await ending_of(std::move(awaitable));
        log.say(word);
    }
};

TEST_F(ParityTimeoutNested, of_two_that_expire_together_the_inner_one_reports) {
    differs("test_timeouts: nested_timeouts",
            "the innermost expired deadline reports: asyncio lets the outermost one raise");
    run_sim([&]() -> Task<> {
        const TimePoint deadline = now() + 10ms;
        auto body = [&]() -> Task<> {
            co_await tells("inner", timeout_at(deadline, forever()));
            co_await yield();
            log.say("never");
        };
        co_await tells("outer", timeout_at(deadline, body));
    });
    EXPECT_EQ(log.text(), "inner:timed out outer:timed out");
}

TEST_F(ParityTimeoutNested, the_outer_one_alone_passes_through_the_inner) {
    same("test_timeouts: nested_timeouts_concurrent");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            auto crunches = []() -> Task<> {
                blocking_sleep(10ms);
                co_await sleep(1s);
            };
            co_await tells("inner", timeout_at(now() + 100ms, crunches));
            log.say("never");
        };
        co_await tells("outer", timeout_at(now() + 2ms, body));
    });
    EXPECT_EQ(log.text(), "outer:timed out");
}

TEST_F(ParityTimeoutNested, a_busy_loop_makes_both_strike_in_their_turn) {
    same("test_timeouts: nested_timeouts_loop_busy");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&]() -> Task<> {
            auto busy = []() -> Task<> {
                blocking_sleep(100ms);
                co_await sleep(1s);
            };
            co_await tells("inner", timeout_at(before + 10ms, busy));
            co_await sleep(10s);
            log.say("never");
        };
        co_await tells("outer", timeout_at(before + 100ms, body));
        EXPECT_EQ(now() - before, 100ms);
    });
    EXPECT_EQ(log.text(), "inner:timed out outer:timed out");
}

TEST_F(ParityTimeoutNested, time_in_which_the_loop_is_blocked_does_not_count_at_the_start) {
    differs("test_timeouts: nested_timeouts_loop_busy (relative deadlines)",
            "a duration runs from the loop's next look at the clock; a time is exact");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto busy = []() -> Task<> {
            blocking_sleep(100ms);
            co_await sleep(1s);
        };
        co_await tells("busy", timeout(10ms, busy));
        EXPECT_EQ(now() - before, 110ms);
    });
    EXPECT_EQ(log.text(), "busy:timed out");
}

TEST_F(ParityTimeoutNested, the_inner_one_alone_leaves_the_outer_running) {
    same("test_timeouts: nested_timeouts (inner only)");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            co_await tells("inner", timeout(1ms, forever()));
            co_await says("goes on", 1ms);
        };
        co_await tells("outer", timeout(10ms, body));
    });
    EXPECT_EQ(log.text(), "inner:timed out goes on outer:done");
}

TEST_F(ParityTimeoutNested, a_cleanup_can_have_a_timeout_of_its_own) {
    same("test_timeouts: nested_timeout_in_finally");
    run_sim([&]() -> Task<> {
        auto cleanup = [&]() -> Task<> { co_await tells("cleanup", timeout(10ms, forever())); };
        co_await tells("body", timeout(10ms, finally(forever(), cleanup)));
    });
    EXPECT_EQ(log.text(), "cleanup:timed out body:timed out");
}

TEST_F(ParityTimeoutNested, in_a_cancelled_task_it_does_not_start) {
    differs("test_timeouts: timeout_after_cancellation",
            "a cancelled scope stays cancelled: nothing but cleanup runs in it any more");
    run_sim([&]() -> Task<> {
        TaskHandle<>* self = nullptr;
        auto body = [&]() -> Task<> {
            co_await yield();
            self->cancel();
            co_await timeout(1s, says("never"));
            log.say("never");
        };
        TaskHandle<> handle = create_task(body);
        self = &handle;
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(ParityTimeoutNested, in_the_cleanup_of_a_cancelled_task_it_works_as_ever) {
    differs("test_timeouts: cancel_in_timeout_after_cancellation",
            "what runs after a cancel runs in a shield, and a deadline inside of it counts");
    run_sim([&]() -> Task<> {
        auto cleanup = [&]() -> Task<> {
            co_await tells("late", timeout(1ms, forever()));
            co_await tells("in time", timeout(2ms, value_after(1ms, 1)));
        };
        TaskHandle<int> handle = create_task(finally(dies("body"), cleanup));
        co_await sleep(1ms);
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "body late:timed out in time:1");
}

TEST_F(ParityTimeoutNested, an_expired_one_around_a_cancelled_task_reports_the_cancel) {
    same("test_tasks: BaseTaskTests uncancel_structured_blocks (cancelled from outside)");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            co_await tells("shielded", timeout(1ms, shield(sleep(10ms))));
            co_await yield();
            log.say("never");
        };
        TaskHandle<> handle = create_task(body);
        co_await sleep(5ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        log.say(end);
    });
    EXPECT_EQ(log.text(), "shielded:done cancelled: caller");
}

TEST_F(ParityTimeoutNested, a_block_that_timed_out_leaves_its_task_whole) {
    same("test_tasks: BaseTaskTests uncancel_structured_blocks (timed out)");
    run_sim([&]() -> Task<> {
        auto request = [&](Duration takes, Duration limit) -> Task<> {
            auto block = [&]() -> Task<> {
                co_await sleep(takes);
                log.say("block finished");
            };
            co_await tells("request", timeout(limit, block));
            co_await sleep(1ms);
            log.say("outer code reached");
        };
        co_await request(10s, 100ms);
        co_await request(0s, 10s);
    });
    EXPECT_EQ(log.text(),
              "request:timed out outer code reached "
              "block finished request:done outer code reached");
}

TEST_F(ParityTimeoutNested, a_group_inside_is_stopped_as_a_whole) {
    same("documentation: asyncio.timeout around a TaskGroup");
    run_sim([&]() -> Task<> {
        auto group_body = [&](TaskGroup& group) -> Task<> {
            group.spawn(dies("child"));
            co_await dies("body");
        };
        co_await tells("group", timeout(10ms, task_group(group_body)));
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "child body group:timed out");
}

}  // namespace
}  // namespace rondo::test
