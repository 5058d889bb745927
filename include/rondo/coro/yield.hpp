// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rondo/coro/awaiter.hpp"

namespace rondo {
namespace detail {

class [[nodiscard]] Yield {
public:
    bool await_ready() noexcept { return false; }
    RONDO_INLINE void await_suspend(Awaiting frame) noexcept {
        Scope& scope = *local.current;
        scope.frame = frame.address();
        if (scope.has(Scope::cancelled)) [[unlikely]] {
            local.push_stop(scope);
            return;
        }
        scope.state = ScopeState::queued;
        local.push(scope);
    }
    void await_resume() noexcept {}
};

}  // namespace detail

/// Lets every other ready task, and the loop, have a turn. asyncio's `sleep(0)`.
inline detail::Yield yield() noexcept { return {}; }

}  // namespace rondo
