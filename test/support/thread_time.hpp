// SPDX-License-Identifier: Apache-2.0
/// What a step costs, whatever else the machine does.
#pragma once

#include <cstdint>
#include <ctime>

namespace rondo::test {

/// Nanoseconds of processor time that this thread took so far.
inline std::int64_t thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

}  // namespace rondo::test
