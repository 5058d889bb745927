// SPDX-License-Identifier: Apache-2.0
/// Durations and points of time. Nanoseconds in 64 bits: 292 years.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace rondo {

using Duration = std::chrono::nanoseconds;

/// The clock of the running loop: monotonic, and virtual in the simulation. See rondo::now().
struct LoopClock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<LoopClock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept;
};
using TimePoint = LoopClock::time_point;

namespace detail {

/// Rounds up to nanoseconds, and saturates: hours::max() is "a very long time", not overflow.
template <class Rep, class Period>
constexpr std::int64_t to_nanoseconds(std::chrono::duration<Rep, Period> duration) noexcept {
    constexpr long double limit = 9.2e18L;
    if constexpr (std::is_floating_point_v<Rep>) {
        if (duration != duration) {
            return 0;
        }
    }
    const long double estimate = static_cast<long double>(duration.count()) *
                                 static_cast<long double>(Period::num) * 1e9L /
                                 static_cast<long double>(Period::den);
    if (estimate >= limit) {
        return std::numeric_limits<std::int64_t>::max();
    }
    if (estimate <= -limit) {
        return std::numeric_limits<std::int64_t>::min();
    }
    return std::chrono::ceil<std::chrono::nanoseconds>(duration).count();
}
constexpr std::int64_t to_nanoseconds(std::chrono::nanoseconds duration) noexcept {
    return duration.count();
}

/// a + b for b >= 0, saturating.
constexpr std::int64_t add_saturating(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}
constexpr Duration add_saturating(Duration a, Duration b) noexcept {
    return Duration(add_saturating(a.count(), b.count()));
}
constexpr TimePoint add_saturating(TimePoint at, Duration later) noexcept {
    return TimePoint(add_saturating(at.time_since_epoch(), later));
}

}  // namespace detail
}  // namespace rondo
