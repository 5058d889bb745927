// SPDX-License-Identifier: Apache-2.0
// asyncio.Barrier beside rondo::Barrier: reset() and abort().
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/sync/barrier.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityBarrierReset : public ParityTest {
protected:
    static constexpr int parties = 5;
    Barrier barrier{parties};
    int passed = 0;
    int broken = 0;

    /// `count` tasks of `body`, gathered.
    template <class Body>
    static Task<> gather_many(int count, Body& body) {
        std::vector<Task<>> tasks;
        for (int i = 0; i < count; ++i) {
            tasks.push_back(body());
        }
        co_await gather(std::move(tasks));
    }
    /// Waits once and counts how it ended.
    Task<bool> meet(Barrier& at) {
        try {
            co_await at.wait();
        } catch (const BrokenBarrier&) {
            ++broken;
            co_return false;
        }
        ++passed;
        co_return true;
    }
};

TEST_F(ParityBarrierReset, of_an_empty_one_it_changes_nothing) {
    differs("test_locks: BarrierTests.test_reset_barrier", "reset() is no coroutine: never waits");
    barrier.reset();
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST_F(ParityBarrierReset, it_breaks_for_those_who_wait) {
    same("test_locks: BarrierTests.test_reset_barrier_while_tasks_waiting");
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> { co_await meet(barrier); };
        TaskHandle<> all = create_task(gather_many(parties - 1, party));
        co_await turns(2);
        EXPECT_EQ(barrier.waiting(), 4U);
        barrier.reset();
        co_await all;
    });
    EXPECT_EQ(broken, 4);
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST_F(ParityBarrierReset, those_who_were_let_through_are_out_of_its_reach) {
    differs("test_locks: BarrierTests.test_reset_barrier_when_tasks_half_draining",
            "asyncio breaks the wait of those who were let through and did not run yet; here they "
            "have passed, as a result wins");
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            const bool through = co_await meet(barrier);
            if (through && passed == 3) {
                barrier.reset();
            }
        };
        co_await gather_many(parties, party);
    });
    EXPECT_EQ(passed, 5);
    EXPECT_EQ(broken, 0);
    EXPECT_FALSE(barrier.broken());
}

TEST_F(ParityBarrierReset, it_reaches_those_who_came_back_already) {
    differs("test_locks: BarrierTests.test_reset_barrier_when_tasks_half_draining_half_blocking",
            "asyncio blocks who comes back until the round has drained, so a reset spares them; "
            "here they wait in the next round, and it breaks for them");
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            co_await meet(barrier);
            if (passed == 3) {
                barrier.reset();
                co_return;
            }
            if (passed < 3) {
                co_await meet(barrier);
            }
        };
        co_await gather_many(parties, party);
    });
    EXPECT_EQ(passed, 5) << "the whole first round";
    EXPECT_EQ(broken, 2) << "the two who were back";
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(ParityBarrierReset, those_for_whom_it_broke_may_wait_again_at_once) {
    same("test_locks: BarrierTests.test_reset_barrier_while_tasks_waiting_and_waiting_again");
    run_sim([&]() -> Task<> {
        auto stubborn = [&]() -> Task<> {
            const bool through = co_await meet(barrier);
            EXPECT_FALSE(through);
            co_await meet(barrier);
        };
        TaskHandle<> all = create_task(gather_many(parties - 1, stubborn));
        co_await turns(2);
        barrier.reset();
        co_await turns(2);
        EXPECT_EQ(barrier.waiting(), 4U);
        const bool through = co_await meet(barrier);
        EXPECT_TRUE(through);
        co_await all;
    });
    EXPECT_EQ(broken, 4);
    EXPECT_EQ(passed, 5);
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(ParityBarrierReset, by_the_last_to_leave_it_breaks_for_all_who_are_back) {
    differs("test_locks: BarrierTests.test_reset_barrier_while_tasks_draining",
            "asyncio spares those who are back, for they are blocked outside; here they wait in "
            "the next round. All can meet again in both");
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            co_await meet(barrier);
            if (passed == parties) {
                barrier.reset();
            } else {
                co_await meet(barrier);
            }
            co_await meet(barrier);
        };
        co_await gather_many(parties, party);
    });
    EXPECT_EQ(broken, 4);
    EXPECT_EQ(passed, 10) << "the first round and the last";
    EXPECT_FALSE(barrier.broken());
}

TEST_F(ParityBarrierReset, an_aborted_one_is_broken) {
    differs("test_locks: BarrierTests.test_abort_barrier", "abort() is no coroutine: never waits");
    barrier.abort();
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_TRUE(barrier.broken());
}

TEST_F(ParityBarrierReset, an_abort_breaks_it_for_those_who_are_back_and_spares_who_passed) {
    differs("test_locks: BarrierTests.test_abort_barrier_when_tasks_half_draining_half_blocking",
            "asyncio breaks also the waits of those who were let through and did not run yet; "
            "here they have passed");
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            co_await meet(barrier);
            if (passed >= 3) {
                barrier.abort();
            } else {
                co_await meet(barrier);
            }
        };
        co_await gather_many(parties, party);
    });
    EXPECT_TRUE(barrier.broken());
    EXPECT_EQ(passed, 5);
    EXPECT_EQ(broken, 2);
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(ParityBarrierReset, an_error_that_aborts_it_breaks_it_for_all_others) {
    same("test_locks: BarrierTests.test_abort_barrier_when_exception");
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            bool failed = false;
            try {
                const std::size_t index = co_await barrier.wait();
                if (index == parties / 2) {
                    throw std::runtime_error("one of them");
                }
                co_await barrier.wait();
                ++passed;
            } catch (const BrokenBarrier&) {
                ++broken;
            } catch (const std::runtime_error&) {
                failed = true;
            }
            if (failed) {
                barrier.abort();
            }
        };
        co_await gather_many(parties, party);
    });
    EXPECT_TRUE(barrier.broken());
    EXPECT_EQ(passed, 0);
    EXPECT_EQ(broken, 4);
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(ParityBarrierReset, after_an_abort_a_reset_makes_it_whole) {
    same("test_locks: BarrierTests.test_abort_barrier_when_exception_then_resetting");
    Barrier other(parties);
    int whole = 0;
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            bool aborts = false;
            try {
                const std::size_t index = co_await barrier.wait();
                aborts = index == parties / 2;
                if (!aborts) {
                    co_await barrier.wait();
                    ++passed;
                }
            } catch (const BrokenBarrier&) {
                ++broken;
            }
            if (aborts) {
                barrier.abort();
            }
            const std::size_t left = co_await other.wait();
            if (left == parties / 2) {
                barrier.reset();
            }
            co_await other.wait();
            co_await barrier.wait();
            ++whole;
        };
        co_await gather_many(parties, party);
    });
    EXPECT_EQ(passed, 0);
    EXPECT_EQ(broken, 4);
    EXPECT_EQ(whole, 5);
    EXPECT_FALSE(barrier.broken());
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(ParityBarrierReset, whoever_comes_to_a_broken_one_is_told_at_once) {
    same("asyncio docs: Barrier.wait raises BrokenBarrierError while it is broken");
    run_sim([&]() -> Task<> {
        barrier.abort();
        const bool through = co_await meet(barrier);
        EXPECT_FALSE(through);
    });
    EXPECT_EQ(broken, 1);
}

TEST_F(ParityBarrierReset, a_cancel_beside_the_last_arrival_takes_nobody_out) {
    differs("asyncio docs: a task that was woken may still be cancelled before it runs",
            "a result wins: it passed, and stops at its next await");
    Barrier two(2);
    run_sim([&]() -> Task<> {
        TaskHandle<bool> first = create_task(meet(two));
        co_await yield();
        co_await meet(two);
        first.cancel();
        const bool through = co_await first;
        EXPECT_TRUE(through);
    });
    EXPECT_EQ(passed, 2);
}

}  // namespace
}  // namespace rondo::test
