// SPDX-License-Identifier: Apache-2.0
// asyncio.Barrier beside rondo::Barrier: filling and passing. What reset() and abort() do is in
// barrier_reset_test.cpp.
#include "rondo/sync/barrier.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/event_loop.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityBarrier : public ParityTest {
protected:
    /// `count` tasks of `body`, gathered.
    template <class Body>
    static Task<> gather_many(int count, Body& body) {
        std::vector<Task<>> tasks;
        for (int i = 0; i < count; ++i) {
            tasks.push_back(body());
        }
        co_await gather(std::move(tasks));
    }
    static Task<> wait(Barrier& barrier) { co_await barrier.wait(); }
};
using ParityBarrierDeathTest = ParityBarrier;

TEST_F(ParityBarrier, a_wait_that_nobody_awaits_fills_nothing) {
    differs("test_locks: BarrierTests.test_barrier",
            "awaiting the barrier itself does not compile, in place of a TypeError");
    static_assert(!Awaitable<Barrier>);
    Barrier barrier(5);
    [[maybe_unused]] auto unused = barrier.wait();
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST_F(ParityBarrier, it_tells_how_many_of_how_many_wait_and_whether_it_is_broken) {
    differs("test_locks: BarrierTests.test_repr",
            "there is no repr and no draining or resetting: waiting(), parties() and broken() are "
            "the whole state");
    Barrier barrier(5);
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait(barrier));
        TaskHandle<> two = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 2U);
        EXPECT_EQ(barrier.parties(), 5U);
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("barrier.wait"), std::string::npos) << tree;
        barrier.abort();
        EXPECT_TRUE(barrier.broken());
        co_await one.wait();
        co_await two.wait();
        bool broken = false;
        try {
            co_await one;
        } catch (const BrokenBarrier&) {
            broken = true;
        }
        EXPECT_TRUE(broken);
        try {
            co_await two;
        } catch (const BrokenBarrier&) {
            log.say("both");
        }
    });
    EXPECT_EQ(log.text(), "both");
}

TEST_F(ParityBarrierDeathTest, without_parties_there_is_none) {
    differs("test_locks: BarrierTests.test_barrier_parties",
            "a mistake in the program, not a ValueError; less than none cannot be written");
    EXPECT_DEATH(Barrier barrier(0), "a Barrier needs at least one party");
    const Barrier barrier(5);
    EXPECT_EQ(barrier.parties(), 5U);
}

TEST_F(ParityBarrier, each_party_gets_an_index_of_its_own) {
    same("test_locks: BarrierTests.test_context_manager");
    Barrier barrier(3);
    std::vector<std::size_t> indices;
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            const std::size_t index = co_await barrier.wait();
            indices.push_back(index);
        };
        co_await gather_many(3, party);
    });
    std::sort(indices.begin(), indices.end());
    EXPECT_EQ(indices, (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST_F(ParityBarrier, a_single_party_passes_at_once) {
    same("test_locks: BarrierTests.test_filling_one_task");
    Barrier barrier(1);
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        const std::size_t index = co_await barrier.wait();
        EXPECT_EQ(index, 0U);
        log.say("passed");
        co_await other;
    });
    EXPECT_EQ(log.text(), "passed other");
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(ParityBarrier, a_single_party_passes_again_and_again) {
    same("test_locks: BarrierTests.test_filling_one_task_twice");
    Barrier barrier(1);
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<std::size_t> { co_return co_await barrier.wait(); };
        TaskHandle<std::size_t> one = create_task(party);
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 0U);
        TaskHandle<std::size_t> two = create_task(party);
        co_await yield();
        EXPECT_TRUE(one.done() && two.done());
        const std::size_t first = co_await one;
        const std::size_t second = co_await two;
        EXPECT_EQ(first, second);
    });
}

TEST_F(ParityBarrier, it_counts_who_waits_until_it_is_full) {
    same("test_locks: BarrierTests.test_filling_task_by_task");
    Barrier barrier(3);
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 1U);
        TaskHandle<> two = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 2U);
        TaskHandle<> three = create_task(wait(barrier));
        co_await turns(2);
        EXPECT_TRUE(one.succeeded() && two.succeeded() && three.succeeded());
        EXPECT_EQ(barrier.waiting(), 0U);
    });
}

TEST_F(ParityBarrier, the_same_tasks_meet_twice) {
    same("test_locks: BarrierTests.test_filling_tasks_wait_twice");
    Barrier barrier(5);
    int first = 0;
    int second = 0;
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            co_await barrier.wait();
            ++first;
            co_await barrier.wait();
            EXPECT_EQ(first, 5) << "nobody passes twice before all passed once";
            ++second;
        };
        co_await gather_many(5, party);
    });
    EXPECT_EQ(second, 5);
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(ParityBarrier, the_second_meeting_numbers_them_anew) {
    same("test_locks: BarrierTests.test_filling_tasks_check_return_value");
    Barrier barrier(5);
    std::vector<std::size_t> indices;
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            co_await barrier.wait();
            const std::size_t index = co_await barrier.wait();
            indices.push_back(index);
        };
        co_await gather_many(5, party);
    });
    std::sort(indices.begin(), indices.end());
    EXPECT_EQ(indices, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
}

TEST_F(ParityBarrier, whoever_passes_finds_it_empty_already) {
    differs("test_locks: BarrierTests.test_draining_state",
            "asyncio drains: newcomers wait until the last has left. Here all leave at once, and "
            "there is no such state");
    Barrier barrier(5);
    int passed = 0;
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            co_await barrier.wait();
            EXPECT_EQ(barrier.waiting(), 0U);
            ++passed;
        };
        co_await gather_many(5, party);
    });
    EXPECT_EQ(passed, 5);
}

TEST_F(ParityBarrier, those_who_hurry_back_do_not_let_the_round_before_through_twice) {
    same("test_locks: BarrierTests.test_blocking_tasks_while_draining");
    Barrier barrier(5);
    Barrier slow_ones(3);
    int hurry = 2;
    int ended = 0;
    run_sim([&]() -> Task<> {
        auto party = [&]() -> Task<> {
            co_await barrier.wait();
            if (hurry > 0) {
                --hurry;
            } else {
                co_await slow_ones.wait();
            }
            co_await barrier.wait();
            ++ended;
        };
        co_await gather_many(5, party);
    });
    EXPECT_EQ(ended, 5);
    EXPECT_EQ(slow_ones.waiting(), 0U);
}

TEST_F(ParityBarrier, a_cancelled_party_was_never_there) {
    same("test_locks: BarrierTests.test_filling_tasks_cancel_one");
    Barrier barrier(3);
    run_sim([&]() -> Task<> {
        TaskHandle<> one = create_task(wait(barrier));
        TaskHandle<> two = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 2U);
        one.cancel();
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 1U);
        EXPECT_TRUE(one.cancelled());
        TaskHandle<> three = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 2U);
        TaskHandle<> four = create_task(wait(barrier));
        co_await gather(std::move(two), std::move(three), std::move(four));
        EXPECT_EQ(barrier.waiting(), 0U);
    });
}

}  // namespace
}  // namespace rondo::test
