// SPDX-License-Identifier: Apache-2.0
// asyncio.Condition beside rondo::Condition: waiting and notifying. What happens to a waiter that
// is cancelled is in condition_cancel_test.cpp.
#include "rondo/sync/condition.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/event_loop.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityCondition : public ParityTest {
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
using ParityConditionDeathTest = ParityCondition;

TEST_F(ParityCondition, a_notified_waiter_goes_on_once_the_notifier_has_released_the_lock) {
    same("test_locks: ConditionTests.test_wait");
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        TaskHandle<> three = create_task(wait("3"));
        co_await turns(2);
        EXPECT_FALSE(lock.locked()) << "who waits does not hold it";
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify();
            co_await turns(2);
            EXPECT_EQ(log.text(), "") << "the lock is held";
        }
        co_await one;
        EXPECT_EQ(log.text(), "1");
        co_await notify(2);
        co_await three;
        EXPECT_TRUE(two.succeeded());
    });
    EXPECT_EQ(log.text(), "1 2 3");
}

TEST_F(ParityConditionDeathTest, waiting_without_the_lock_stops_the_program) {
    differs("test_locks: ConditionTests.test_wait_unacquired",
            "a guard that owns nothing is a mistake in the program, not a RuntimeError");
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        guard.unlock();
        co_await condition.wait(guard);
    };
    EXPECT_DEATH(run_sim(main), "Condition::wait needs a guard of the condition's lock");
}

TEST_F(ParityCondition, a_predicate_is_asked_again_at_each_notify_until_it_holds) {
    same("test_locks: ConditionTests.test_wait_for");
    bool holds = false;
    run_sim([&]() -> Task<> {
        auto patient = [&]() -> Task<> {
            Lock::Guard guard = co_await lock.acquire();
            co_await condition.wait(guard, [&] { return holds; });
            log.say("holds");
        };
        TaskHandle<> waiter = create_task(patient);
        co_await yield();
        co_await notify(1);
        co_await turns(2);
        EXPECT_EQ(log.text(), "") << "it looked, and waits again";
        holds = true;
        co_await notify(1);
        co_await waiter;
    });
    EXPECT_EQ(log.text(), "holds");
}

TEST_F(ParityConditionDeathTest, only_a_predicate_that_does_not_hold_needs_the_lock) {
    differs("test_locks: ConditionTests.test_wait_for_unacquired",
            "a true predicate ends the wait in both; a false one without the lock is a mistake in "
            "the program, not a RuntimeError");
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        guard.unlock();
        co_await condition.wait(guard, [] { return true; });
        log.say("passed");
        EXPECT_EQ(log.text(), "passed");
        co_await condition.wait(guard, [] { return false; });
    };
    EXPECT_DEATH(run_sim(main), "Condition::wait needs a guard of the condition's lock");
}

TEST_F(ParityCondition, notify_wakes_as_many_as_it_is_told_in_order_and_at_most_all) {
    same("test_locks: ConditionTests.test_notify");
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        TaskHandle<> three = create_task(wait("3"));
        co_await turns(2);
        co_await notify(1);
        co_await turns(3);
        EXPECT_EQ(log.text(), "1");
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify(1);
            condition.notify(2048);
        }
        co_await three;
        EXPECT_TRUE(one.succeeded() && two.succeeded());
    });
    EXPECT_EQ(log.text(), "1 2 3");
}

TEST_F(ParityCondition, notify_all_wakes_everybody_in_order) {
    same("test_locks: ConditionTests.test_notify_all");
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify_all();
        }
        co_await two;
        EXPECT_TRUE(one.succeeded());
    });
    EXPECT_EQ(log.text(), "1 2");
}

TEST_F(ParityCondition, a_notify_that_meets_nobody_is_not_remembered) {
    same("asyncio docs: Condition.notify wakes waiting tasks only");
    run_sim([&]() -> Task<> {
        co_await notify(3);
        TaskHandle<> late = create_task(wait("late"));
        co_await turns(3);
        EXPECT_FALSE(late.done());
        co_await notify(1);
        co_await late;
    });
    EXPECT_EQ(log.text(), "late");
}

TEST_F(ParityConditionDeathTest, notifying_without_the_lock_stops_the_program) {
    differs("test_locks: ConditionTests.test_notify_unacquired",
            "a mistake in the program, not a RuntimeError");
    EXPECT_DEATH(condition.notify(), "Condition::notify needs the condition's lock to be held");
}

TEST_F(ParityConditionDeathTest, notifying_all_without_the_lock_stops_the_program) {
    differs("test_locks: ConditionTests.test_notify_all_unacquired",
            "a mistake in the program, not a RuntimeError");
    EXPECT_DEATH(condition.notify_all(), "Condition::notify needs the condition's lock to be held");
}

TEST_F(ParityCondition, the_tree_tells_who_waits) {
    differs("test_locks: ConditionTests.test_repr",
            "there is no repr: the state is the lock's, and dump_tasks() shows the waiters");
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("waiter"));
        co_await yield();
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("condition.wait"), std::string::npos) << tree;
        co_await notify(1);
        co_await waiter;
    });
}

TEST_F(ParityCondition, the_guard_of_its_lock_is_its_context_manager) {
    differs("test_locks: ConditionTests.test_context_manager",
            "one enters the lock, not the condition: a condition has no lock of its own");
    static_assert(!Awaitable<Condition>);
    run_sim([&]() -> Task<> {
        EXPECT_FALSE(lock.locked());
        {
            const Lock::Guard guard = co_await lock.acquire();
            EXPECT_TRUE(lock.locked());
            condition.notify();
        }
        EXPECT_FALSE(lock.locked());
    });
}

TEST_F(ParityCondition, two_conditions_share_a_lock_and_not_their_notifies) {
    differs("test_locks: ConditionTests.test_explicit_lock",
            "the lock is always given: there is no condition that makes its own");
    static_assert(!std::is_default_constructible_v<Condition>);
    Condition other(lock);
    run_sim([&]() -> Task<> {
        TaskHandle<> waiter = create_task(wait("woken"));
        co_await yield();
        {
            const Lock::Guard guard = co_await lock.acquire();
            other.notify_all();
        }
        co_await turns(3);
        EXPECT_FALSE(waiter.done());
        co_await notify(1);
        co_await waiter;
    });
}

TEST_F(ParityConditionDeathTest, a_guard_of_another_lock_stops_the_program) {
    differs("test_locks: ConditionTests.test_ambiguous_loops",
            "there is no loop to mismatch; the mistake that is left is the wrong lock");
    Lock other;
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await other.acquire();
        co_await condition.wait(guard);
    };
    EXPECT_DEATH(run_sim(main), "Condition::wait needs a guard of the condition's lock");
}

}  // namespace
}  // namespace rondo::test
