// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/scope_timer.hpp"

#include <algorithm>

#include "rondo/coro/describer.hpp"

namespace rondo::detail {

void ScopeTimer::arm_shield(Scope& shield, Deadline deadline) noexcept {
    deadline.nanoseconds = std::min(deadline.nanoseconds, local.loop->shield_limit());
    arm(shield, deadline);
}

bool ScopeTimer::passed() noexcept {
    return armed_ && local.loop->deadline_of(*this) <= local.loop->driver().now();
}

void ScopeTimer::describe(Describer& describer) const {
    if (armed_) {
        describer.add(", ").add_deadline(local.loop->deadline_of(*this));
    }
}

void ScopeTimer::arm_absolute(Deadline deadline) noexcept {
    EventLoop& loop = *local.loop;
    if (!deadline.absolute || deadline.nanoseconds <= loop.driver().now()) {
        cancel(*scope_, Reason::deadline, Scope::expired);
        return;
    }
    armed_ = true;
    loop.arm_at(*this, deadline.nanoseconds);
}

}  // namespace rondo::detail
