// SPDX-License-Identifier: Apache-2.0
/// The kernel's monotonic clock as Driver::Time, and its random numbers.
#pragma once

#include <sys/random.h>

#include <cstdint>
#include <ctime>

#include "rondo/loop/driver.hpp"

namespace rondo::detail {

constexpr Driver::Time nanoseconds_per_second = 1'000'000'000;

inline timespec to_timespec(Driver::Time nanoseconds) noexcept {
    timespec result;
    result.tv_sec = static_cast<time_t>(nanoseconds / nanoseconds_per_second);
    result.tv_nsec = static_cast<long>(nanoseconds % nanoseconds_per_second);
    return result;
}

inline Driver::Time monotonic_now() noexcept {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return Driver::Time{now.tv_sec} * nanoseconds_per_second + now.tv_nsec;
}

inline void monotonic_sleep(Driver::Time nanoseconds) noexcept {
    if (nanoseconds <= 0) {
        return;
    }
    timespec left = to_timespec(nanoseconds);
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) != 0) {
    }
}

// Up to 256 bytes come whole, once the kernel's generator is seeded; before, the clock must do.
inline std::uint64_t kernel_entropy() noexcept {
    std::uint64_t bits = 0;
    if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof bits)) {
        bits = static_cast<std::uint64_t>(monotonic_now()) * 0x9e3779b97f4a7c15;
    }
    return bits;
}

}  // namespace rondo::detail
