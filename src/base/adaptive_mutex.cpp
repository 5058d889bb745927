// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/adaptive_mutex.hpp"

#include <sched.h>

namespace rondo::detail {
namespace {

constexpr int tries = 100;

}  // namespace

void AdaptiveMutex::lock_contended() noexcept {
    for (int i = 0; i < tries; ++i) {
        pause_processor();
        int expected = is_free;
        if (state_.load(std::memory_order_relaxed) == is_free &&
            state_.compare_exchange_strong(expected, held, std::memory_order_acquire,
                                           std::memory_order_relaxed)) {
            return;
        }
    }
    // Whoever slept cannot know who else does, and so leaves the word for "awaited".
    while (state_.exchange(awaited, std::memory_order_acquire) != is_free) {
        state_.wait(awaited, std::memory_order_relaxed);
    }
}

void AdaptiveMutex::let_others_run() noexcept { sched_yield(); }

}  // namespace rondo::detail
