// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/adaptive_mutex.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace rondo::detail {
namespace {

TEST(AdaptiveMutex, one_at_a_time) {
    constexpr int threads_count = 4;
    constexpr int rounds = 20'000;
    AdaptiveMutex mutex;
    int count = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_count; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                const std::lock_guard lock(mutex);
                ++count;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(count, threads_count * rounds);
}

TEST(AdaptiveMutex, who_sleeps_is_woken) {
    AdaptiveMutex mutex;
    std::atomic<int> waiting{0};
    int entered = 0;
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(mutex);
        for (int i = 0; i < 3; ++i) {
            threads.emplace_back([&] {
                ++waiting;
                const std::lock_guard inner(mutex);
                ++entered;
            });
        }
        // Long enough for them to give up trying: each yield lets the others run.
        while (waiting != 3) {
            std::this_thread::yield();
        }
        for (int i = 0; i < 1000; ++i) {
            std::this_thread::yield();
        }
        EXPECT_EQ(entered, 0);
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(entered, 3);
}

}  // namespace
}  // namespace rondo::detail
