// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/retry.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/coro/errors.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

class RetryTest : public LedgerTest {
protected:
    /// Fails until the `good`-th call.
    auto flaky(int good) {
        return [this, good]() -> Task<int> {
            ++calls;
            times.push_back(now());
            co_await yield();
            if (calls < good) {
                throw std::runtime_error("try " + std::to_string(calls));
            }
            co_return calls;
        };
    }
    template <class F>
    static Task<std::string> message_of(RetryPolicy policy, F function) {
        try {
            co_await retry(policy, function);
        } catch (const std::exception& error) {
            co_return error.what();
        }
        co_return "no error";
    }

    int calls = 0;
    std::vector<TimePoint> times;
};

TEST_F(RetryTest, the_first_success_is_the_result) {
    auto main = [&]() -> Task<int> {
        auto call = flaky(3);
        co_return co_await retry({}, call);
    };
    EXPECT_EQ(run_sim(main), 3);
}

TEST_F(RetryTest, the_last_error_is_thrown_when_all_tries_fail) {
    RetryPolicy policy;
    policy.attempts = 4;
    auto main = [&]() -> Task<std::string> {
        auto call = flaky(9);
        co_return co_await message_of(policy, call);
    };
    EXPECT_EQ(run_sim(main), "try 4");
    EXPECT_EQ(calls, 4);
}

TEST_F(RetryTest, pauses_double_up_to_the_cap) {
    RetryPolicy policy;
    policy.attempts = 5;
    policy.base = 100ms;
    policy.cap = 300ms;
    policy.jitter = false;
    auto main = [&]() -> Task<std::string> {
        auto call = flaky(9);
        co_return co_await message_of(policy, call);
    };
    run_sim(main);
    ASSERT_EQ(times.size(), 5U);
    EXPECT_EQ(times[1] - times[0], 100ms);
    EXPECT_EQ(times[2] - times[1], 200ms);
    EXPECT_EQ(times[3] - times[2], 300ms);
    EXPECT_EQ(times[4] - times[3], 300ms);
}

TEST_F(RetryTest, jitter_draws_pauses_below_the_bound_and_a_seed_repeats_them) {
    RetryPolicy policy;
    policy.attempts = 50;
    policy.factor = 1;
    auto main = [&]() -> Task<std::string> {
        auto call = flaky(99);
        co_return co_await message_of(policy, call);
    };
    run_sim(main, 5);
    const std::vector<TimePoint> first = times;
    bool differs = false;
    for (std::size_t i = 1; i < first.size(); ++i) {
        EXPECT_LE(first[i] - first[i - 1], 101ms);
        differs = differs || first[i] - first[i - 1] != first[1] - first[0];
    }
    EXPECT_TRUE(differs);
    calls = 0;
    times.clear();
    run_sim(main, 5);
    EXPECT_EQ(times, first);
}

TEST_F(RetryTest, the_deadline_ends_a_try_that_hangs) {
    RetryPolicy policy;
    policy.deadline = 1s;
    auto main = [&]() -> Task<Duration> {
        const TimePoint before = now();
        const std::string message = co_await message_of(policy, forever);
        EXPECT_EQ(message, "timeout: the deadline passed");
        co_return now() - before;
    };
    EXPECT_EQ(run_sim(main), 1s);
}

TEST_F(RetryTest, the_longest_duration_is_a_deadline_that_never_comes) {
    RetryPolicy policy;
    policy.deadline = Duration::max();
    auto main = [&]() -> Task<int> {
        auto call = flaky(3);
        co_return co_await retry(policy, call);
    };
    EXPECT_EQ(run_sim(main), 3);
}

TEST_F(RetryTest, the_longest_pause_goes_beyond_every_deadline) {
    RetryPolicy policy;
    policy.base = Duration::max();
    policy.cap = Duration::max();
    policy.jitter = false;
    policy.deadline = 1h;
    auto main = [&]() -> Task<std::string> {
        auto call = flaky(9);
        co_return co_await message_of(policy, call);
    };
    EXPECT_EQ(run_sim(main), "try 1");
}

TEST_F(RetryTest, no_pause_goes_beyond_the_deadline) {
    RetryPolicy policy;
    policy.attempts = 0;
    policy.jitter = false;
    policy.base = 400ms;
    policy.factor = 1;
    policy.deadline = 1s;
    auto main = [&]() -> Task<std::string> {
        auto call = flaky(99);
        co_return co_await message_of(policy, call);
    };
    EXPECT_EQ(run_sim(main), "try 3");
}

TEST_F(RetryTest, a_broken_program_is_not_tried_again_unless_asked) {
    auto broken = [&]() -> int {
        ++calls;
        throw std::logic_error("broken");
    };
    auto main = [&]() -> Task<> {
        co_await message_of({}, broken);
        EXPECT_EQ(calls, 1);
        RetryPolicy all;
        all.retry_if = [](const std::exception_ptr&) { return true; };
        co_await message_of(all, broken);
        EXPECT_EQ(calls, 4);
    };
    run_sim(main);
}

TEST_F(RetryTest, a_stop_ends_it_in_a_try_and_in_a_pause) {
    RetryPolicy policy;
    policy.jitter = false;
    policy.base = 1h;
    auto main = [&]() -> Task<> {
        auto in_try = co_await move_on_after(1s, retry(policy, forever));
        EXPECT_FALSE(in_try.has_value());
        auto call = flaky(9);
        auto in_pause = co_await move_on_after(1s, retry(policy, call));
        EXPECT_FALSE(in_pause.has_value());
        EXPECT_EQ(calls, 1);
    };
    run_sim(main);
}

class HedgeTest : public LedgerTest {
protected:
    /// The n-th call takes the n-th duration; a negative one fails after its amount.
    auto answers(std::vector<Duration> durations) {
        return [this, durations]() -> Task<int> {
            const int call = calls++;
            const Duration takes = durations[static_cast<std::size_t>(call)];
            co_await sleep(takes < 0s ? -takes : takes);
            if (takes < 0s) {
                throw std::runtime_error(std::to_string(call));
            }
            co_return call;
        };
    }
    int calls = 0;
};

TEST_F(HedgeTest, a_quick_answer_needs_no_second_call) {
    auto call = answers({50ms, 1ms});
    auto main = [&]() -> Task<int> { co_return co_await hedge(100ms, call); };
    EXPECT_EQ(run_sim(main), 0);
    EXPECT_EQ(calls, 1);
}

TEST_F(HedgeTest, a_slow_answer_is_overtaken_and_stopped) {
    auto call = answers({1h, 50ms});
    auto main = [&]() -> Task<Duration> {
        const TimePoint before = now();
        const int winner = co_await hedge(100ms, call);
        EXPECT_EQ(winner, 1);
        co_return now() - before;
    };
    EXPECT_EQ(run_sim(main), 150ms);
}

TEST_F(HedgeTest, a_failure_starts_the_next_call_at_once) {
    auto call = answers({-10ms, 5ms});
    auto main = [&]() -> Task<Duration> {
        const TimePoint before = now();
        const int winner = co_await hedge(100ms, call);
        EXPECT_EQ(winner, 1);
        co_return now() - before;
    };
    EXPECT_EQ(run_sim(main), 15ms);
}

TEST_F(HedgeTest, with_the_longest_delay_only_failures_start_the_next_call) {
    auto call = answers({-10ms, -5ms, 5ms});
    auto main = [&]() -> Task<Duration> {
        const TimePoint before = now();
        const int winner = co_await hedge(Duration::max(), call, 3);
        EXPECT_EQ(winner, 2);
        co_return now() - before;
    };
    EXPECT_EQ(run_sim(main), 20ms);
}

TEST_F(HedgeTest, when_all_fail_the_first_failure_is_thrown) {
    auto call = answers({-10ms, -5ms, -5ms});
    auto main = [&]() -> Task<> {
        std::string first;
        std::size_t others = 0;
        try {
            co_await hedge(100ms, call, 3);
        } catch (const std::runtime_error& error) {
            first = error.what();
            others = suppressed_errors().size();
        }
        EXPECT_EQ(first, "0");
        EXPECT_EQ(others, 2U);
    };
    run_sim(main);
}

}  // namespace
}  // namespace rondo::test
