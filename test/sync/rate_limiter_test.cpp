// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/rate_limiter.hpp"

#include <memory>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

/// One token in a second, as many at once as there are waiters.
struct LimiterAcquire : CaseBase {
    static constexpr const char* name = "acquire";
    int waiters;
    RateLimiter limiter;

    explicit LimiterAcquire(int count)
        : waiters(count), limiter(1, 1s, static_cast<double>(count)) {}
    Task<> block() {
        while (limiter.try_acquire()) {
        }
        co_return;
    }
    auto make(Nothing) { return limiter.acquire(); }
    Task<> open() { co_await sleep(std::chrono::seconds(waiters)); }
    bool whole() const { return true; }
};

using LimiterCases = testing::Types<LimiterAcquire>;
INSTANTIATE_TYPED_TEST_SUITE_P(rate_limiter, Laws, LimiterCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(rate_limiter, AgainLaws, LimiterCases, CaseNames);

class RateLimiterTest : public LedgerTest {
protected:
    /// Says how many milliseconds after `start` it got its tokens.
    Task<> take(RateLimiter& from, double tokens, TimePoint start) {
        co_await from.acquire(tokens);
        say_time(start);
    }
    void say_time(TimePoint start) {
        const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(now() - start);
        log.say(std::to_string(passed.count()));
    }
};
using RateLimiterDeathTest = RateLimiterTest;

TEST_F(RateLimiterTest, begins_full_and_gives_its_burst_at_once) {
    RateLimiter limiter(1, 1s, 3);
    auto main = [&]() -> Task<> {
        const TimePoint start = now();
        for (int i = 0; i < 3; ++i) {
            co_await take(limiter, 1, start);
        }
        EXPECT_FALSE(limiter.try_acquire());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 0 0");
}

TEST_F(RateLimiterTest, then_keeps_its_rate) {
    RateLimiter limiter(10, 1s);
    auto main = [&]() -> Task<> {
        const TimePoint start = now();
        for (int i = 0; i < 5; ++i) {
            co_await take(limiter, 1, start);
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 100 200 300 400");
}

TEST_F(RateLimiterTest, keeps_its_rate_on_average_although_timers_are_rounded_up) {
    RateLimiter limiter(3000, 1s);
    auto main = [&]() -> Task<> {
        const TimePoint start = now();
        for (int i = 0; i <= 3000; ++i) {
            co_await limiter.acquire();
        }
        say_time(start);
    };
    run_sim(main);
    const int took = std::stoi(log.text());
    EXPECT_GE(took, 1000);
    EXPECT_LE(took, 1001);
}

TEST_F(RateLimiterTest, keeps_a_rate_that_is_finer_than_the_ticks_of_timers) {
    for (const int workers : {1, 4, 1000}) {
        log.clear();
        RateLimiter limiter(20'000, 1s);
        int left = 20'001;
        auto work = [&]() -> Task<> {
            while (left > 0) {
                --left;
                co_await limiter.acquire();
            }
        };
        auto main = [&]() -> Task<> {
            const TimePoint start = now();
            std::vector<Task<>> tasks;
            for (int i = 0; i < workers; ++i) {
                tasks.push_back(work());
            }
            co_await gather(std::move(tasks));
            say_time(start);
        };
        run_sim(main);
        const int took = std::stoi(log.text());
        EXPECT_GE(took, 1000) << workers;
        EXPECT_LE(took, 1001) << workers;
    }
}

TEST_F(RateLimiterTest, a_loop_that_was_late_makes_up_for_ten_milliseconds) {
    RateLimiter limiter(500, 1s, 3);
    int given = 0;
    auto main = [&]() -> Task<> {
        auto take_on = [&]() -> Task<> {
            for (;;) {
                co_await limiter.acquire();
                ++given;
            }
        };
        TaskHandle<> taking = create_task(take_on());
        co_await sleep(1ms);
        given = 0;
        blocking_sleep(7ms);
        co_await sleep(1ms);
        EXPECT_EQ(given, 4) << "all that dripped in in 8 ms";
        given = 0;
        blocking_sleep(1h);
        co_await sleep(1ms);
        EXPECT_EQ(given, 3 + 5) << "the burst, and what drips in in 10 ms";
        taking.cancel();
    };
    run_sim(main);
}

TEST_F(RateLimiterTest, what_a_late_timer_left_is_gone_ten_milliseconds_later) {
    RateLimiter limiter(20'000, 1s);
    auto main = [&]() -> Task<> {
        co_await limiter.acquire();
        co_await limiter.acquire();
        EXPECT_TRUE(limiter.try_acquire()) << "a tick drips in more than the one";
        co_await sleep(9ms);
        int given = 0;
        while (limiter.try_acquire()) {
            ++given;
        }
        EXPECT_LE(given, 19) << "no more than was left";
        co_await limiter.acquire();
        co_await sleep(11ms);
        EXPECT_TRUE(limiter.try_acquire());
        EXPECT_FALSE(limiter.try_acquire());
    };
    run_sim(main);
}

TEST_F(RateLimiterTest, waiters_are_served_in_order_a_large_request_before_later_small_ones) {
    RateLimiter limiter(1, 1s, 4);
    auto main = [&]() -> Task<> {
        const TimePoint start = now();
        co_await take(limiter, 4, start);
        TaskHandle<> large = create_task(take(limiter, 3, start));
        TaskHandle<> small = create_task(take(limiter, 1, start));
        co_await sleep(1500ms);
        EXPECT_FALSE(limiter.try_acquire()) << "others wait for the tokens that are there";
        co_await large;
        co_await small;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 3000 4000");
}

TEST_F(RateLimiterTest, never_holds_more_than_its_burst) {
    RateLimiter limiter(1, 1s, 2);
    auto main = [&]() -> Task<> {
        const TimePoint start = now();
        co_await take(limiter, 2, start);
        co_await sleep(100s);
        EXPECT_TRUE(limiter.try_acquire(2));
        EXPECT_FALSE(limiter.try_acquire(0.5));
        co_await take(limiter, 1, start);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 101000");
}

TEST_F(RateLimiterTest, fractions_of_tokens_count) {
    RateLimiter limiter(1, 1s);
    auto main = [&]() -> Task<> {
        const TimePoint start = now();
        for (int i = 0; i < 4; ++i) {
            co_await take(limiter, 0.5, start);
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 0 500 1000");
}

TEST_F(RateLimiterTest, a_cancelled_waiter_takes_none_and_the_next_moves_up) {
    RateLimiter limiter(1, 1s, 4);
    auto main = [&]() -> Task<> {
        const TimePoint start = now();
        co_await take(limiter, 4, start);
        TaskHandle<> large = create_task(take(limiter, 4, start));
        TaskHandle<> small = create_task(take(limiter, 1, start));
        co_await sleep(2s);
        large.cancel();
        co_await small;
        co_await take(limiter, 2, start);
        EXPECT_TRUE(large.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 2000 3000");
}

TEST_F(RateLimiterTest, it_arms_no_timer_when_nobody_waits) {
    RateLimiter limiter(1, 1s);
    auto main = [&]() -> Task<> {
        co_await limiter.acquire();
        EXPECT_EQ(current_loop().stats().timers, 0U);
        auto waiting = [&]() -> Task<> { co_await limiter.acquire(); };
        TaskHandle<> handle = create_task(waiting());
        co_await yield();
        EXPECT_EQ(current_loop().stats().timers, 1U);
        handle.cancel();
        co_await yield();
        EXPECT_EQ(current_loop().stats().timers, 0U);
    };
    run_sim(main);
}

TEST_F(RateLimiterTest, used_by_one_loop_after_another_it_loses_no_tokens) {
    RateLimiter limiter(1, 1s, 3);
    auto main = [&]() -> Task<> {
        co_await sleep(5s);
        EXPECT_TRUE(limiter.try_acquire());
    };
    run_sim(main);
    auto next = [&]() -> Task<> {
        EXPECT_TRUE(limiter.try_acquire(2)) << "the new loop's clock may stand earlier";
        co_return;
    };
    run_sim(next);
}

TEST_F(RateLimiterDeathTest, needs_positive_numbers) {
    const char* const message = "a RateLimiter needs a positive count, period and burst";
    EXPECT_DEATH(RateLimiter(0, 1s), message);
    EXPECT_DEATH(RateLimiter(1, 0s), message);
    EXPECT_DEATH(RateLimiter(1, 1s, 0), message);
}

TEST_F(RateLimiterDeathTest, gives_at_most_its_burst_and_at_least_something) {
    const char* const message = "a RateLimiter can only give up to its burst at once";
    RateLimiter limiter(1, 1s, 2);
    auto main = [&](double tokens) -> Task<> { co_await limiter.acquire(tokens); };
    EXPECT_DEATH(run_sim(main(3)), message);
    EXPECT_DEATH(run_sim(main(0)), message);
    auto try_main = [&](double tokens) -> Task<> {
        limiter.try_acquire(tokens);
        co_return;
    };
    EXPECT_DEATH(run_sim(try_main(-1)), message);
}

TEST_F(RateLimiterDeathTest, must_not_die_while_a_task_waits) {
    auto main = []() -> Task<> {
        auto mine = std::make_unique<RateLimiter>(1, 1s);
        co_await mine->acquire();
        auto waiting = [&]() -> Task<> { co_await mine->acquire(); };
        TaskHandle<> handle = create_task(waiting());
        co_await yield();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a RateLimiter was destroyed while a task waits");
}

TEST_F(RateLimiterTest, gives_never_more_than_burst_plus_rate_times_time_for_all_seeds) {
    double all = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Random random(seed);
        RateLimiter limiter(1, 1ms, 3);
        double given = 0;
        TimePoint start{};
        auto round = [&](int) -> Task<> {
            if (start == TimePoint{}) {
                start = now();
            }
            const double tokens = 1 + random.below(3);
            co_await limiter.acquire(tokens);
            given += tokens;
            const std::chrono::duration<double, std::milli> passed = now() - start;
            EXPECT_LE(given, 3 + passed.count() + 1e-3);
        };
        stress(seed, round, [] { EXPECT_EQ(current_loop().stats().timers, 0U); });
        all += given;
    }
    EXPECT_GT(all, 1000);
}

}  // namespace rondo::test
