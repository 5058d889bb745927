// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/semaphore.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct SemaphoreAcquire : CaseBase {
    static constexpr const char* name = "acquire";
    std::size_t permits;
    Semaphore semaphore;
    std::vector<Semaphore::Permit> held;

    explicit SemaphoreAcquire(int waiters)
        : permits(static_cast<std::size_t>(waiters)), semaphore(permits) {
        held.reserve(permits);
    }
    Task<> block() {
        while (std::optional<Semaphore::Permit> permit = semaphore.try_acquire()) {
            held.push_back(std::move(*permit));
        }
        co_return;
    }
    auto make(Nothing) { return semaphore.acquire(); }
    Task<> open() {
        held.clear();
        co_return;
    }
    bool whole() const { return semaphore.available() == permits; }
};

using SemaphoreCases = testing::Types<SemaphoreAcquire>;
INSTANTIATE_TYPED_TEST_SUITE_P(semaphore, Laws, SemaphoreCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(semaphore, OpenLaws, SemaphoreCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(semaphore, AgainLaws, SemaphoreCases, CaseNames);

class SemaphoreTest : public LedgerTest {
protected:
    /// asyncio's acquire(): somebody calls release() later.
    Task<> take(Semaphore& from, std::string word) {
        Semaphore::Permit permit = co_await from.acquire();
        permit.forget();
        log.say(word);
    }
    Task<> hold(Semaphore& from, std::string word, int turns_held) {
        const Semaphore::Permit permit = co_await from.acquire();
        log.say(word);
        co_await turns(turns_held);
    }
};
using SemaphoreDeathTest = SemaphoreTest;

TEST_F(SemaphoreTest, zero_permits_is_locked_from_the_beginning) {  // test_initial_value_zero
    Semaphore none(0);
    EXPECT_TRUE(none.locked());
    EXPECT_FALSE(none.try_acquire().has_value());
    none.release();
    EXPECT_FALSE(none.locked());
}

TEST_F(SemaphoreTest, says_how_many_are_free) {
    // asyncio: test_repr shows value and waiters; Rondo: available(); a negative number of permits
    // (test_semaphore_value) cannot be written.
    Semaphore two(2);
    EXPECT_EQ(two.available(), 2U);
    const std::optional<Semaphore::Permit> permit = two.try_acquire();
    EXPECT_EQ(two.available(), 1U);
    EXPECT_FALSE(two.locked());
}

TEST_F(SemaphoreTest, a_permit_is_given_back_by_its_scope) {  // test_semaphore
    Semaphore one(1);
    auto main = [&]() -> Task<> {
        {
            const Semaphore::Permit permit = co_await one.acquire();
            EXPECT_TRUE(one.locked());
        }
        EXPECT_FALSE(one.locked());
    };
    run_sim(main);
}

TEST_F(SemaphoreTest, waiters_are_served_as_permits_come_back) {  // test_acquire
    Semaphore three(3);
    auto main = [&]() -> Task<> {
        co_await take(three, "a");
        co_await take(three, "b");
        TaskHandle<> c1 = create_task(take(three, "1"));
        TaskHandle<> c2 = create_task(take(three, "2"));
        TaskHandle<> c3 = create_task(take(three, "3"));
        co_await yield();
        EXPECT_EQ(log.text(), "a b 1");
        EXPECT_TRUE(three.locked());
        three.release();
        three.release();
        EXPECT_EQ(three.available(), 0U) << "handed over";
        co_await c2;
        co_await c3;
        three.release();
        EXPECT_EQ(three.available(), 1U);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "a b 1 2 3");
}

TEST_F(SemaphoreTest, a_cancelled_waiter_takes_no_permit) {  // test_acquire_cancel
    Semaphore one(1);
    auto main = [&]() -> Task<> {
        std::optional<Semaphore::Permit> permit = one.try_acquire();
        TaskHandle<> handle = create_task(take(one, "never"));
        co_await yield();
        handle.cancel();
        co_await yield();
        EXPECT_TRUE(handle.cancelled());
        permit.reset();
        EXPECT_EQ(one.available(), 1U);
    };
    run_sim(main);
}

TEST_F(SemaphoreTest, waiters_cancelled_before_a_release_do_not_swallow_it) {
    // test_acquire_cancel_before_awoken
    Semaphore none(0);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles;
        for (int i = 1; i <= 4; ++i) {
            handles.push_back(create_task(take(none, std::to_string(i))));
        }
        co_await yield();
        handles[0].cancel();
        handles[1].cancel();
        none.release();
        co_await turns(3);
        EXPECT_EQ(log.text(), "3");
        none.release();
        co_await handles[3];
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "3 4");
}

TEST_F(SemaphoreTest, a_cancel_after_the_hand_over_does_not_hang_the_next) {
    // asyncio: test_acquire_hang: the cancelled one gives the permit on; Rondo: it has its permit
    // and gives it back like everyone.
    Semaphore none(0);
    auto main = [&]() -> Task<> {
        TaskHandle<> first = create_task(hold(none, "1", 0));
        TaskHandle<> second = create_task(hold(none, "2", 0));
        co_await yield();
        none.release();
        first.cancel();
        co_await second;
        EXPECT_FALSE(first.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2");
    EXPECT_EQ(none.available(), 1U);
}

TEST_F(SemaphoreTest, cancelling_the_second_waiter_lets_a_newcomer_in) {  // test_acquire_no_hang
    Semaphore one(1);
    auto main = [&]() -> Task<> {
        std::optional<Semaphore::Permit> permit = one.try_acquire();
        TaskHandle<> first = create_task(hold(one, "1", 1));
        TaskHandle<> second = create_task(hold(one, "2", 1));
        co_await yield();
        permit.reset();
        second.cancel();
        TaskHandle<> third = create_task(hold(one, "3", 1));
        co_await third;
        EXPECT_TRUE(first.done());
        EXPECT_TRUE(second.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 3");
}

TEST_F(SemaphoreTest, a_release_beyond_the_first_number_adds_permits) {
    Semaphore one(1);
    one.release(3);
    EXPECT_EQ(one.available(), 4U);
}

TEST_F(SemaphoreTest, a_release_without_waiters_frees_the_permit) {  // test_release_no_waiters
    Semaphore one(1);
    auto main = [&]() -> Task<> {
        co_await take(one, "a");
        EXPECT_TRUE(one.locked());
        one.release();
        EXPECT_FALSE(one.locked());
    };
    run_sim(main);
}

TEST_F(SemaphoreTest, tasks_that_come_again_queue_behind) {  // test_acquire_fifo_order
    Semaphore one(1);
    auto main = [&]() -> Task<> {
        auto twice = [&](std::string tag) -> Task<> {
            for (int round = 1; round <= 2; ++round) {
                const Semaphore::Permit permit = co_await one.acquire();
                co_await sleep(10ms);
                log.say(tag + std::to_string(round));
            }
        };
        TaskHandle<> a = create_task(twice("a"));
        TaskHandle<> b = create_task(twice("b"));
        TaskHandle<> c = create_task(twice("c"));
        co_await a;
        co_await b;
        co_await c;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "a1 b1 c1 a2 b2 c2");
}

TEST_F(SemaphoreTest, a_permit_given_back_and_asked_for_at_once_goes_to_who_waits) {
    // test_acquire_fifo_order_2
    Semaphore one(1);
    auto main = [&]() -> Task<> {
        auto greedy = [&]() -> Task<> {
            co_await hold(one, "1", 0);
            TaskHandle<> other = create_task(hold(one, "other", 0));
            std::optional<Semaphore::Permit> permit = one.try_acquire();
            co_await turns(2);
            permit.reset();
            co_await hold(one, "2", 0);
            co_await other;
        };
        co_await greedy();
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 other 2");
}

TEST_F(SemaphoreTest, the_order_holds_when_a_waiter_in_the_middle_is_cancelled) {
    // test_acquire_fifo_order_3
    Semaphore none(0);
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(take(none, "1"));
        TaskHandle<> two = create_task(take(none, "2"));
        TaskHandle<> three = create_task(take(none, "3"));
        co_await yield();
        one.cancel();
        co_await yield();
        none.release();
        none.release();
        co_await two;
        co_await three;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "2 3");
}

TEST_F(SemaphoreTest, permits_released_at_once_do_not_let_newcomers_pass_the_waiting) {
    // test_acquire_fifo_order_4
    Semaphore none(0);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> handles;
        for (int i = 1; i <= 3; ++i) {
            handles.push_back(create_task(take(none, std::to_string(i))));
        }
        co_await yield();
        none.release(2);
        EXPECT_FALSE(none.try_acquire().has_value());
        handles.push_back(create_task(take(none, "4")));
        co_await turns(2);
        none.release(2);
        co_await handles[3];
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2 3 4");
}

TEST_F(SemaphoreTest, an_error_inside_gives_the_permit_back) {
    Semaphore one(1);
    auto main = [&]() -> Task<> {
        auto failing = [&]() -> Task<> {
            const Semaphore::Permit permit = co_await one.acquire();
            throw std::runtime_error("inside");
        };
        try {
            co_await failing();
        } catch (const std::runtime_error&) {
        }
    };
    run_sim(main);
    EXPECT_EQ(one.available(), 1U);
}

TEST_F(SemaphoreTest, a_permit_moves_and_is_released_once) {
    Semaphore two(2);
    Semaphore::Permit first = std::move(*two.try_acquire());
    Semaphore::Permit second = std::move(*two.try_acquire());
    first = std::move(second);
    EXPECT_EQ(two.available(), 1U);
    first.release();
    first.release();
    EXPECT_EQ(two.available(), 2U);
}

TEST_F(SemaphoreTest, a_bounded_one_takes_back_what_is_out) {
    BoundedSemaphore two(2);
    two.try_acquire()->forget();
    two.try_acquire()->forget();
    two.release(2);
    EXPECT_EQ(two.available(), 2U);
}

TEST_F(SemaphoreDeathTest, a_bounded_one_is_released_only_as_often_as_acquired) {
    // asyncio: test_release_not_acquired: ValueError; Rondo: misuse ends the program.
    const char* const message = "a BoundedSemaphore was released more often than acquired";
    BoundedSemaphore one(1);
    EXPECT_DEATH(one.release(), message);
    one.try_acquire()->forget();
    EXPECT_DEATH(one.release(2), message);
    one.release();
}

TEST_F(SemaphoreDeathTest, a_bounded_one_notices_a_release_beside_a_living_permit) {
    EXPECT_DEATH(
        {
            BoundedSemaphore one(1);
            std::optional<Semaphore::Permit> permit = one.try_acquire();
            one.release();
            permit.reset();
        },
        "a BoundedSemaphore was released more often than acquired");
}

TEST_F(SemaphoreDeathTest, a_bounded_one_is_bounded_also_as_a_semaphore) {
    BoundedSemaphore one(1);
    Semaphore& base = one;
    EXPECT_DEATH(base.release(), "a BoundedSemaphore was released more often than acquired");
}

TEST_F(SemaphoreDeathTest, must_not_die_while_a_task_waits) {
    auto main = [&]() -> Task<> {
        auto mine = std::make_unique<Semaphore>(0);
        TaskHandle<> handle = create_task(take(*mine, "never"));
        co_await yield();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a Semaphore was destroyed while a task waits");
}

TEST_F(SemaphoreTest, no_permit_is_lost_or_doubled_for_all_seeds) {
    int uses = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Random random(seed);
        const int permits = 1 + random.below(4);
        BoundedSemaphore semaphore(static_cast<std::size_t>(permits));
        int inside = 0;
        auto round = [&](int worker) -> Task<> {
            std::optional<Semaphore::Permit> permit;
            if (worker == 0) {
                permit = semaphore.try_acquire();
            } else {
                permit = co_await semaphore.acquire();
            }
            if (!permit) {
                co_return;
            }
            struct Inside {
                int& count;
                explicit Inside(int& of) : count(of) { ++count; }
                ~Inside() { --count; }
            } const here(inside);
            EXPECT_LE(inside, permits);
            ++uses;
            co_await some_time(random);
        };
        stress(seed, round,
               [&] { EXPECT_EQ(semaphore.available(), static_cast<std::size_t>(permits)); });
    }
    EXPECT_GT(uses, 1000);
}

}  // namespace rondo::test
