// SPDX-License-Identifier: Apache-2.0
// staggered_race is rondo::hedge: the same call again, when the answer is late or an error.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/retry.hpp"

namespace rondo::test {
namespace {

using ParityHedge = ParityTest;
using ParityHedgeDeathTest = ParityTest;

TEST_F(ParityHedge, the_first_success_ends_it) {
    same("test_staggered: one_successful");
    run_sim([]() -> Task<> {
        int calls = 0;
        auto call = [&]() -> Task<std::string> {
            ++calls;
            co_await sleep(1ms);
            co_return "Res: " + std::to_string(calls);
        };
        const std::string result = co_await hedge(100ms, call, 2);
        EXPECT_EQ(result, "Res: 1");
        EXPECT_EQ(calls, 1);
    });
}

TEST_F(ParityHedge, a_failure_starts_the_next_one_at_once) {
    same("test_staggered: first_error_second_successful");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        int calls = 0;
        auto call = [&]() -> Task<int> {
            if (++calls == 1) {
                throw std::runtime_error("first");
            }
            co_await sleep(1ms);
            co_return calls;
        };
        const int result = co_await hedge(1h, call, 2);
        EXPECT_EQ(result, 2);
        EXPECT_EQ(now() - before, 1ms);
    });
}

TEST_F(ParityHedge, a_late_answer_starts_the_next_one_and_loses_to_it) {
    same("test_staggered: first_timeout_second_successful");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        int calls = 0;
        auto call = [&]() -> Task<int> {
            const int mine = ++calls;
            const AtEnd end(log, std::to_string(mine));
            co_await sleep(mine == 1 ? 1h : 5ms);
            co_return mine;
        };
        const int result = co_await hedge(100ms, call, 2);
        EXPECT_EQ(result, 2);
        EXPECT_EQ(now() - before, 105ms);
    });
    EXPECT_EQ(log.text(), "2 1") << "the loser is stopped and awaited";
}

TEST_F(ParityHedge, when_all_fail_the_first_error_is_thrown_and_the_rest_is_kept) {
    differs("test_staggered: none_successful",
            "an error is thrown: asyncio gives (None, None, exceptions)");
    run_sim([&]() -> Task<> {
        int calls = 0;
        auto call = [&]() -> Task<int> {
            throw std::runtime_error(std::to_string(++calls));
            co_return 0;
        };
        std::size_t kept = 0;
        try {
            co_await hedge(100ms, call, 3);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            kept = suppressed_errors().size();
        }
        EXPECT_EQ(kept, 2U);
    });
    EXPECT_EQ(log.text(), "1");
}

TEST_F(ParityHedge, of_two_that_succeed_together_one_wins) {
    same("test_staggered (3.13): multiple_winners");
    run_sim([]() -> Task<> {
        int calls = 0;
        auto call = [&]() -> Task<int> {
            const int mine = ++calls;
            co_await sleep(mine == 1 ? 200ms : 100ms);
            co_return mine;
        };
        const int result = co_await hedge(100ms, call, 2);
        EXPECT_EQ(result, 1) << "first come, first served";
        EXPECT_EQ(calls, 2);
        expect_idle(current_loop().stats());
    });
}

TEST_F(ParityHedge, cancelled_it_stops_what_it_started) {
    same("test_staggered (3.12): cancelled");
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(hedge(1ms, [&] { return dies("call"); }, 2));
        co_await sleep(5ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_EQ(log.text(), "call call");
}

TEST_F(ParityHedge, different_calls_race_without_a_delay) {
    differs("test_staggered: staggered_race over different coroutines",
            "hedge repeats one call; race runs different ones, all at once");
    run_sim([&]() -> Task<> {
        const int won = co_await race(value_after(5ms, 1), value_after(2ms, 2), dies("loser"));
        EXPECT_EQ(won, 2);
    });
    EXPECT_EQ(log.text(), "loser");
}

TEST_F(ParityHedgeDeathTest, none_at_all_is_a_mistake) {
    differs("test_staggered: empty",
            "no try can give no result: it stops the program; asyncio gives (None, None, [])");
    EXPECT_DEATH(run_sim([]() -> Task<> { co_await hedge(1ms, [] { return 1; }, 0); }),
                 "no winner");
}

}  // namespace
}  // namespace rondo::test
