// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/as_completed.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rondo/coro/amap.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

class AsCompletedTest : public LedgerTest {
protected:
    Task<int> ends(Duration after, int value) {
        AtEnd end(log, "~" + std::to_string(value));
        co_await sleep(after);
        co_return value;
    }
    std::vector<Task<int>> three() {
        std::vector<Task<int>> tasks;
        tasks.push_back(ends(30ms, 3));
        tasks.push_back(ends(10ms, 1));
        tasks.push_back(ends(20ms, 2));
        return tasks;
    }
};

TEST_F(AsCompletedTest, results_come_in_the_order_of_their_ends) {
    auto body = [](Completed<int>& results) -> Task<std::vector<int>> {
        std::vector<int> seen;
        for (;;) {
            auto value = co_await results.next();
            if (!value) {
                co_return seen;
            }
            seen.push_back(*value);
        }
    };
    auto main = [&]() -> Task<std::vector<int>> { co_return co_await as_completed(three(), body); };
    EXPECT_EQ(run_sim(main), (std::vector<int>{1, 2, 3}));
}

TEST_F(AsCompletedTest, nothing_to_start_gives_nothing_at_once) {
    auto body = [](Completed<int>& results) -> Task<bool> {
        auto value = co_await results.next();
        co_return value.has_value();
    };
    auto main = [&]() -> Task<bool> {
        std::vector<Task<int>> none;
        co_return co_await as_completed(std::move(none), body);
    };
    EXPECT_FALSE(run_sim(main));
}

TEST_F(AsCompletedTest, what_still_runs_when_the_body_ends_is_stopped_and_awaited) {
    auto body = [](Completed<int>& results) -> Task<> { co_await results.next(); };
    auto main = [&]() -> Task<> {
        co_await as_completed(three(), body);
        log.say("after");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "~1 ~2 ~3 after");
}

TEST_F(AsCompletedTest, an_error_is_thrown_where_its_turn_comes_and_stops_nobody) {
    auto body = [](Completed<int>& results) -> Task<std::string> {
        std::string seen;
        while (results.left() > 0) {
            try {
                auto value = co_await results.next();
                seen += std::to_string(*value);
            } catch (const std::runtime_error& error) {
                seen += error.what();
            }
        }
        co_return seen;
    };
    auto main = [&]() -> Task<std::string> {
        auto tasks = three();
        tasks.push_back(fail_after(15ms, "!"));
        co_return co_await as_completed(std::move(tasks), body);
    };
    EXPECT_EQ(run_sim(main), "1!23");
}

TEST_F(AsCompletedTest, an_error_of_the_body_stops_the_tasks_and_is_thrown) {
    auto body = [](Completed<int>& results) -> Task<> {
        co_await results.next();
        throw std::runtime_error("enough");
    };
    auto main = [&]() -> Task<> {
        std::string caught;
        try {
            co_await as_completed(three(), body);
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
        EXPECT_EQ(caught, "enough");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "~1 ~2 ~3");
}

TEST_F(AsCompletedTest, cancelled_while_waiting_it_stops_everything) {
    auto body = [](Completed<int>& results) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            co_await results.next();
        }
    };
    auto main = [&]() -> Task<> {
        auto result = co_await move_on_after(15ms, as_completed(three(), body));
        EXPECT_FALSE(result.has_value());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "~1 ~2 ~3");
}

TEST_F(AsCompletedTest, amap_keeps_the_order_and_the_limit) {
    int running = 0;
    int most = 0;
    auto work = [&](int value) -> Task<int> {
        most = std::max(most, ++running);
        co_await sleep(Duration(10ms) - Duration(1ms) * value);
        --running;
        co_return value* value;
    };
    auto main = [&]() -> Task<std::vector<int>> {
        std::vector<int> values{1, 2, 3, 4, 5};
        co_return co_await amap(limit(2), values, work);
    };
    EXPECT_EQ(run_sim(main), (std::vector<int>{1, 4, 9, 16, 25}));
    EXPECT_EQ(most, 2);
}

TEST_F(AsCompletedTest, amap_fails_with_the_first_failure) {
    auto work = [&](int value) -> Task<int> {
        log.say(std::to_string(value));
        co_await sleep(1ms);
        if (value == 2) {
            throw std::runtime_error("two");
        }
        co_return value;
    };
    auto main = [&]() -> Task<std::string> {
        std::vector<int> values{1, 2, 3, 4};
        try {
            co_await amap(limit(1), values, work);
        } catch (const std::runtime_error& error) {
            co_return error.what();
        }
        co_return "";
    };
    EXPECT_EQ(run_sim(main), "two");
    EXPECT_EQ(log.text(), "1 2");
}

TEST_F(AsCompletedTest, amap_of_a_plain_function_calls_it_in_turn) {
    auto main = [&]() -> Task<std::vector<std::string>> {
        std::vector<int> values{7, 8};
        auto text = [](int value) { return std::to_string(value); };
        co_return co_await amap(limit(1), values, text);
    };
    EXPECT_EQ(run_sim(main), (std::vector<std::string>{"7", "8"}));
}

}  // namespace
}  // namespace rondo::test
