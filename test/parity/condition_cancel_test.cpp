// SPDX-License-Identifier: Apache-2.0
// asyncio.Condition beside rondo::Condition: waiters that are cancelled.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/condition.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityConditionCancel : public ParityTest {
protected:
    Lock lock;
    Condition condition{lock};

    Task<> wait(std::string word) {
        Lock::Guard guard = co_await lock.acquire();
        co_await condition.wait(guard);
        EXPECT_TRUE(guard.owns_lock());
        log.say(word);
    }
    Task<> notify(std::size_t count) {
        const Lock::Guard guard = co_await lock.acquire();
        condition.notify(count);
    }
};

TEST_F(ParityConditionCancel, a_cancelled_waiter_stops_without_the_lock) {
    differs(
        "test_locks: ConditionTests.test_wait_cancel",
        "asyncio takes the lock again before CancelledError; a stopped chain waits for nothing, "
        "and its guard owns nothing");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("never"));
        co_await yield();
        waiter.cancel();
        co_await waiter.wait();
        EXPECT_TRUE(waiter.cancelled());
        EXPECT_FALSE(lock.locked());
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityConditionCancel, notified_and_cancelled_while_the_lock_is_contested_it_stops) {
    differs("test_locks: ConditionTests.test_wait_cancel_contested",
            "asyncio's waiter queues for the lock and swallows the cancel; a waiter without the "
            "lock has no result yet, so it stops at once");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("never"));
        co_await yield();
        std::optional<Lock::Guard> guard = lock.try_acquire();
        condition.notify();
        waiter.cancel();
        co_await waiter.wait();
        EXPECT_TRUE(waiter.cancelled());
        EXPECT_TRUE(lock.locked()) << "still held by who notified";
    });
    EXPECT_FALSE(lock.locked());
}

TEST_F(ParityConditionCancel, cancelled_between_the_notify_and_the_lock_it_does_not_wait_for_it) {
    differs("test_locks: ConditionTests.test_wait_cancel_after_notify",
            "both end cancelled; asyncio's waiter first waits for the lock, ours does not");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("never"));
        co_await yield();
        const Lock::Guard guard = co_await lock.acquire();
        condition.notify();
        co_await yield();
        waiter.cancel();
        co_await yield();
        EXPECT_TRUE(waiter.cancelled()) << "before the lock was released";
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityConditionCancel, cancelled_once_the_lock_was_handed_to_it_the_wait_is_over) {
    differs("asyncio docs: a CancelledError may interrupt the acquire inside Condition.wait",
            "the release hands the lock over, and a result wins: the stop comes at the next await");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("holds it"));
        co_await yield();
        co_await notify(1);
        waiter.cancel();
        co_await waiter;
    });
    EXPECT_EQ(log.text(), "holds it");
    EXPECT_FALSE(lock.locked());
}

TEST_F(ParityConditionCancel, the_reason_of_the_first_cancel_stays_through_the_wait) {
    differs("test_locks: ConditionTests.test_cancelled_error_wakeup",
            "asyncio throws the very CancelledError that came; a cancel is a state with a reason");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("never"));
        co_await yield();
        waiter.cancel();
        Reason reason = Reason::none;
        try {
            co_await waiter;
        } catch (const Cancelled& stopped) {
            reason = stopped.reason();
        }
        EXPECT_EQ(reason, Reason::caller);
    });
}

TEST_F(ParityConditionCancel, a_second_cancel_while_the_first_waits_for_nothing_changes_nothing) {
    differs("test_locks: ConditionTests.test_cancelled_error_re_aquire",
            "asyncio keeps the last CancelledError, that hits the acquire; a cancel is idempotent, "
            "and the first reason and place stay");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("never"));
        co_await yield();
        const Lock::Guard guard = co_await lock.acquire();
        condition.notify();
        const std::uint32_t first_line = std::source_location::current().line() + 1;
        waiter.cancel();
        waiter.cancel();
        std::uint32_t line = 0;
        try {
            co_await waiter;
        } catch (const Cancelled& stopped) {
            line = stopped.place().line;
        }
        EXPECT_EQ(line, first_line);
    });
}

TEST_F(ParityConditionCancel, a_notify_spent_on_a_cancelled_waiter_reaches_the_next) {
    same("test_locks: ConditionTests.test_cancelled_wakeup");
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify(1);
            one.cancel();
        }
        co_await two;
        EXPECT_TRUE(one.cancelled());
    });
    EXPECT_EQ(log.text(), "2");
}

TEST_F(ParityConditionCancel, a_notify_passed_on_needs_no_lock_that_is_free) {
    same("test_locks: ConditionTests.test_cancelled_wakeup_relock");
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify(1);
            co_await turns(2);
            one.cancel();
            co_await turns(2);
            EXPECT_TRUE(one.cancelled());
            EXPECT_FALSE(two.done());
        }
        co_await two;
    });
    EXPECT_EQ(log.text(), "2");
}

TEST_F(ParityConditionCancel, after_a_timeout_the_guard_says_that_the_lock_is_gone) {
    differs("test_locks: ConditionTests.test_timeout_in_block",
            "in asyncio the block holds the lock again after TimeoutError; here the guard owns "
            "nothing, and the lock can be acquired again");
    run_sim([&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        bool late = false;
        try {
            co_await timeout(500ms, condition.wait(guard));
        } catch (const TimeoutError&) {
            late = true;
        }
        EXPECT_TRUE(late);
        EXPECT_FALSE(guard.owns_lock());
        EXPECT_FALSE(lock.locked());
        guard = co_await lock.acquire();
        EXPECT_TRUE(guard.owns_lock());
    });
}

}  // namespace
}  // namespace rondo::test
