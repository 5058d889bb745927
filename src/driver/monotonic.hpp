// SPDX-License-Identifier: Apache-2.0
/// The kernel's monotonic clock as Driver::Time.
#pragma once

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

}  // namespace rondo::detail
