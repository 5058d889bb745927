// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/sleep.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class SleepTest : public LedgerTest {
protected:
    Task<> says(std::string word, Duration after) {
        co_await sleep(after);
        log.say(word);
    }
};
using SleepDeathTest = SleepTest;

TEST_F(SleepTest, it_takes_exactly_its_time_in_the_simulation) {
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        co_await sleep(250ms);
        EXPECT_EQ(now() - before, 250ms);
        co_await sleep(1h);
        EXPECT_EQ(now() - before, 1h + 250ms);
    });
}

TEST_F(SleepTest, it_is_never_early_and_rounds_up_to_a_millisecond) {
    run_sim([]() -> Task<> {
        for (const Duration duration : {Duration(1ns), Duration(1us), Duration(999'999ns)}) {
            const TimePoint before = now();
            co_await sleep(duration);
            EXPECT_GE(now() - before, duration);
            EXPECT_LE(now() - before, 2ms);
        }
    });
}

TEST_F(SleepTest, of_nothing_or_less_is_one_turn) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto turns = [&](std::string word, Duration duration) -> Task<> {
            co_await sleep(duration);
            log.say(word);
            co_await sleep(duration);
            log.say(word);
        };
        co_await gather(turns("a", 0s), turns("b", -5h), turns("c", Duration::min()));
        EXPECT_EQ(now(), before);
    });
    EXPECT_EQ(log.text(), "a b c a b c");
}

TEST_F(SleepTest, sleepers_wake_by_deadline_and_equal_ones_first_come_first_served) {
    run_sim([&]() -> Task<> {
        co_await gather(says("c", 3ms), says("a", 1ms), says("b1", 2ms), says("b2", 2ms),
                        says("d", 4ms));
    });
    EXPECT_EQ(log.text(), "a b1 b2 c d");
}

TEST_F(SleepTest, floating_durations_and_other_units_are_taken) {
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        co_await sleep(std::chrono::duration<double>(1.5));
        EXPECT_EQ(now() - before, 1500ms);
        co_await sleep(std::chrono::minutes(1));
        EXPECT_EQ(now() - before, 61'500ms);
    });
}

TEST_F(SleepTest, sleep_until_wakes_at_its_time_and_the_past_is_one_turn) {
    run_sim([]() -> Task<> {
        const TimePoint start = now();
        co_await sleep_until(start + 7ms);
        EXPECT_EQ(now() - start, 7ms);
        co_await sleep_until(start);
        co_await sleep_until(start + 7ms);
        EXPECT_EQ(now() - start, 7ms);
    });
}

TEST_F(SleepTest, a_named_sleep_starts_when_it_is_awaited) {
    run_sim([]() -> Task<> {
        auto later = sleep(5ms);
        co_await sleep(3ms);
        const TimePoint before = now();
        co_await later;
        EXPECT_EQ(now() - before, 5ms);
    });
}

TEST_F(SleepTest, the_longest_sleep_can_be_cancelled_and_alone_it_is_a_deadlock) {
    run_sim([]() -> Task<> {
        const auto result = co_await move_on_after(1h, sleep(std::chrono::hours::max()));
        EXPECT_FALSE(result);
    });
    EXPECT_THROW(run_sim(sleep(std::chrono::hours::max())), Deadlock);
}

TEST_F(SleepTest, cancelled_before_and_while_it_stops_at_once) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                const AtEnd end(log, "while");
                co_await sleep(1h);
            });
            co_await sleep(2ms);
            group.cancel();
            co_await sleep(1h);
            log.say("never");
        });
        EXPECT_EQ(now() - before, 2ms);
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "while");
}

TEST_F(SleepTest, a_sleep_that_is_over_wins_over_a_cancel) {
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> victim;
        auto cancels = [&]() -> Task<> {
            co_await sleep(1ms);
            victim->cancel();
        };
        TaskHandle<> killer = create_task(cancels());
        victim.emplace(create_task([&]() -> Task<> {
            co_await sleep(1ms);
            log.say("slept");
            co_await sleep(1ms);
            log.say("never");
        }));
        co_await sleep(5ms);
    });
    EXPECT_EQ(log.text(), "slept");
}

TEST_F(SleepTest, many_sleepers_of_all_lengths_come_back_in_order) {
    run_sim([]() -> Task<> {
        TimePoint last = now();
        auto sleeps = [&](std::int64_t milliseconds) -> Task<> {
            const TimePoint before = now();
            co_await sleep(std::chrono::milliseconds(milliseconds));
            EXPECT_EQ(now() - before, std::chrono::milliseconds(milliseconds));
            EXPECT_GE(now(), last);
            last = now();
        };
        std::vector<Task<>> tasks;
        for (std::int64_t i = 0; i < 3000; ++i) {
            tasks.push_back(sleeps(i * i * 7919 % 100'003 * (i % 5 == 0 ? 5000 : 1) + 1));
        }
        co_await gather(std::move(tasks));
    });
}

TEST_F(SleepTest, blocking_sleep_blocks_everybody) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await gather(says("other", 1ms), [&]() -> Task<> {
            blocking_sleep(10ms);
            blocking_sleep(-1ms);
            log.say("blocked");
            co_return;
        });
        EXPECT_EQ(now() - before, 11ms) << "the other sleep is dated after the block";
    });
    EXPECT_EQ(log.text(), "blocked other");
}

TEST_F(SleepTest, none_is_early_when_a_late_timeout_starts_many_deadlines) {
    run_sim([]() -> Task<> {
        const TimePoint begin = now();
        TimePoint last = begin;
        auto sleeps = [&](TimePoint until) -> Task<> {
            co_await sleep_until(until);
            EXPECT_GE(now(), until);
            EXPECT_GE(until, last) << "in order";
            last = until;
        };
        auto sleepers = [&]() -> Task<> {
            std::vector<Task<>> tasks;
            for (int i = 0; i < 600; ++i) {
                tasks.push_back(sleeps(begin + std::chrono::milliseconds(i)));
            }
            co_await gather(std::move(tasks));
        };
        auto shielded = []() -> Task<> { co_await shield(sleep(300ms)); };
        auto shields = [&]() -> Task<> {
            std::vector<Task<>> tasks;
            for (int i = 0; i < 200; ++i) {
                tasks.push_back(shielded());
            }
            co_await move_on_after(100ms, gather(std::move(tasks)));
        };
        auto blocks = [&]() -> Task<> {
            co_await sleep(50ms);
            blocking_sleep(300ms);
        };
        co_await gather(sleepers, shields, blocks);
    });
}

TEST_F(SleepDeathTest, awaiting_a_sleep_twice_is_misuse) {
    auto main = []() -> Task<> {
        auto once = sleep(1ms);
        co_await once;
        co_await once;
    };
    EXPECT_DEATH(run_sim(main), "awaited twice");
}

}  // namespace
}  // namespace rondo::test
