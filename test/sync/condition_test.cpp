// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/condition.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <stdexcept>

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct ConditionWait : CaseBase {
    static constexpr const char* name = "wait";
    Lock lock;
    Condition condition{lock};

    explicit ConditionWait(int) {}
    Task<> block() { co_return; }
    std::optional<Lock::Guard> prepare() { return lock.try_acquire(); }
    auto make(std::optional<Lock::Guard>& held) { return condition.wait(*held); }
    Task<> open() {
        const Lock::Guard guard = co_await lock.acquire();
        condition.notify_all();
    }
    bool whole() const { return !lock.locked(); }
};

using ConditionCases = testing::Types<ConditionWait>;
INSTANTIATE_TYPED_TEST_SUITE_P(condition, Laws, ConditionCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(condition, AgainLaws, ConditionCases, CaseNames);

class ConditionTest : public LedgerTest {
protected:
    Lock lock{"lock"};
    Condition condition{lock};

    Task<> wait(std::string word) {
        Lock::Guard guard = co_await lock.acquire();
        co_await condition.wait(guard);
        EXPECT_TRUE(guard.owns_lock());
        EXPECT_TRUE(lock.locked());
        log.say(word);
    }
    Task<> notify(std::size_t count) {
        const Lock::Guard guard = co_await lock.acquire();
        condition.notify(count);
    }
};
using ConditionDeathTest = ConditionTest;

TEST_F(ConditionTest, a_notified_waiter_goes_on_holding_the_lock) {  // test_wait
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        TaskHandle<> three = create_task(wait("3"));
        co_await turns(2);
        EXPECT_FALSE(lock.locked()) << "waiting releases the lock";
        co_await notify(1);
        co_await turns(2);
        EXPECT_EQ(log.text(), "1");
        co_await notify(2);
        co_await two;
        co_await three;
        co_await one;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2 3");
    EXPECT_FALSE(lock.locked());
}

TEST_F(ConditionTest, a_stopped_waiter_does_not_take_the_lock_again) {
    // asyncio: test_wait_cancel: takes the lock again before CancelledError; Rondo: does not,
    // because its guard owns nothing then and a stop waits for nobody.
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("never"));
        co_await yield();
        std::optional<Lock::Guard> guard = lock.try_acquire();
        handle.cancel();
        co_await yield();
        EXPECT_TRUE(handle.cancelled()) << "although the lock is held";
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "");
    EXPECT_FALSE(lock.locked());
}

TEST_F(ConditionTest, a_waiter_cancelled_while_others_want_the_lock_lets_them_have_it) {
    // asyncio: test_wait_cancel_contested: the cancelled one queues for the lock; Rondo: it leaves.
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("never"));
        co_await yield();
        const Lock::Guard guard = co_await lock.acquire();
        TaskHandle<> other = create_task(notify(1));
        co_await yield();
        handle.cancel();
        co_await turns(2);
        EXPECT_TRUE(handle.cancelled());
        EXPECT_FALSE(other.done());
    };
    run_sim(main);
    EXPECT_FALSE(lock.locked());
}

TEST_F(ConditionTest, cancelled_after_a_notify_while_the_lock_is_held_it_stops) {
    // asyncio: test_wait_cancel_after_notify: takes the lock, then CancelledError; Rondo: without
    // the lock it has no result yet, so it stops, and the notify goes to the next one.
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("never"));
        TaskHandle<> next = create_task(wait("next"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify(1);
            co_await yield();
            handle.cancel();
            co_await yield();
            EXPECT_TRUE(handle.cancelled());
        }
        co_await next;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "next");
}

TEST_F(ConditionTest, cancelled_after_it_was_handed_the_lock_it_goes_on) {
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("goes on"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify(1);
        }
        handle.cancel();
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "goes on");
    EXPECT_FALSE(lock.locked());
}

TEST_F(ConditionDeathTest, waiting_needs_a_guard_that_owns_the_lock) {
    // asyncio: test_wait_unacquired: RuntimeError; Rondo: misuse ends the program.
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        guard.unlock();
        co_await condition.wait(guard);
    };
    EXPECT_DEATH(run_sim(main), "Condition::wait needs a guard of the condition's lock");
}

TEST_F(ConditionDeathTest, waiting_needs_a_guard_of_its_own_lock) {
    Lock other;
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await other.acquire();
        co_await condition.wait(guard);
    };
    EXPECT_DEATH(run_sim(main), "Condition::wait needs a guard of the condition's lock");
}

TEST_F(ConditionTest, wait_with_a_predicate_asks_it_under_the_lock_at_each_notify) {
    // test_wait_for
    int asked = 0;
    bool ready = false;
    auto main = [&]() -> Task<> {
        auto patient = [&]() -> Task<> {
            Lock::Guard guard = co_await lock.acquire();
            auto predicate = [&] {
                ++asked;
                EXPECT_TRUE(lock.locked());
                return ready;
            };
            co_await condition.wait(guard, predicate);
            EXPECT_TRUE(guard.owns_lock());
            log.say("ready");
        };
        TaskHandle<> handle = create_task(patient());
        co_await yield();
        EXPECT_EQ(asked, 1);
        co_await notify(1);
        co_await turns(2);
        EXPECT_EQ(asked, 2);
        EXPECT_FALSE(handle.done());
        ready = true;
        co_await notify(1);
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(asked, 3);
    EXPECT_EQ(log.text(), "ready");
}

TEST_F(ConditionTest, wait_with_a_true_predicate_neither_waits_nor_releases) {
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        TaskHandle<> other = create_task(notify(1));
        co_await yield();
        co_await condition.wait(guard, [] { return true; });
        EXPECT_FALSE(other.done());
        guard.unlock();
        co_await other;
    };
    run_sim(main);
}

TEST_F(ConditionTest, what_a_predicate_throws_reaches_the_waiter_who_holds_the_lock) {
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        auto failing = []() -> bool { throw std::runtime_error("predicate"); };
        try {
            co_await condition.wait(guard, failing);
        } catch (const std::runtime_error&) {
            EXPECT_TRUE(guard.owns_lock());
            log.say("caught");
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "caught");
}

TEST_F(ConditionDeathTest, waiting_with_a_predicate_needs_the_lock_too) {
    // asyncio: test_wait_for_unacquired: only a false predicate fails; Rondo: likewise.
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        guard.unlock();
        co_await condition.wait(guard, [] { return true; });
        co_await condition.wait(guard, [] { return false; });
    };
    EXPECT_DEATH(run_sim(main), "Condition::wait needs a guard of the condition's lock");
}

TEST_F(ConditionTest, notify_wakes_at_most_so_many_in_order) {  // test_notify
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles;
        for (int i = 0; i < 4; ++i) {
            handles.push_back(create_task(wait(std::to_string(i))));
        }
        co_await turns(2);
        co_await notify(1);
        co_await turns(4);
        EXPECT_EQ(log.text(), "0");
        co_await notify(2);
        co_await turns(4);
        EXPECT_EQ(log.text(), "0 1 2");
        co_await notify(2048);
        co_await handles.back();
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 1 2 3");
}

TEST_F(ConditionTest, notify_all_wakes_all) {  // test_notify_all
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(wait("1"));
        TaskHandle<> two = create_task(wait("2"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify_all();
            co_await turns(3);
            EXPECT_EQ(log.text(), "") << "they wait for the lock now";
        }
        co_await one;
        co_await two;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2");
}

TEST_F(ConditionTest, notify_with_nobody_waiting_is_forgotten) {
    auto main = [&]() -> Task<> {
        co_await notify(5);
        TaskHandle<> handle = create_task(wait("late"));
        co_await turns(4);
        EXPECT_FALSE(handle.done());
        co_await notify(1);
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "late");
}

TEST_F(ConditionDeathTest, notifying_needs_the_lock) {
    // asyncio: test_notify_unacquired, test_notify_all_unacquired: RuntimeError; Rondo: misuse.
    EXPECT_DEATH(condition.notify(), "Condition::notify needs the condition's lock to be held");
    EXPECT_DEATH(condition.notify_all(), "Condition::notify needs the condition's lock to be held");
}

TEST_F(ConditionTest, the_lock_is_given_and_can_be_shared_by_conditions) {
    // asyncio: test_explicit_lock, test_ambiguous_loops: makes its own lock unless given one, of
    // the same loop; Rondo: always given, because the guard is the lock's.
    Condition full{lock};
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("first"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            full.notify_all();
        }
        co_await turns(3);
        EXPECT_FALSE(handle.done());
        co_await notify(1);
        co_await handle;
    };
    run_sim(main);
}

TEST_F(ConditionTest, a_timeout_in_the_block_leaves_the_guard_without_the_lock) {
    // asyncio: test_timeout_in_block: the block still holds the lock after TimeoutError; Rondo: the
    // guard says that it does not, and may be taken again.
    auto main = [&]() -> Task<> {
        Lock::Guard guard = co_await lock.acquire();
        try {
            co_await timeout(500ms, condition.wait(guard));
        } catch (const TimeoutError&) {
            log.say("late");
        }
        EXPECT_FALSE(guard.owns_lock());
        EXPECT_FALSE(lock.locked());
        guard = co_await lock.acquire();
        EXPECT_TRUE(guard.owns_lock());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "late");
}

TEST_F(ConditionTest, a_woken_waiter_in_a_cancelled_scope_ends_with_the_reason_of_the_cancel) {
    // asyncio: test_cancelled_error_wakeup, test_cancelled_error_re_aquire: the last CancelledError
    // is the one thrown; Rondo: the first reason stays, because a cancel is idempotent.
    auto main = [&]() -> Task<> {
        TaskHandle<> handle = create_task(wait("never"));
        co_await yield();
        handle.cancel();
        handle.cancel();
        try {
            co_await handle;
        } catch (const Cancelled& stop) {
            EXPECT_EQ(stop.reason(), Reason::caller);
            log.say("stopped");
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "stopped");
}

TEST_F(ConditionTest, a_notify_that_reached_a_cancelled_waiter_goes_on_to_the_next) {
    // test_cancelled_wakeup, test_cancelled_wakeup_relock: no notify is lost
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles;
        for (int i = 0; i < 4; ++i) {
            handles.push_back(create_task(wait(std::to_string(i))));
        }
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            condition.notify(2);
            handles[0].cancel();
            handles[1].cancel();
            handles[2].cancel();
        }
        co_await turns(6);
        EXPECT_EQ(log.text(), "3");
        EXPECT_TRUE(handles[2].cancelled());
    };
    run_sim(main);
    EXPECT_FALSE(lock.locked());
}

TEST_F(ConditionTest, it_may_die_as_soon_as_all_who_wait_are_notified) {
    auto main = [&]() -> Task<> {
        auto mine = std::make_unique<Condition>(lock, "mine");
        auto waits = [&](std::string word) -> Task<> {
            Lock::Guard guard = co_await lock.acquire();
            co_await mine->wait(guard);
            EXPECT_TRUE(guard.owns_lock());
            log.say(word);
        };
        TaskHandle<> one = create_task(waits("1"));
        TaskHandle<> two = create_task(waits("2"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            mine->notify_all();
            mine.reset();
            EXPECT_THAT(current_loop().dump_tasks(), testing::HasSubstr("condition.wait \"lock\""));
        }
        co_await one;
        co_await two;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2");
}

TEST_F(ConditionTest, who_is_notified_may_be_cancelled_when_it_is_dead) {
    Condition other{lock};
    auto main = [&]() -> Task<> {
        auto mine = std::make_unique<Condition>(lock);
        auto waits = [&](Condition& at, std::string word) -> Task<> {
            Lock::Guard guard = co_await lock.acquire();
            co_await at.wait(guard);
            log.say(word);
        };
        TaskHandle<> one = create_task(waits(*mine, "1"));
        TaskHandle<> two = create_task(waits(other, "2"));
        TaskHandle<> three = create_task(waits(*mine, "3"));
        co_await turns(2);
        {
            const Lock::Guard guard = co_await lock.acquire();
            mine->notify_all();
            other.notify_all();
            mine.reset();
            one.cancel();
            co_await turns(2);
            EXPECT_TRUE(one.cancelled());
        }
        co_await two;
        co_await three;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "3 2");
    EXPECT_FALSE(lock.locked());
}

TEST_F(ConditionDeathTest, must_not_die_while_a_task_waits) {
    auto main = []() -> Task<> {
        Lock own;
        auto mine = std::make_unique<Condition>(own);
        auto waiting = [&]() -> Task<> {
            Lock::Guard guard = co_await own.acquire();
            co_await mine->wait(guard);
        };
        TaskHandle<> handle = create_task(waiting());
        co_await yield();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a Condition was destroyed while a task waits");
}

TEST_F(ConditionTest, every_token_is_taken_by_one_for_all_seeds) {
    int taken = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Lock mutex;
        Condition more{mutex};
        int made = 0;
        int left = 0;
        int got = 0;
        auto round = [&](int worker) -> Task<> {
            Lock::Guard guard = co_await mutex.acquire();
            if (worker % 2 == 0) {
                ++made;
                ++left;
                more.notify();
            } else {
                co_await more.wait(guard, [&] { return left > 0; });
                EXPECT_TRUE(guard.owns_lock());
                --left;
                ++got;
            }
        };
        stress(seed, round, [&] {
            EXPECT_EQ(made, got + left);
            EXPECT_FALSE(mutex.locked());
        });
        taken += got;
    }
    EXPECT_GT(taken, 200);
}

}  // namespace rondo::test
