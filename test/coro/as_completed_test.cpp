// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/as_completed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "rondo/coro/amap.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
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
    /// Takes what comes until nothing is left: "a1", at last "a-".
    Task<> reads(Completed<int>& results, std::string name) {
        for (;;) {
            auto value = co_await results.next();
            if (!value) {
                break;
            }
            log.say(name + std::to_string(*value));
        }
        log.say(name + "-");
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

TEST_F(AsCompletedTest, two_readers_take_turns_and_both_end) {
    auto body = [&](Completed<int>& results) -> Task<> {
        co_await gather(reads(results, "a"), reads(results, "b"));
        EXPECT_EQ(results.left(), 0U);
    };
    auto main = [&]() -> Task<> { co_await as_completed(three(), body); };
    run_sim(main);
    EXPECT_EQ(log.text(), "~1 a1 ~2 b2 ~3 a3 a- b-");
}

TEST_F(AsCompletedTest, more_readers_than_results_all_end) {
    auto body = [&](Completed<int>& results) -> Task<> {
        std::vector<Task<>> readers;
        for (const char* name : {"a", "b", "c", "d", "e"}) {
            readers.push_back(reads(results, name));
        }
        co_await gather(std::move(readers));
    };
    auto main = [&]() -> Task<> { co_await as_completed(three(), body); };
    run_sim(main);
    EXPECT_EQ(log.text(), "~1 a1 ~2 b2 ~3 c3 c- d- e- a- b-");
}

// Results that come in one turn meet readers that wait and readers that just ran.
TEST_F(AsCompletedTest, in_any_order_many_readers_get_each_result_once) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        std::vector<int> seen;
        int ended = 0;
        auto body = [&](Completed<std::string>& results) -> Task<> {
            auto reader = [&]() -> Task<> {
                for (;;) {
                    auto value = co_await results.next();
                    if (!value) {
                        break;
                    }
                    seen.push_back(std::stoi(*value));
                }
                ++ended;
            };
            std::vector<Task<>> readers;
            for (int i = 0; i < 7; ++i) {
                readers.push_back(reader());
            }
            co_await gather(std::move(readers));
        };
        auto main = [&]() -> Task<> {
            std::vector<Task<std::string>> tasks;
            for (int i = 0; i < 40; ++i) {
                std::string text = std::string(30, '0') + std::to_string(i);
                tasks.push_back(value_after(1ms * (i / 4), std::move(text)));
            }
            co_await as_completed(std::move(tasks), body);
        };
        run_sim(main, seed);
        std::sort(seen.begin(), seen.end());
        std::vector<int> all(40);
        std::iota(all.begin(), all.end(), 0);
        EXPECT_EQ(seen, all) << seed;
        EXPECT_EQ(ended, 7) << seed;
    }
}

TEST_F(AsCompletedTest, results_that_are_there_are_shared_by_two_readers) {
    std::vector<int> seen(1000);
    auto body = [&](Completed<int>& results) -> Task<> {
        auto reader = [&]() -> Task<> {
            for (;;) {
                auto value = co_await results.next();
                if (!value) {
                    break;
                }
                ++seen[static_cast<std::size_t>(*value)];
            }
        };
        co_await sleep(1ms);
        co_await gather(reader(), reader());
    };
    auto main = [&]() -> Task<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 1000; ++i) {
            tasks.push_back(ready_value(i));
        }
        co_await as_completed(std::move(tasks), body);
    };
    run_sim(main);
    EXPECT_EQ(seen, std::vector<int>(1000, 1));
}

TEST_F(AsCompletedTest, a_reader_that_is_cancelled_while_it_waits_takes_nothing) {
    auto body = [&](Completed<int>& results) -> Task<> {
        TaskHandle<> first = create_task(reads(results, "a"));
        TaskHandle<> second = create_task(reads(results, "b"));
        co_await sleep(5ms);
        first.cancel();
        co_await second;
        EXPECT_TRUE(first.cancelled());
    };
    auto main = [&]() -> Task<> { co_await as_completed(three(), body); };
    run_sim(main);
    EXPECT_EQ(log.text(), "~1 b1 ~2 b2 ~3 b3 b-");
}

TEST_F(AsCompletedTest, a_reader_that_was_given_a_result_has_it_though_cancelled) {
    Gate gate;
    auto body = [&](Completed<int>& results) -> Task<> {
        TaskHandle<> first = create_task(reads(results, "a"));
        TaskHandle<> second = create_task(reads(results, "b"));
        co_await sleep(1ms);
        gate.open();
        co_await yield();
        EXPECT_EQ(results.left(), 3U);
        first.cancel();
        co_await second;
        EXPECT_TRUE(first.cancelled());
    };
    auto main = [&]() -> Task<> {
        auto tasks = three();
        tasks.push_back([](Gate& opens) -> Task<int> {
            co_await opens.wait();
            co_return 0;
        }(gate));
        co_await as_completed(std::move(tasks), body);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "a0 ~1 b1 ~2 b2 ~3 b3 b-");
}

TEST_F(AsCompletedTest, a_reader_that_waits_gets_an_error_in_its_turn) {
    auto body = [&](Completed<int>& results) -> Task<> {
        auto reader = [&]() -> Task<> {
            try {
                co_await results.next();
            } catch (const std::runtime_error& error) {
                log.say(error.what());
            }
        };
        co_await gather(reads(results, "a"), reader());
    };
    auto main = [&]() -> Task<> {
        auto tasks = three();
        tasks.push_back(fail_after(15ms, "!"));
        co_await as_completed(std::move(tasks), body);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "~1 a1 ! ~2 a2 ~3 a3 a-");
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
