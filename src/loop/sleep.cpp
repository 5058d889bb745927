// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/sleep.hpp"

namespace rondo {

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
