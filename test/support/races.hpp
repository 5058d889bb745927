// SPDX-License-Identifier: Apache-2.0
/// How many races a test of races runs, and how it waits for a random instant.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RONDO_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RONDO_SANITIZED 1
#endif
#endif
#ifndef RONDO_SANITIZED
#define RONDO_SANITIZED 0
#endif

namespace rondo::test {

/// RONDO_RACES, or what the test thinks enough; a fifth of it under a sanitizer.
inline long race_count(long enough = 100'000) {
    const char* variable = std::getenv("RONDO_RACES");
    return variable != nullptr ? std::atol(variable) : RONDO_SANITIZED ? enough / 5 : enough;
}

inline void spin(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
}

}  // namespace rondo::test
