// SPDX-License-Identifier: Apache-2.0
/// Deadlines for anything that can be awaited.
#pragma once

#include "rondo/loop/bounded.hpp"

namespace rondo {

/// Runs a task, another awaitable, or a callable with its arguments, and gives its result; when
/// `duration` passes first, stops it, waits for that, and throws TimeoutError. A duration counts
/// from the loop's next look at its clock; one <= 0 lets it run to its first wait. Nested timeouts:
/// the effective deadline is the least up to the next shield, and the innermost expired one reports
/// it.
template <class Rep, class Period, class F, class... Args>
    requires detail::Startable<F, Args...>
auto timeout(std::chrono::duration<Rep, Period> duration, F&& given, Args&&... args) {
    return detail::bounded<detail::BoundKind::timeout>(
        detail::Deadline{detail::to_nanoseconds(duration), false}, std::forward<F>(given),
        std::forward<Args>(args)...);
}

/// The same with a time of the loop's clock, see now().
template <class F, class... Args>
    requires detail::Startable<F, Args...>
auto timeout_at(TimePoint when, F&& given, Args&&... args) {
    return detail::bounded<detail::BoundKind::timeout>(
        detail::Deadline{when.time_since_epoch().count(), true}, std::forward<F>(given),
        std::forward<Args>(args)...);
}

/// As timeout, but gives a std::optional: empty when the deadline passed. `std::monostate` for
/// void.
template <class Rep, class Period, class F, class... Args>
    requires detail::Startable<F, Args...>
auto move_on_after(std::chrono::duration<Rep, Period> duration, F&& given, Args&&... args) {
    return detail::bounded<detail::BoundKind::move_on>(
        detail::Deadline{detail::to_nanoseconds(duration), false}, std::forward<F>(given),
        std::forward<Args>(args)...);
}

/// The same with a time of the loop's clock.
template <class F, class... Args>
    requires detail::Startable<F, Args...>
auto move_on_at(TimePoint when, F&& given, Args&&... args) {
    return detail::bounded<detail::BoundKind::move_on>(
        detail::Deadline{when.time_since_epoch().count(), true}, std::forward<F>(given),
        std::forward<Args>(args)...);
}

}  // namespace rondo
