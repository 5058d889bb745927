// SPDX-License-Identifier: Apache-2.0
/// A mutex for sections of a few instructions.
#pragma once

#include <atomic>

#include "rondo/base/config.hpp"

namespace rondo::detail {

/// Some tens of nanoseconds, in which the other thread of the core has it for itself.
inline void pause_processor() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Tries for a moment before it sleeps: the holder on the other processor is about to leave. Free
/// or not, two instructions that lock the bus, where a std::mutex takes sixty others, too.
class AdaptiveMutex {
public:
    RONDO_INLINE void lock() noexcept {
        int expected = is_free;
        if (!state_.compare_exchange_strong(expected, held, std::memory_order_acquire,
                                            std::memory_order_relaxed)) [[unlikely]] {
            lock_contended();
        }
    }
    RONDO_INLINE void unlock() noexcept {
        if (state_.exchange(is_free, std::memory_order_release) == awaited) [[unlikely]] {
            state_.notify_one();
        }
    }

    /// Gives up the rest of this thread's time.
    static void let_others_run() noexcept;

private:
    static constexpr int is_free = 0;
    static constexpr int held = 1;
    static constexpr int awaited = 2;  ///< held, and somebody may sleep

    void lock_contended() noexcept;

    std::atomic<int> state_{is_free};
};

}  // namespace rondo::detail
