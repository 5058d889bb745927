// SPDX-License-Identifier: Apache-2.0
/// What outer cancellation must not interrupt, for a bounded time.
#pragma once

#include "rondo/loop/bounded.hpp"
#include "rondo/loop/finally.hpp"

namespace rondo {

inline constexpr std::chrono::seconds default_shield{5};

/// Runs a task, another awaitable, or a callable out of reach of outer cancellation. It starts even
/// in a cancelled scope. Deadlines inside it still count.
///
/// `deadline` runs from when outer cancellation reaches the shield; when it passes, the body and
/// the awaiting chain stop, so that shutdown is bounded.
template <class F>
    requires detail::Startable<F>
auto shield(F&& given, Duration deadline = default_shield) {
    return detail::bounded<detail::BoundKind::shield>(detail::Deadline{deadline.count(), false},
                                                      std::forward<F>(given));
}

/// Runs `body`, then `cleanup`, once, shielded as by shield(cleanup, deadline): also when `body`
/// failed or was stopped. Gives the body's result. When the scope is cancelled already, neither
/// runs.
///
/// Errors: the body's error, with the cleanup's in suppressed_errors(); or else the cleanup's. An
/// error of the cleanup of a stopped body is reported on stderr.
template <class Body, class Cleanup>
    requires detail::Startable<Body> && detail::Startable<Cleanup>
auto finally(Body&& body, Cleanup&& cleanup, Duration deadline = default_shield) {
    return detail::Finally<detail::StarterOf<Body>, detail::StarterOf<Cleanup>>(
        detail::Deadline{deadline.count(), false}, std::forward<Body>(body),
        std::forward<Cleanup>(cleanup));
}

}  // namespace rondo
