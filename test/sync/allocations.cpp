// SPDX-License-Identifier: Apache-2.0
// Replaces operator new by one that counts; not under a sanitizer, which brings its own.
#include "sync/allocations.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include "rondo/base/config.hpp"

#if defined(__SANITIZE_THREAD__)
#define RONDO_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RONDO_TEST_TSAN 1
#endif
#endif
#ifndef RONDO_TEST_TSAN
#define RONDO_TEST_TSAN 0
#endif

namespace {
std::atomic<long> count{0};
}  // namespace

namespace rondo::test {
long allocations() noexcept { return count.load(std::memory_order_relaxed); }
}  // namespace rondo::test

#if !RONDO_ASAN && !RONDO_TEST_TSAN
void* operator new(std::size_t bytes) {
    count.fetch_add(1, std::memory_order_relaxed);
    void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
