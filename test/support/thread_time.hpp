// SPDX-License-Identifier: Apache-2.0
/// What a step costs, whatever else the machine does.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <ctime>

#include "support/races.hpp"

namespace rondo::test {

/// Nanoseconds of processor time that this thread took so far.
inline std::int64_t thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

/// How often this thread has stopped to wait so far: a call that blocks takes no processor time,
/// but adds one. Being interrupted adds none.
inline long thread_waits() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/// What memory that is not there yet, and locks that the kernel, the allocator and sanitizers share
/// between threads, may add to thread_waits() of code that does not block.
inline constexpr long waits_max = RONDO_SANITIZED ? 500 : 50;

}  // namespace rondo::test
