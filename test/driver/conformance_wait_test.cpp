// SPDX-License-Identifier: Apache-2.0
// wait, wake, and the clock.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

#include "driver/conformance.hpp"

namespace rondo::test {
namespace {

constexpr Driver::Time millisecond = 1'000'000;

}  // namespace

TEST_P(Conformance, the_clock_starts_above_zero_and_never_goes_back) {
    Driver::Time before = driver().now();
    EXPECT_GT(before, 0);
    for (int i = 0; i < 100; ++i) {
        bench_->turn(1);
        const Driver::Time now = driver().now();
        EXPECT_GE(now, before);
        before = now;
    }
}

TEST_P(Conformance, a_deadline_is_never_early) {
    for (const Driver::Time delay :
         {Driver::Time{1}, millisecond / 7, millisecond, 3 * millisecond, 5 * millisecond + 1}) {
        const Driver::Time until = driver().now() + delay;
        while (driver().wait(until) == WaitResult::progress && driver().now() < until) {
        }
        EXPECT_GE(driver().now(), until);
    }
}

TEST_P(Conformance, a_deadline_in_the_past_does_not_sleep) {
    driver().wait(0);
    driver().wait(1);
    driver().wait(driver().now() - millisecond);
    driver().wait(driver().now());
}

TEST_P(Conformance, blocking_takes_at_least_as_long_as_asked_for) {
    const Driver::Time before = driver().now();
    driver().block_for(2 * millisecond);
    EXPECT_GE(driver().now(), before + 2 * millisecond);
    driver().block_for(0);
    driver().block_for(-1);
}

TEST_P(Conformance, a_wait_with_ended_operations_does_not_sleep) {
    const auto [client, server] = bench_->unix_pair();
    char buffer[4];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    bench_->turn();
    EXPECT_FALSE(driver().pending() && is_real());
    driver().cancel(receive);
    EXPECT_TRUE(driver().pending());
    EXPECT_EQ(driver().wait(Driver::never), WaitResult::progress);
    EXPECT_EQ(receive.announced, 1);
    close_both(client, server);
}

TEST_P(Conformance, a_wake_before_the_wait_is_not_lost) {
    for (int i = 0; i < 100; ++i) {
        driver().wake();
        driver().wake();
        EXPECT_EQ(driver().wait(Driver::never), WaitResult::progress);
    }
}

TEST_P(KernelConformance, a_wake_from_another_thread_ends_the_wait) {
    std::atomic<bool> woken{false};
    std::thread waker([&] {
        woken.store(true);
        driver().wake();
    });
    while (!woken.load()) {
        driver().wait(Driver::never);
    }
    waker.join();
}

// Each post is followed by a wake. A wait that slept through one would wait for ever.
TEST_P(KernelConformance, no_post_is_lost_between_threads) {
    constexpr int posters = 3;
    constexpr int posts_each = 10'000;
    std::atomic<int> posted{0};
    std::atomic<bool> start{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < posters; ++i) {
        threads.emplace_back([&] {
            while (!start.load()) {
            }
            for (int j = 0; j < posts_each; ++j) {
                posted.fetch_add(1, std::memory_order_relaxed);
                driver().wake();
                if (j % 64 == 0) {
                    std::this_thread::yield();
                }
            }
        });
    }
    start.store(true);
    while (posted.load(std::memory_order_relaxed) < posters * posts_each) {
        driver().wait(Driver::never);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

TEST_P(KernelConformance, a_signal_ends_a_wait_and_breaks_nothing) {
    static Driver* waker = nullptr;
    waker = &driver();
    struct sigaction action{};
    struct sigaction before{};
    action.sa_handler = [](int) { waker->wake(); };
    ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
    const pthread_t self = pthread_self();
    std::atomic<bool> woken{false};
    // ThreadSanitizer puts a signal off that comes shortly before the wait; the next one ends it.
    std::thread sender([&] {
        do {
            pthread_kill(self, SIGUSR1);
            std::this_thread::yield();
        } while (!woken.load());
    });
    driver().wait(Driver::never);
    woken.store(true);
    sender.join();
    driver().wait(0);
    sigaction(SIGUSR1, &before, nullptr);
}

TEST_P(SimConformance, time_in_the_simulation_jumps_to_the_deadline) {
    const Driver::Time start = driver().now();
    EXPECT_EQ(start, 1'000 * millisecond);
    EXPECT_EQ(driver().wait(start + 3'600'000 * millisecond), WaitResult::progress);
    EXPECT_EQ(driver().now(), start + 3'600'000 * millisecond);
    driver().block_for(millisecond);
    EXPECT_EQ(driver().now(), start + 3'600'001 * millisecond);
}

TEST_P(SimConformance, the_simulation_says_when_nothing_can_happen_any_more) {
    const auto [client, server] = bench_->unix_pair();
    char buffer[4];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    int waits = 0;
    while (driver().wait(Driver::never) == WaitResult::progress) {
        ASSERT_LT(++waits, 100);
    }
    std::thread([&] { driver().wake(); }).join();
    EXPECT_EQ(driver().wait(Driver::never), WaitResult::progress);
    EXPECT_EQ(driver().wait(Driver::never), WaitResult::stalled);
    bench_->cancel(receive);
    close_both(client, server);
}

TEST_P(Conformance, only_a_random_order_schedules) {
    EXPECT_EQ(driver().schedules(), GetParam().seed != 0);
    const std::vector<ReadyTask> ready(50);
    for (std::size_t count = 1; count < 50; ++count) {
        const std::size_t place = driver().choose(ready.data(), count);
        EXPECT_LE(place, count) << "a place, or the end of the turn";
    }
    EXPECT_STREQ(driver().name(), name_of(GetParam()).substr(0, is_real() ? 5 : 3).c_str());
}

}  // namespace rondo::test
