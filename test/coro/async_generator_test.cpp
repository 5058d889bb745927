// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/async_generator.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "rondo/base/error.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

class AsyncGeneratorTest : public LedgerTest {
protected:
    AsyncGenerator<int> counts(int from, int to, Duration pause) {
        AtEnd end(log, "generator");
        for (int i = from; i < to; ++i) {
            if (pause > 0s) {
                co_await sleep(pause);
            }
            co_yield i;
        }
    }
    AsyncGenerator<int> fails_after(int count) {
        for (int i = 0; i < count; ++i) {
            co_yield i;
        }
        throw std::runtime_error("no more");
    }
    static Task<int> sum(AsyncGenerator<int> numbers) { co_return co_await sum_of(numbers); }
    static Task<int> sum_of(AsyncGenerator<int>& numbers) {
        int total = 0;
        for (;;) {
            auto number = co_await numbers.next();
            if (!number) {
                break;
            }
            total += *number;
        }
        co_return total;
    }
    /// Reads all values; how that ends.
    static Task<std::string> ending_of(AsyncGenerator<int>& numbers) {
        std::string ending = "no more values";
        try {
            co_await sum_of(numbers);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::closed);
            ending = error.what();
        }
        co_return ending;
    }
};
using AsyncGeneratorDeathTest = AsyncGeneratorTest;

TEST_F(AsyncGeneratorTest, nothing_runs_before_the_first_next) {
    auto main = [&]() -> Task<> {
        auto numbers = counts(0, 3, 0s);
        co_await yield();
        EXPECT_EQ(log.text(), "");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "");
}

TEST_F(AsyncGeneratorTest, values_come_in_order_without_suspending) {
    auto main = [&]() -> Task<int> { co_return co_await sum(counts(0, 5, 0s)); };
    EXPECT_EQ(run_sim(main), 10);
}

TEST_F(AsyncGeneratorTest, values_come_in_order_with_waits_between) {
    auto main = [&]() -> Task<Duration> {
        const TimePoint before = now();
        const int total = co_await sum(counts(0, 5, 1s));
        EXPECT_EQ(total, 10);
        co_return now() - before;
    };
    EXPECT_EQ(run_sim(main), 5s);
}

TEST_F(AsyncGeneratorTest, after_its_end_it_gives_nothing_again_and_again) {
    auto main = [&]() -> Task<> {
        auto numbers = counts(0, 1, 0s);
        auto first = co_await numbers.next();
        EXPECT_EQ(first, 0);
        for (int i = 0; i < 3; ++i) {
            auto none = co_await numbers.next();
            EXPECT_EQ(none, std::nullopt);
        }
    };
    run_sim(main);
}

TEST_F(AsyncGeneratorTest, an_error_is_thrown_once_then_it_has_ended) {
    auto main = [&]() -> Task<> {
        auto numbers = fails_after(1);
        auto first = co_await numbers.next();
        EXPECT_EQ(first, 0);
        bool thrown = false;
        try {
            co_await numbers.next();
        } catch (const std::runtime_error& error) {
            thrown = std::string(error.what()) == "no more";
        }
        EXPECT_TRUE(thrown);
        auto none = co_await numbers.next();
        EXPECT_EQ(none, std::nullopt);
    };
    run_sim(main);
}

TEST_F(AsyncGeneratorTest, dropped_early_it_destroys_its_locals) {
    auto main = [&]() -> Task<> {
        {
            auto numbers = counts(0, 10, 1ms);
            auto first = co_await numbers.next();
            EXPECT_EQ(first, 0);
            log.say("drop");
        }
        log.say("after");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "drop generator after");
}

TEST_F(AsyncGeneratorTest, a_stop_inside_it_destroys_it_before_its_reader) {
    auto reader = [&]() -> Task<> {
        AtEnd end(log, "reader");
        auto numbers = counts(0, 10, 1h);
        co_await numbers.next();
    };
    auto main = [&]() -> Task<> {
        auto result = co_await move_on_after(1s, reader);
        EXPECT_FALSE(result.has_value());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "generator reader");
}

TEST_F(AsyncGeneratorTest, a_stop_of_the_reader_elsewhere_destroys_it_too) {
    auto reader = [&]() -> Task<> {
        auto numbers = counts(0, 10, 1ms);
        co_await numbers.next();
        co_await sleep(1h);
    };
    auto main = [&]() -> Task<> { co_await move_on_after(1s, reader); };
    run_sim(main);
    EXPECT_EQ(log.text(), "generator");
}

TEST_F(AsyncGeneratorTest, after_a_stop_inside_it_every_next_says_so) {
    auto main = [&]() -> Task<> {
        auto numbers = counts(0, 10, 1h);
        const auto late = co_await move_on_after(1s, numbers.next());
        EXPECT_FALSE(late.has_value());
        for (int i = 0; i < 2; ++i) {
            const std::string ending = co_await ending_of(numbers);
            EXPECT_EQ(ending, "next an async generator: an earlier next() was stopped");
        }
        auto moved = std::move(numbers);
        const std::string ending = co_await ending_of(moved);
        EXPECT_EQ(ending, "next an async generator: an earlier next() was stopped");
        const auto none = co_await numbers.next();  // NOLINT(bugprone-use-after-move)
        EXPECT_EQ(none, std::nullopt);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "generator");
}

TEST_F(AsyncGeneratorTest, one_that_was_stopped_is_replaced_by_another) {
    auto main = [&]() -> Task<> {
        auto numbers = counts(0, 10, 1h);
        co_await move_on_after(1s, numbers.next());
        numbers = counts(3, 5, 1ms);
        const int total = co_await sum_of(numbers);
        EXPECT_EQ(total, 7);
        const auto none = co_await numbers.next();
        EXPECT_EQ(none, std::nullopt) << "its own end";
    };
    run_sim(main);
}

TEST_F(AsyncGeneratorTest, values_that_only_move_are_moved) {
    auto pointers = []() -> AsyncGenerator<std::unique_ptr<int>> {
        co_yield std::make_unique<int>(1);
        co_await sleep(1ms);
        auto second = std::make_unique<int>(2);
        co_yield std::move(second);
    };
    auto main = [&]() -> Task<int> {
        auto all = pointers();
        auto first = co_await all.next();
        auto second = co_await all.next();
        co_return **first * 10 + **second;
    };
    EXPECT_EQ(run_sim(main), 12);
}

TEST_F(AsyncGeneratorTest, one_generator_may_read_another) {
    auto doubled = [](AsyncGenerator<int> from) -> AsyncGenerator<int> {
        for (;;) {
            auto number = co_await from.next();
            if (!number) {
                co_return;
            }
            co_yield 2 * *number;
        }
    };
    auto main = [&]() -> Task<int> {
        auto inner = counts(0, 5, 1ms);
        auto outer = doubled(std::move(inner));
        co_return co_await sum(std::move(outer));
    };
    EXPECT_EQ(run_sim(main), 20);
}

TEST_F(AsyncGeneratorTest, a_million_values_use_no_stack) {
    auto main = [&]() -> Task<> {
        auto numbers = counts(0, 1'000'000, 0s);
        long count = 0;
        for (;;) {
            auto number = co_await numbers.next();
            if (!number) {
                break;
            }
            ++count;
        }
        EXPECT_EQ(count, 1'000'000);
    };
    run_sim(main);
}

TEST_F(AsyncGeneratorDeathTest, a_next_inside_another_stops_the_program) {
    EXPECT_DEATH(
        {
            AsyncGenerator<int>* self = nullptr;
            auto reads_itself = [&]() -> AsyncGenerator<int> {
                co_await self->next();
                co_yield 1;
            };
            auto main = [&]() -> Task<> {
                auto numbers = reads_itself();
                self = &numbers;
                co_await numbers.next();
            };
            run_sim(main);
        },
        "running already");
}

}  // namespace
}  // namespace rondo::test
