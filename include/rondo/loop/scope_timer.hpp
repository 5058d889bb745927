// SPDX-License-Identifier: Apache-2.0
/// A deadline that cancels a scope.
#pragma once

#include "rondo/coro/scope.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::detail {

/// When a timeout ends: after a duration, or at a time.
struct Deadline {
    std::int64_t nanoseconds = 0;
    bool absolute = false;
};

/// Cancels its scope, with Reason::deadline and Scope::expired, when the deadline passes.
class ScopeTimer : Timer {
public:
    /// A deadline that has passed already strikes at once.
    RONDO_INLINE void arm(Scope& scope, Deadline deadline) noexcept {
        scope_ = &scope;
        fire = [](Timer& timer) noexcept {
            auto& self = static_cast<ScopeTimer&>(timer);
            self.armed_ = false;
            cancel(*self.scope_, Reason::deadline, Scope::expired);
        };
        if (!deadline.absolute && deadline.nanoseconds > 0) [[likely]] {
            armed_ = true;
            local.loop->arm_after(*this, deadline.nanoseconds);
        } else {
            arm_absolute(deadline);
        }
    }
    /// The same for a shield that outer cancellation has reached: see EventLoop::shield_limit().
    void arm_shield(Scope& shield, Deadline deadline) noexcept;
    RONDO_INLINE void disarm() noexcept {
        if (armed_) [[likely]] {
            armed_ = false;
            local.loop->disarm(*this);
        }
    }
    /// ", 2.5 s left", while armed.
    void describe(Describer& describer) const;
    /// True: the deadline passed, though an outer one may have struck first.
    bool passed() noexcept;

private:
    void arm_absolute(Deadline deadline) noexcept;

    Scope* scope_;  ///< while armed
    bool armed_ = false;
};

}  // namespace rondo::detail
