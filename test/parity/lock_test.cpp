// SPDX-License-Identifier: Apache-2.0
// asyncio.Lock beside rondo::Lock.
#include "rondo/sync/lock.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <type_traits>

#include "parity/parity.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/sync/condition.hpp"
#include "rondo/sync/event.hpp"
#include "rondo/sync/semaphore.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityLock : public ParityTest {
protected:
    Lock lock;

    /// Holds the lock for no longer than it takes to say so.
    Task<> pass(std::string word) {
        const Lock::Guard guard = co_await lock.acquire();
        log.say(word);
    }
    /// Holds it until `go` is set.
    Task<> hold(std::string word, Event& go) {
        const Lock::Guard guard = co_await lock.acquire();
        log.say(word);
        co_await go.wait();
    }
};

TEST_F(ParityLock, it_tells_whether_it_is_locked_and_the_tree_tells_who_waits) {
    differs("test_locks: LockTests.test_repr",
            "there is no repr: locked() is the state, and dump_tasks() shows the waiters");
    run_sim([&]() -> Task<> {
        EXPECT_FALSE(lock.locked());
        std::optional<Lock::Guard> guard = lock.try_acquire();
        EXPECT_TRUE(lock.locked());
        TaskHandle<> waiter = create_task(pass("waiter"));
        co_await yield();
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("lock.acquire"), std::string::npos) << tree;
        guard.reset();
        co_await waiter;
    });
}

TEST_F(ParityLock, an_acquire_that_nobody_awaits_takes_nothing) {
    differs("test_locks: LockTests.test_lock",
            "awaiting the lock itself does not compile, in place of a TypeError");
    static_assert(!Awaitable<Lock>);
    run_sim([&]() -> Task<> {
        {
            [[maybe_unused]] auto unused = lock.acquire();
            EXPECT_FALSE(lock.locked());
        }
        EXPECT_FALSE(lock.locked());
        co_await pass("taken");
    });
    EXPECT_EQ(log.text(), "taken");
}

TEST_F(ParityLock, it_belongs_to_no_loop_and_serves_one_run_after_another) {
    differs(
        "test_locks: LockTests.test_lock_doesnt_accept_loop_parameter",
        "no constructor takes a loop either, and a lock that nobody waits for is bound to none");
    static_assert(!std::is_constructible_v<Lock, EventLoop&>);
    static_assert(!std::is_constructible_v<Event, EventLoop&>);
    static_assert(!std::is_constructible_v<Condition, EventLoop&>);
    static_assert(!std::is_constructible_v<Semaphore, EventLoop&>);
    static_assert(!std::is_constructible_v<BoundedSemaphore, EventLoop&>);
    run_sim(pass("first"));
    run_sim(pass("second"));
    EXPECT_EQ(log.text(), "first second");
}

TEST_F(ParityLock, a_guard_in_a_scope_is_the_only_with_statement) {
    differs("test_locks: LockTests.test_lock_by_with_statement",
            "a lock is no guard by itself, so nothing can be entered without awaiting it");
    Semaphore semaphore(1);
    BoundedSemaphore bounded(1);
    run_sim([&]() -> Task<> {
        co_await sleep(10ms);
        {
            const Lock::Guard guard = co_await lock.acquire();
            const Semaphore::Permit one = co_await semaphore.acquire();
            const Semaphore::Permit two = co_await bounded.acquire();
            EXPECT_TRUE(lock.locked() && semaphore.locked() && bounded.locked());
        }
        EXPECT_FALSE(lock.locked() || semaphore.locked() || bounded.locked());
    });
}

TEST_F(ParityLock, waiters_get_it_one_by_one_in_order_of_arrival) {
    same("test_locks: LockTests.test_acquire");
    run_sim([&]() -> Task<> {
        std::optional<Lock::Guard> mine = lock.try_acquire();
        Event go_1;
        Event go_2;
        TaskHandle<> one = create_task(hold("1", go_1));
        TaskHandle<> two = create_task(hold("2", go_2));
        co_await yield();
        EXPECT_EQ(log.text(), "");
        mine.reset();
        co_await turns(2);
        EXPECT_EQ(log.text(), "1");
        TaskHandle<> three = create_task(pass("3"));
        go_1.set();
        co_await turns(2);
        EXPECT_EQ(log.text(), "1 2");
        go_2.set();
        co_await turns(2);
        EXPECT_EQ(log.text(), "1 2 3");
        EXPECT_TRUE(one.succeeded() && two.succeeded() && three.succeeded());
    });
}

TEST_F(ParityLock, a_cancelled_waiter_leaves_the_line) {
    same("test_locks: LockTests.test_acquire_cancel");
    run_sim([&]() -> Task<> {
        std::optional<Lock::Guard> mine = lock.try_acquire();
        TaskHandle<> waiter = create_task(pass("never"));
        co_await yield();
        waiter.cancel();
        bool stopped = false;
        try {
            co_await waiter;
        } catch (const Cancelled&) {
            stopped = true;
        }
        EXPECT_TRUE(stopped);
        mine.reset();
        EXPECT_FALSE(lock.locked()) << "nobody was in the line to get it";
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityLock, a_waiter_cancelled_in_the_turn_of_the_release_is_passed_over) {
    same("test_locks: LockTests.test_cancel_race");
    run_sim([&]() -> Task<> {
        Event go;
        TaskHandle<> a = create_task(hold("A", go));
        TaskHandle<> b = create_task(pass("B"));
        TaskHandle<> c = create_task(pass("C"));
        co_await yield();
        go.set();
        b.cancel();
        co_await turns(2);
        EXPECT_TRUE(a.succeeded());
        EXPECT_TRUE(b.cancelled());
        co_await c;
        EXPECT_FALSE(lock.locked());
    });
    EXPECT_EQ(log.text(), "A C");
}

TEST_F(ParityLock, a_cancel_beside_a_release_lets_exactly_one_other_in) {
    same("test_locks: LockTests.test_cancel_release_race");
    run_sim([&]() -> Task<> {
        Event never;
        std::optional<Lock::Guard> mine = lock.try_acquire();
        TaskHandle<> one = create_task(hold("1", never));
        TaskHandle<> two = create_task(hold("2", never));
        TaskHandle<> three = create_task(hold("3", never));
        co_await yield();
        one.cancel();
        mine.reset();
        co_await one.wait();
        co_await turns(2);
        EXPECT_EQ(log.text(), "2");
        EXPECT_TRUE(one.cancelled());
        three.cancel();
        two.cancel();
        co_await turns(2);
        EXPECT_TRUE(three.cancelled());
    });
    EXPECT_EQ(log.text(), "2");
    EXPECT_FALSE(lock.locked());
}

TEST_F(ParityLock, a_newcomer_gets_it_after_the_only_waiter_was_cancelled) {
    same("test_locks: LockTests.test_finished_waiter_cancelled");
    run_sim([&]() -> Task<> {
        Event never;
        std::optional<Lock::Guard> mine = lock.try_acquire();
        TaskHandle<> b = create_task(pass("B"));
        co_await yield();
        TaskHandle<> c = create_task(hold("C", never));
        b.cancel();
        mine.reset();
        co_await turns(2);
        EXPECT_TRUE(b.cancelled());
        EXPECT_TRUE(lock.locked());
        EXPECT_EQ(log.text(), "C");
    });
}

TEST_F(ParityLock, a_waiter_cancelled_after_the_release_that_reached_it_has_the_lock) {
    differs("asyncio docs: Lock.release wakes a waiter, which may still be cancelled",
            "the lock is handed over by the release, so a result wins: the stop comes at the next "
            "await, and the guard passes the lock on");
    run_sim([&]() -> Task<> {
        Event never;
        std::optional<Lock::Guard> mine = lock.try_acquire();
        TaskHandle<> one = create_task(hold("1", never));
        TaskHandle<> two = create_task(pass("2"));
        co_await yield();
        mine.reset();
        one.cancel();
        co_await two;
        EXPECT_TRUE(one.cancelled());
    });
    EXPECT_EQ(log.text(), "1 2");
}

TEST_F(ParityLock, a_guard_that_was_unlocked_cannot_release_for_somebody_else) {
    differs("test_locks: LockTests.test_release_not_acquired",
            "releasing what one does not hold cannot be written, in place of a RuntimeError");
    run_sim([&]() -> Task<> {
        Lock::Guard mine = co_await lock.acquire();
        mine.unlock();
        EXPECT_FALSE(mine.owns_lock());
        const Lock::Guard other = co_await lock.acquire();
        mine.unlock();
        EXPECT_TRUE(lock.locked()) << "it is the other's";
    });
}

TEST_F(ParityLock, a_release_with_nobody_waiting_frees_it) {
    same("test_locks: LockTests.test_release_no_waiters");
    run_sim([&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        EXPECT_TRUE(lock.locked());
        guard.unlock();
        EXPECT_FALSE(lock.locked());
    });
}

TEST_F(ParityLock, a_guard_holds_it_to_the_end_of_its_scope) {
    same("test_locks: LockTests.test_context_manager");
    run_sim([&]() -> Task<> {
        EXPECT_FALSE(lock.locked());
        {
            const Lock::Guard guard = co_await lock.acquire();
            EXPECT_TRUE(lock.locked());
        }
        EXPECT_FALSE(lock.locked());
    });
}

}  // namespace
}  // namespace rondo::test
