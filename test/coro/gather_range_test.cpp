// SPDX-License-Identifier: Apache-2.0
// gather over ranges, with limit, and with settle.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <list>
#include <ranges>
#include <sstream>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class GatherRangeTest : public LedgerTest {
protected:
    /// Counts how many run at once.
    Task<int> counted(int number, Duration after) {
        const AtEnd end(log, std::to_string(number));
        peak = std::max(peak, ++running);
        struct Leave {
            int& running;
            ~Leave() { --running; }
        } const leave{running};
        co_await sleep(after);
        co_return number;
    }
    std::vector<Task<int>> counted_tasks(int count) {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < count; ++i) {
            tasks.push_back(counted(i, Duration(1ms) * (count - i)));
        }
        return tasks;
    }
    int running = 0;
    int peak = 0;
};
using GatherRangeDeathTest = GatherRangeTest;

TEST_F(GatherRangeTest, a_vector_of_tasks_gives_a_vector_in_order) {
    auto main = [&]() -> Task<> {
        const std::vector<int> results = co_await gather(counted_tasks(4));
        EXPECT_EQ(results, (std::vector<int>{0, 1, 2, 3}));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "3 2 1 0");
    EXPECT_EQ(peak, 4);
}

TEST_F(GatherRangeTest, a_view_makes_its_tasks_once) {
    int made = 0;
    auto main = [&]() -> Task<> {
        auto make = [&](int number) {
            ++made;
            return ready_value(number * 10);
        };
        const std::vector<int> results =
            co_await gather(std::views::iota(1, 4) | std::views::transform(make));
        EXPECT_EQ(results, (std::vector<int>{10, 20, 30}));
    };
    run_sim(main);
    EXPECT_EQ(made, 3);
}

TEST_F(GatherRangeTest, a_range_that_can_only_be_read_once_is_enough) {
    auto main = []() -> Task<> {
        std::istringstream words("3 4 5");
        auto make = [](int number) { return value_after(1ms, number); };
        auto tasks = std::views::istream<int>(words) | std::views::transform(make);
        const std::vector<int> results = co_await gather(tasks);
        EXPECT_EQ(results, (std::vector<int>{3, 4, 5}));
    };
    run_sim(main);
}

TEST_F(GatherRangeTest, callables_in_a_named_container_are_copied) {
    auto main = []() -> Task<> {
        std::vector<std::function<Task<int>()>> calls;
        for (int i = 0; i < 3; ++i) {
            calls.push_back([i]() -> Task<int> {
                co_await yield();
                co_return i;
            });
        }
        const std::vector<int> first = co_await gather(calls);
        const std::vector<int> second = co_await gather(calls);
        EXPECT_EQ(first, second);
        std::list<int (*)()> plain{[] { return 1; }, [] { return 2; }};
        const std::vector<int> numbers = co_await gather(plain);
        EXPECT_EQ(numbers, (std::vector<int>{1, 2}));
    };
    run_sim(main);
}

TEST_F(GatherRangeTest, void_tasks_give_nothing) {
    auto main = []() -> Task<> {
        std::vector<Task<>> tasks;
        tasks.push_back([]() -> Task<> { co_await sleep(1ms); }());
        co_await gather(std::move(tasks));
    };
    run_sim(main);
}

TEST_F(GatherRangeTest, a_limit_bounds_how_many_run_at_once) {
    auto main = [&]() -> Task<> {
        const std::vector<int> results = co_await gather(limit(3), counted_tasks(10));
        EXPECT_EQ(results.size(), 10U);
        EXPECT_EQ(results[9], 9);
    };
    run_sim(main);
    EXPECT_EQ(peak, 3);
}

TEST_F(GatherRangeTest, a_limit_of_one_runs_one_after_the_other) {
    auto main = [&]() -> Task<> { co_await gather(limit(1), counted_tasks(4)); };
    run_sim(main);
    EXPECT_EQ(peak, 1);
    EXPECT_EQ(log.text(), "0 1 2 3");
}

TEST_F(GatherRangeTest, a_limit_beyond_the_range_is_no_limit) {
    auto main = [&]() -> Task<> { co_await gather(limit(100), counted_tasks(4)); };
    run_sim(main);
    EXPECT_EQ(peak, 4);
}

TEST_F(GatherRangeTest, after_a_failure_the_limit_starts_nobody) {
    int started = 0;
    auto main = [&]() -> Task<> {
        std::vector<std::function<Task<int>()>> calls;
        for (int i = 0; i < 6; ++i) {
            calls.push_back([&started, i]() -> Task<int> {
                ++started;
                co_await sleep(1ms * (i + 1));
                throw std::runtime_error(std::to_string(i));
            });
        }
        try {
            co_await gather(limit(2), calls);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0");
    EXPECT_EQ(started, 2);
}

TEST_F(GatherRangeTest, a_cancelled_limit_starts_nobody_and_frees_the_rest) {
    int started = 0;
    auto main = [&]() -> Task<> {
        auto make = [&started](Tracked held) -> Task<> {
            ++started;
            co_await sleep(10ms);
            static_cast<void>(held);
        };
        std::vector<Task<>> tasks;
        for (int i = 0; i < 7; ++i) {
            tasks.push_back(make(Tracked(i)));
        }
        const auto result = co_await move_on_after(15ms, gather(limit(2), std::move(tasks)));
        EXPECT_FALSE(result);
    };
    run_sim(main);
    EXPECT_EQ(started, 4);
}

TEST_F(GatherRangeTest, a_limit_with_a_child_that_cannot_be_stopped_waits_for_it) {
    auto main = [&]() -> Task<> {
        std::vector<std::function<Task<>()>> calls(5, [&]() -> Task<> {
            SlowOperation slow(10ms, true);
            co_await slow;
            log.say("slow");
        });
        const auto result = co_await move_on_after(1ms, gather(limit(2), calls));
        EXPECT_FALSE(result);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "slow slow");
}

TEST_F(GatherRangeTest, settle_gives_an_outcome_for_each_and_stops_nobody) {
    auto main = []() -> Task<> {
        auto [a, b, c] =
            co_await gather(settle, fail_after(1ms, "a"), value_after(2ms, 2), sleep(3ms));
        EXPECT_TRUE(a.has_error());
        EXPECT_THROW(a.value(), std::runtime_error);
        EXPECT_EQ(b.value(), 2);
        EXPECT_TRUE(c.has_value());
        std::vector<Task<int>> tasks;
        tasks.push_back(value_after(2ms, 1));
        tasks.push_back(fail_at_once("x"));
        tasks.push_back(value_after(1ms, 3));
        const std::vector<Outcome<int>> outcomes =
            co_await gather(settle, limit(2), std::move(tasks));
        EXPECT_EQ(outcomes[0].value(), 1);
        EXPECT_TRUE(outcomes[1].has_error());
        EXPECT_EQ(outcomes[2].value(), 3);
        std::vector<Task<int>> more;
        more.push_back(fail_after(1ms, "y"));
        const auto failed = co_await gather(settle, std::move(more));
        EXPECT_TRUE(failed[0].has_error());
    };
    run_sim(main);
}

TEST_F(GatherRangeTest, a_cancelled_settle_stops_with_its_children) {
    auto main = [&]() -> Task<> {
        const auto result = co_await move_on_after(
            2ms, gather(settle, counted(1, 1h), value_after(1ms, 1), counted(2, 1h)));
        EXPECT_FALSE(result);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "2 1");
}

TEST_F(GatherRangeDeathTest, a_limit_of_zero_is_misuse) {
    EXPECT_DEATH(static_cast<void>(limit(0)), "never start");
    EXPECT_DEATH(static_cast<void>(Limit{0}), "never start");
}

}  // namespace
}  // namespace rondo::test
