// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/sleep.hpp"

#include "rondo/coro/describer.hpp"

namespace rondo {

void detail::Sleep::describe(const Leaf& at, Describer& describer) {
    const auto& self = static_cast<const Sleep&>(at);
    describer.add(", ").add_deadline(local.loop->deadline_of(self));
}

detail::Sleep sleep_until(TimePoint when) noexcept {
    EventLoop& loop = current_loop();
    const std::int64_t nanoseconds = when.time_since_epoch().count();
    const bool past = nanoseconds <= loop.driver().now();
    return {past ? detail::Sleep::Mode::turn : detail::Sleep::Mode::until, nanoseconds};
}

void blocking_sleep(Duration duration) noexcept {
    if (duration > Duration::zero()) {
        current_loop().driver().block_for(duration.count());
    }
}

}  // namespace rondo
