// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/race.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <ranges>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class RaceTest : public LedgerTest {
protected:
    Task<int> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_return co_await forever();
    }
};
using RaceDeathTest = RaceTest;

TEST_F(RaceTest, the_first_to_succeed_wins_and_the_others_are_awaited) {
    run_sim([&]() -> Task<> {
        auto slow_to_stop = [&]() -> Task<int> {
            const AtEnd end(log, "slow");
            SlowOperation slow(5ms, false);
            co_await slow;
            co_return 1;
        };
        const TimePoint before = now();
        const int won = co_await race(slow_to_stop, value_after(2ms, 2), dies("quick"));
        EXPECT_EQ(won, 2);
        EXPECT_EQ(now() - before, 5ms);
        log.say("winner");
    });
    EXPECT_EQ(log.text(), "quick slow winner");
}

TEST_F(RaceTest, an_immediate_value_wins) {
    run_sim([&]() -> Task<> {
        const int won = co_await race(dies("loser"), [] { return 5; });
        EXPECT_EQ(won, 5);
    });
    EXPECT_EQ(log.text(), "loser");
}

TEST_F(RaceTest, on_equal_terms_the_first_argument_wins) {
    run_sim([]() -> Task<> {
        const int won = co_await race(ready_value(1), ready_value(2));
        EXPECT_EQ(won, 1);
    });
}

TEST_F(RaceTest, different_types_give_a_variant_in_argument_order) {
    run_sim([]() -> Task<> {
        auto won = co_await race(forever(), value_after(1ms, std::string("text")), sleep(1h));
        static_assert(
            std::is_same_v<decltype(won), std::variant<int, std::string, std::monostate>>);
        EXPECT_EQ(won.index(), 1U);
        EXPECT_EQ(std::get<1>(won), "text");
        auto slept = co_await race(forever(), sleep(1ms));
        EXPECT_EQ(slept.index(), 1U);
    });
}

TEST_F(RaceTest, void_gives_nothing_and_references_stay) {
    run_sim([]() -> Task<> {
        co_await race(sleep(1ms), sleep(2ms));
        int number = 1;
        auto refer = [&]() -> Task<int&> { co_return number; };
        int& same = co_await race(refer(), refer());
        EXPECT_EQ(&same, &number);
    });
}

TEST_F(RaceTest, values_that_only_move_arrive_whole) {
    run_sim([]() -> Task<> {
        auto make = [](Duration after, int number) -> Task<std::unique_ptr<Tracked>> {
            co_await sleep(after);
            co_return std::make_unique<Tracked>(number);
        };
        const auto won = co_await race(make(2ms, 1), make(1ms, 2));
        EXPECT_EQ(won->number(), 2);
        std::vector<Task<std::unique_ptr<Tracked>>> tasks;
        tasks.push_back(make(3ms, 3));
        tasks.push_back(make(2ms, 4));
        const auto second = co_await race(std::move(tasks));
        EXPECT_EQ(second->number(), 4);
    });
}

TEST_F(RaceTest, a_failure_is_forgotten_when_somebody_succeeds) {
    run_sim([]() -> Task<> {
        const int won = co_await race(fail_at_once("x"), value_after(1ms, 3), forever());
        EXPECT_EQ(won, 3);
    });
}

TEST_F(RaceTest, when_all_fail_the_first_failure_is_thrown) {
    run_sim([&]() -> Task<> {
        try {
            co_await race(fail_after(2ms, "second"), fail_after(1ms, "first"));
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say(describe(other));
            }
        }
    });
    EXPECT_EQ(log.text(), "first std::runtime_error: second");
}

TEST_F(RaceTest, when_very_many_fail_all_are_kept_in_order) {
    run_sim([]() -> Task<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 50'000; ++i) {
            tasks.push_back(fail_at_once(std::to_string(i)));
        }
        try {
            co_await race(std::move(tasks));
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "0");
            const std::vector<std::exception_ptr> others = suppressed_errors();
            EXPECT_EQ(others.size(), 49'999U);
            EXPECT_EQ(describe(others.front()), "std::runtime_error: 1");
            EXPECT_EQ(describe(others.back()), "std::runtime_error: 49999");
        }
    });
}

TEST_F(RaceTest, an_exception_in_which_several_fail_counts_once) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> x = create_task(fail_after(1ms, "x"));
        TaskHandle<int> y = create_task(fail_after(2ms, "y"));
        auto waits = [](TaskHandle<int>& handle) -> Task<int> { co_return co_await handle; };
        try {
            co_await race(waits(y), fail_after(1ms, "first"), waits(x), fail_after(3ms, "last"),
                          waits(y), waits(x));
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say(describe(other).substr(20));
            }
        }
    });
    EXPECT_EQ(log.text(), "first x y last");
}

TEST_F(RaceTest, over_a_range_the_first_wins) {
    run_sim([]() -> Task<> {
        auto make = [](int number) { return value_after(1ms * (5 - number), number); };
        const int won = co_await race(std::views::iota(0, 4) | std::views::transform(make));
        EXPECT_EQ(won, 3);
        std::vector<Task<>> nothing;
        nothing.push_back([]() -> Task<> { co_await sleep(1ms); }());
        co_await race(std::move(nothing));
    });
}

TEST_F(RaceTest, cancelled_before_it_starts_nothing_runs) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await race([&] { log.say("never"); }, [&] { log.say("never"); });
        });
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(RaceTest, cancelled_while_it_waits_all_stop) {
    run_sim([&]() -> Task<> {
        const auto result =
            co_await move_on_after(1ms, race(dies("a"), dies("b"), fail_at_once("x")));
        EXPECT_FALSE(result);
    });
    EXPECT_EQ(log.text(), "b a");
}

TEST_F(RaceTest, a_winner_wins_over_a_cancel_that_comes_later) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto wins = [&]() -> Task<int> {
                group.cancel();
                co_return 4;
            };
            const int won = co_await race(dies("loser"), wins);
            log.say(std::to_string(won));
            co_await yield();
            log.say("never");
        });
    });
    EXPECT_EQ(log.text(), "loser 4");
}

TEST_F(RaceTest, a_loser_that_succeeds_later_is_dropped) {
    run_sim([]() -> Task<> {
        auto late = []() -> Task<Tracked> {
            SlowOperation slow(5ms, true);
            co_await slow;
            co_return Tracked(1);
        };
        const Tracked won = co_await race(late, value_after(1ms, Tracked(2)));
        EXPECT_EQ(won.number(), 2);
    });
}

TEST_F(RaceTest, a_named_race_is_awaited_in_place_and_a_dropped_one_frees_its_tasks) {
    auto keeps = [](Tracked one) -> Task<int> { co_return one.number(); };
    {
        const auto dropped = race(keeps(Tracked(1)), keeps(Tracked(2)));
    }
    EXPECT_EQ(Tracked::live(), 0);
    run_sim([&]() -> Task<> {
        auto both = race(keeps(Tracked(3)), keeps(Tracked(4)));
        const int won = co_await both;
        EXPECT_EQ(won, 3);
    });
}

TEST_F(RaceDeathTest, a_race_of_nothing_is_misuse) {
    auto main = []() -> Task<> {
        std::vector<Task<int>> none;
        co_await race(std::move(none));
    };
    EXPECT_DEATH(run_sim(main), "a race of nothing");
}

}  // namespace
}  // namespace rondo::test
