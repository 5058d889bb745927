// SPDX-License-Identifier: Apache-2.0
// asyncio's Barrier keeps newcomers out while those of the last round leave ("draining"); Rondo's
// has no such state: who was let through has his index, and newcomers begin the next round.
#include "rondo/sync/barrier.hpp"

#include <memory>
#include <stdexcept>
#include <vector>

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct BarrierWait : CaseBase {
    static constexpr const char* name = "wait";
    Barrier barrier;

    explicit BarrierWait(int waiters) : barrier(static_cast<std::size_t>(waiters) + 1) {}
    Task<> block() { co_return; }
    auto make(Nothing) { return barrier.wait(); }
    Task<> open() {
        if (barrier.waiting() + 1 == barrier.parties()) {
            co_await barrier.wait();
        }
    }
    bool whole() const { return barrier.waiting() == 0 && !barrier.broken(); }
};

using BarrierCases = testing::Types<BarrierWait>;
INSTANTIATE_TYPED_TEST_SUITE_P(barrier, Laws, BarrierCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(barrier, AgainLaws, BarrierCases, CaseNames);

class BarrierTest : public LedgerTest {
protected:
    static constexpr std::size_t parties = 5;

    /// Says its index, or "broken".
    Task<> wait(Barrier& at) {
        try {
            const std::size_t index = co_await at.wait();
            log.say(std::to_string(index));
        } catch (const BrokenBarrier&) {
            log.say("broken");
        }
    }
    std::vector<TaskHandle<>> start(Barrier& at, std::size_t count) {
        std::vector<TaskHandle<>> handles;
        for (std::size_t i = 0; i < count; ++i) {
            handles.push_back(create_task(wait(at)));
        }
        return handles;
    }
    static Task<> all(std::vector<TaskHandle<>> handles) {
        for (TaskHandle<>& handle : handles) {
            co_await handle;
        }
    }
};
using BarrierDeathTest = BarrierTest;

TEST_F(BarrierTest, begins_empty_and_whole) {  // test_barrier, test_repr
    const Barrier barrier(parties);
    EXPECT_EQ(barrier.parties(), 5U);
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST_F(BarrierDeathTest, needs_at_least_one_party) {
    // asyncio: test_barrier_parties: ValueError; Rondo: misuse ends the program.
    EXPECT_DEATH(Barrier(0), "a Barrier needs at least one party");
}

TEST_F(BarrierTest, every_party_gets_its_index_of_arrival) {
    // asyncio: test_context_manager, test_filling_tasks_check_return_value: indices are unique;
    // Rondo: and in order of arrival, because all are let through at once.
    Barrier barrier(parties);
    auto main = [&]() -> Task<> { co_await all(start(barrier, parties)); };
    run_sim(main);
    EXPECT_EQ(log.text(), "4 0 1 2 3") << "the last one does not suspend";
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(BarrierTest, of_one_party_never_waits) {  // test_filling_one_task, _twice
    Barrier barrier(1);
    auto main = [&]() -> Task<> {
        create_task(wait(barrier)).detach();
        co_await wait(barrier);
        log.say("main");
        co_await wait(barrier);
        co_await yield();
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 main 0 0");
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(BarrierTest, fills_task_by_task) {  // test_filling_task_by_task
    Barrier barrier(3);
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 1U);
        TaskHandle<> two = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 2U);
        EXPECT_TRUE(log.empty());
        TaskHandle<> three = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 0U);
        co_await one;
        co_await two;
        co_await three;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "2 0 1");
}

TEST_F(BarrierTest, may_be_waited_at_again_at_once) {  // test_filling_tasks_wait_twice
    Barrier barrier(parties);
    int first = 0;
    int second = 0;
    auto main = [&]() -> Task<> {
        auto twice = [&]() -> Task<> {
            co_await barrier.wait();
            ++first;
            co_await barrier.wait();
            EXPECT_EQ(first, 5);
            ++second;
        };
        std::vector<TaskHandle<>> handles;
        for (std::size_t i = 0; i < parties; ++i) {
            handles.push_back(create_task(twice()));
        }
        co_await all(std::move(handles));
    };
    run_sim(main);
    EXPECT_EQ(second, 5);
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(BarrierTest, whoever_was_let_through_no_longer_counts) {
    // asyncio: test_draining_state: they are "draining" until they ran; Rondo: gone at once.
    Barrier barrier(3);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles = start(barrier, 2);
        co_await yield();
        co_await barrier.wait();
        EXPECT_EQ(barrier.waiting(), 0U);
        EXPECT_FALSE(handles[0].done());
        co_await all(std::move(handles));
    };
    run_sim(main);
}

TEST_F(BarrierTest, newcomers_wait_for_the_next_round) {  // test_blocking_tasks_while_draining
    Barrier barrier(3);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> first = start(barrier, 2);
        co_await yield();
        co_await barrier.wait();
        std::vector<TaskHandle<>> next = start(barrier, 2);
        co_await turns(3);
        EXPECT_EQ(log.text(), "0 1");
        EXPECT_EQ(barrier.waiting(), 2U);
        co_await barrier.wait();
        co_await all(std::move(next));
        co_await all(std::move(first));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 1 0 1");
}

TEST_F(BarrierTest, a_cancelled_waiter_was_never_there) {  // test_filling_tasks_cancel_one
    Barrier barrier(3);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles = start(barrier, 2);
        co_await yield();
        handles[0].cancel();
        EXPECT_EQ(barrier.waiting(), 1U);
        co_await yield();
        EXPECT_TRUE(handles[0].cancelled());
        TaskHandle<> third = create_task(wait(barrier));
        co_await yield();
        EXPECT_EQ(barrier.waiting(), 2U);
        TaskHandle<> fourth = create_task(wait(barrier));
        co_await handles[1];
        co_await third;
        co_await fourth;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "2 0 1");
}

TEST_F(BarrierTest, a_cancel_after_the_last_arrival_is_late) {
    Barrier barrier(2);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles = start(barrier, 1);
        co_await yield();
        co_await barrier.wait();
        handles[0].cancel();
        co_await all(std::move(handles));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0");
}

TEST_F(BarrierTest, reset_of_an_empty_one_changes_nothing) {  // test_reset_barrier
    Barrier barrier(1);
    barrier.reset();
    EXPECT_EQ(barrier.waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
}

TEST_F(BarrierTest, reset_breaks_for_those_who_wait) {  // test_reset_barrier_while_tasks_waiting
    Barrier barrier(parties);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles = start(barrier, parties - 1);
        co_await yield();
        barrier.reset();
        EXPECT_EQ(barrier.waiting(), 0U);
        EXPECT_FALSE(barrier.broken());
        co_await all(std::move(handles));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "broken broken broken broken");
}

TEST_F(BarrierTest, reset_does_not_reach_those_who_were_let_through) {
    // asyncio: test_reset_barrier_when_tasks_half_draining, …_half_blocking,
    // test_reset_barrier_while_tasks_draining: who has not left yet is broken; Rondo: he has his
    // result, and a result wins.
    Barrier barrier(3);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles = start(barrier, 2);
        co_await yield();
        co_await barrier.wait();
        std::vector<TaskHandle<>> next = start(barrier, 1);
        barrier.reset();
        co_await all(std::move(handles));
        barrier.reset();
        co_await all(std::move(next));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 1 broken");
}

TEST_F(BarrierTest, after_a_reset_they_may_wait_again) {
    // test_reset_barrier_while_tasks_waiting_and_waiting_again
    Barrier barrier(parties);
    auto main = [&]() -> Task<> {
        auto stubborn = [&]() -> Task<> {
            co_await wait(barrier);
            co_await wait(barrier);
        };
        std::vector<TaskHandle<>> handles;
        for (std::size_t i = 0; i + 1 < parties; ++i) {
            handles.push_back(create_task(stubborn()));
        }
        co_await yield();
        barrier.reset();
        co_await turns(2);
        EXPECT_EQ(barrier.waiting(), parties - 1);
        co_await barrier.wait();
        co_await all(std::move(handles));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "broken broken broken broken 0 1 2 3");
}

TEST_F(BarrierTest, abort_breaks_it_for_all_who_come) {  // test_abort_barrier
    Barrier barrier(2);
    auto main = [&]() -> Task<> {
        barrier.abort();
        EXPECT_TRUE(barrier.broken());
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await wait(barrier);
        co_await other;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "broken other") << "to be refused takes no turn";
    EXPECT_EQ(barrier.waiting(), 0U);
}

TEST_F(BarrierTest, abort_breaks_it_for_those_who_wait_but_not_for_those_let_through) {
    // test_abort_barrier_when_tasks_half_draining_half_blocking
    Barrier barrier(3);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles = start(barrier, 2);
        co_await yield();
        co_await barrier.wait();
        std::vector<TaskHandle<>> next = start(barrier, 2);
        barrier.abort();
        co_await all(std::move(handles));
        co_await all(std::move(next));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 1 broken broken");
    EXPECT_TRUE(barrier.broken());
}

TEST_F(BarrierTest,
       a_party_that_fails_aborts_for_the_others) {  // test_abort_barrier_when_exception
    Barrier barrier(parties);
    int broken = 0;
    auto main = [&]() -> Task<> {
        auto party = [&]() -> Task<> {
            try {
                const std::size_t index = co_await barrier.wait();
                if (index == parties / 2) {
                    throw std::runtime_error("a party failed");
                }
                co_await barrier.wait();
            } catch (const BrokenBarrier&) {
                ++broken;
            } catch (const std::runtime_error&) {
                barrier.abort();
            }
        };
        std::vector<TaskHandle<>> handles;
        for (std::size_t i = 0; i < parties; ++i) {
            handles.push_back(create_task(party()));
        }
        co_await all(std::move(handles));
    };
    run_sim(main);
    EXPECT_EQ(broken, 4);
    EXPECT_TRUE(barrier.broken());
}

TEST_F(BarrierTest,
       reset_mends_an_aborted_one) {  // test_abort_barrier_when_exception_then_resetting
    Barrier barrier(2);
    auto main = [&]() -> Task<> {
        barrier.abort();
        co_await wait(barrier);
        barrier.reset();
        EXPECT_FALSE(barrier.broken());
        co_await all(start(barrier, 2));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "broken 1 0");
}

TEST_F(BarrierTest, an_awaitable_that_was_broken_passes_after_the_reset) {
    Barrier barrier(1);
    auto main = [&]() -> Task<> {
        auto wait_here = barrier.wait();
        barrier.abort();
        try {
            co_await wait_here;
        } catch (const BrokenBarrier&) {
            log.say("broken");
        }
        barrier.reset();
        const std::size_t index = co_await wait_here;
        log.say(std::to_string(index));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "broken 0");
}

TEST_F(BarrierDeathTest, must_not_die_while_a_task_waits) {
    auto main = [&]() -> Task<> {
        auto mine = std::make_unique<Barrier>(2);
        TaskHandle<> handle = create_task(wait(*mine));
        co_await yield();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a Barrier was destroyed while a task waits");
}

TEST_F(BarrierTest, everyone_passes_in_full_rounds_or_not_at_all_for_all_seeds) {
    int passes = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Barrier barrier(3);
        Random random(seed);
        std::vector<int> seen(3);
        auto round = [&](int worker) -> Task<> {
            if (worker == 0 && random.one_in(8)) {
                barrier.reset();
            }
            try {
                const std::size_t index = co_await barrier.wait();
                ++seen.at(index);
            } catch (const BrokenBarrier&) {
            }
        };
        stress(seed, round, [&] { EXPECT_EQ(barrier.waiting(), 0U); });
        EXPECT_EQ(seen[0], seen[1]);
        EXPECT_EQ(seen[1], seen[2]);
        passes += seen[0];
    }
    EXPECT_GT(passes, 200);
}

}  // namespace rondo::test
