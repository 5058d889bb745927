// SPDX-License-Identifier: Apache-2.0
// asyncio.Semaphore and BoundedSemaphore beside ours.
#include "rondo/sync/semaphore.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/event.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParitySemaphore : public ParityTest {
protected:
    /// Takes a permit for ever, as asyncio's acquire() without a release().
    Task<> take(Semaphore& semaphore, std::string word) {
        Semaphore::Permit permit = co_await semaphore.acquire();
        permit.forget();
        log.say(word);
    }
};
using ParitySemaphoreDeathTest = ParitySemaphore;

TEST_F(ParitySemaphore, with_no_permits_it_begins_locked) {
    same("test_locks: SemaphoreTests.test_initial_value_zero");
    Semaphore semaphore(0);
    EXPECT_TRUE(semaphore.locked());
    EXPECT_FALSE(semaphore.try_acquire());
}

TEST_F(ParitySemaphore, it_tells_its_permits_and_the_tree_tells_who_waits) {
    differs("test_locks: SemaphoreTests.test_repr",
            "there is no repr: locked() and available() are the state, and dump_tasks() shows the "
            "waiters");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        EXPECT_EQ(semaphore.available(), 1U);
        Semaphore::Permit permit = co_await semaphore.acquire();
        EXPECT_TRUE(semaphore.locked());
        TaskHandle<> waiter = create_task(take(semaphore, "waiter"));
        co_await yield();
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("semaphore.acquire"), std::string::npos) << tree;
        permit.release();
        co_await waiter;
    });
}

TEST_F(ParitySemaphore, an_acquire_that_nobody_awaits_takes_nothing) {
    differs("test_locks: SemaphoreTests.test_semaphore",
            "awaiting the semaphore itself does not compile, in place of a TypeError");
    static_assert(!Awaitable<Semaphore>);
    Semaphore semaphore(1);
    [[maybe_unused]] auto unused = semaphore.acquire();
    EXPECT_FALSE(semaphore.locked());
    EXPECT_EQ(semaphore.available(), 1U);
}

TEST_F(ParitySemaphore, any_number_of_permits_can_be_had) {
    differs("test_locks: SemaphoreTests.test_semaphore_value",
            "the number is unsigned, so -1 is no ValueError: it is the greatest there is");
    Semaphore semaphore(static_cast<std::size_t>(-1));
    EXPECT_FALSE(semaphore.locked());
    const auto permit = semaphore.try_acquire();
    EXPECT_TRUE(permit);
}

TEST_F(ParitySemaphore, released_permits_go_to_those_who_wait_longest) {
    same("test_locks: SemaphoreTests.test_acquire");
    Semaphore semaphore(3);
    run_sim([&]() -> Task<> {
        co_await take(semaphore, "a");
        co_await take(semaphore, "b");
        EXPECT_FALSE(semaphore.locked());
        TaskHandle<> one = create_task(take(semaphore, "1"));
        TaskHandle<> two = create_task(take(semaphore, "2"));
        TaskHandle<> three = create_task(take(semaphore, "3"));
        co_await yield();
        EXPECT_EQ(log.text(), "a b 1");
        EXPECT_TRUE(semaphore.locked());
        TaskHandle<> four = create_task(take(semaphore, "4"));
        semaphore.release(2);
        EXPECT_EQ(semaphore.available(), 0U) << "they are spoken for";
        co_await turns(2);
        EXPECT_EQ(log.text(), "a b 1 2 3");
        EXPECT_FALSE(four.done());
        semaphore.release();
        co_await four;
        EXPECT_TRUE(one.succeeded() && two.succeeded() && three.succeeded());
    });
}

TEST_F(ParitySemaphore, a_cancelled_waiter_leaves_the_line) {
    same("test_locks: SemaphoreTests.test_acquire_cancel");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        const Semaphore::Permit permit = co_await semaphore.acquire();
        TaskHandle<> waiter = create_task(take(semaphore, "never"));
        co_await yield();
        waiter.cancel();
        co_await waiter.wait();
        EXPECT_TRUE(waiter.cancelled());
    });
    EXPECT_EQ(semaphore.available(), 1U);
}

TEST_F(ParitySemaphore, a_release_passes_over_all_who_were_cancelled_before_it) {
    same("test_locks: SemaphoreTests.test_acquire_cancel_before_awoken");
    Semaphore semaphore(0);
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(take(semaphore, "1"));
        TaskHandle<> two = create_task(take(semaphore, "2"));
        TaskHandle<> three = create_task(take(semaphore, "3"));
        TaskHandle<> four = create_task(take(semaphore, "4"));
        co_await yield();
        one.cancel();
        two.cancel();
        semaphore.release();
        co_await turns(2);
        EXPECT_TRUE(three.succeeded());
        EXPECT_FALSE(four.done());
    });
    EXPECT_EQ(log.text(), "3");
}

TEST_F(ParitySemaphore, a_release_beside_a_cancel_does_not_hang_the_other_waiter) {
    same("test_locks: SemaphoreTests.test_acquire_hang");
    Semaphore semaphore(0);
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(take(semaphore, "1"));
        TaskHandle<> two = create_task(take(semaphore, "2"));
        co_await yield();
        one.cancel();
        semaphore.release();
        co_await turns(2);
        EXPECT_TRUE(semaphore.locked());
        EXPECT_TRUE(two.succeeded());
    });
}

TEST_F(ParitySemaphore, who_is_cancelled_right_after_the_hand_over_gives_the_permit_on) {
    differs("test_locks: SemaphoreTests.test_acquire_no_hang",
            "no permit hangs in either; asyncio's second task is cancelled before its block, ours "
            "owns the permit by then and stops at its next await");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        auto second = [&]() -> Task<> {
            const Semaphore::Permit permit = co_await semaphore.acquire();
            log.say("second");
            co_await yield();
            log.say("never");
        };
        Semaphore::Permit first = co_await semaphore.acquire();
        TaskHandle<> task = create_task(second);
        co_await yield();
        first.release();
        task.cancel();
        co_await task.wait();
        EXPECT_TRUE(task.cancelled());
        const auto permit = co_await timeout(1s, semaphore.acquire());
    });
    EXPECT_EQ(log.text(), "second");
}

TEST_F(ParitySemaphoreDeathTest, a_bounded_one_refuses_a_release_too_many) {
    differs("test_locks: SemaphoreTests.test_release_not_acquired",
            "a mistake in the program, not a ValueError");
    BoundedSemaphore semaphore(1);
    EXPECT_DEATH(semaphore.release(), "a BoundedSemaphore was released more often than acquired");
}

TEST_F(ParitySemaphore, a_bounded_one_takes_back_what_was_taken) {
    same("asyncio docs: BoundedSemaphore.release up to the initial value");
    BoundedSemaphore semaphore(2);
    run_sim([&]() -> Task<> {
        co_await take(semaphore, "1");
        co_await take(semaphore, "2");
        EXPECT_TRUE(semaphore.locked());
        semaphore.release(2);
        EXPECT_EQ(semaphore.available(), 2U);
    });
}

TEST_F(ParitySemaphore, an_unbounded_one_grows_by_releases) {
    same("asyncio docs: Semaphore.release may add permits beyond the first number");
    Semaphore semaphore(1);
    semaphore.release(2);
    EXPECT_EQ(semaphore.available(), 3U);
}

TEST_F(ParitySemaphore, a_release_with_nobody_waiting_frees_the_permit) {
    same("test_locks: SemaphoreTests.test_release_no_waiters");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        Semaphore::Permit permit = co_await semaphore.acquire();
        EXPECT_TRUE(semaphore.locked());
        permit.release();
        EXPECT_FALSE(semaphore.locked());
    });
}

TEST_F(ParitySemaphore, who_comes_again_stands_behind_all_who_wait) {
    same("test_locks: SemaphoreTests.test_acquire_fifo_order");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        auto twice = [&](std::string name) -> Task<> {
            for (const char* const round : {"1", "2"}) {
                const Semaphore::Permit permit = co_await semaphore.acquire();
                log.say(name + round);
                co_await sleep(10ms);
            }
        };
        co_await gather(twice("a"), twice("b"), twice("c"));
    });
    EXPECT_EQ(log.text(), "a1 b1 c1 a2 b2 c2");
}

TEST_F(ParitySemaphore, a_spare_permit_may_be_taken_while_a_woken_waiter_has_not_run) {
    differs("test_locks: SemaphoreTests.test_acquire_fifo_order_2",
            "asyncio lets 3 run before 4; ours has its permit before 4 takes a spare one, and only "
            "its turn comes later");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        auto passes_by = [&]() -> Task<> {
            co_await take(semaphore, "2");
            semaphore.release();
            co_await take(semaphore, "4");
        };
        TaskHandle<> one = create_task(take(semaphore, "1"));
        TaskHandle<> two = create_task(passes_by);
        TaskHandle<> three = create_task(take(semaphore, "3"));
        co_await yield();
        semaphore.release(2);
        co_await three;
        EXPECT_TRUE(one.succeeded() && two.succeeded());
    });
    EXPECT_EQ(log.text(), "1 2 4 3");
    EXPECT_EQ(semaphore.available(), 0U);
}

TEST_F(ParitySemaphore, giving_back_and_taking_at_once_lets_the_waiting_go_first) {
    same("asyncio docs: Semaphore is fair, first come first served");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        auto greedy = [&]() -> Task<> {
            co_await take(semaphore, "greedy");
            co_await yield();
            semaphore.release();
            co_await take(semaphore, "again");
        };
        TaskHandle<> one = create_task(greedy);
        TaskHandle<> two = create_task(take(semaphore, "patient"));
        co_await two;
        semaphore.release();
        co_await one;
    });
    EXPECT_EQ(log.text(), "greedy patient again");
}

TEST_F(ParitySemaphore, the_order_survives_a_cancel_at_its_head) {
    same("test_locks: SemaphoreTests.test_acquire_fifo_order_3");
    Semaphore semaphore(0);
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(take(semaphore, "1"));
        TaskHandle<> two = create_task(take(semaphore, "2"));
        TaskHandle<> three = create_task(take(semaphore, "3"));
        co_await yield();
        one.cancel();
        co_await yield();
        semaphore.release(2);
        co_await three;
        EXPECT_TRUE(one.cancelled() && two.succeeded());
    });
    EXPECT_EQ(log.text(), "2 3");
}

TEST_F(ParitySemaphore, a_waiter_that_has_its_permit_holds_nobody_up) {
    differs("test_locks: SemaphoreTests.test_acquire_fifo_order_4",
            "asyncio lets nobody pass while a woken waiter has not run; ours owns its permit from "
            "the release on, so a free one may be taken without a wait");
    Semaphore semaphore(0);
    run_sim([&]() -> Task<> {
        auto releases_first = [&]() -> Task<> {
            semaphore.release(3);
            co_await take(semaphore, "2");
        };
        co_await gather(take(semaphore, "1"), releases_first, take(semaphore, "3"));
    });
    EXPECT_EQ(log.text(), "2 3 1") << "1 has its permit first, and its turn last";
    EXPECT_TRUE(semaphore.locked());
}

TEST_F(ParitySemaphore, an_error_inside_gives_the_permit_back) {
    same("asyncio docs: async with semaphore releases on an exception");
    Semaphore semaphore(1);
    run_sim([&]() -> Task<> {
        try {
            const Semaphore::Permit permit = co_await semaphore.acquire();
            throw std::runtime_error("inside");
        } catch (const std::runtime_error&) {
            EXPECT_EQ(semaphore.available(), 1U);
        }
    });
}

}  // namespace
}  // namespace rondo::test
