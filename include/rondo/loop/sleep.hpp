// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "rondo/coro/awaiter.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {
namespace detail {

class [[nodiscard]] Sleep : Timer, Leaf {
public:
    enum class Mode : unsigned char { turn, after, until, awaited };
    Sleep(Mode mode, std::int64_t nanoseconds) noexcept : Timer(nanoseconds), mode_(mode) {}

    bool await_ready() noexcept { return false; }
    RONDO_INLINE void await_suspend(Awaiting frame) noexcept {
        Scope& scope = *local.current;
        if (mode_ == Mode::turn) {
            return Yield().await_suspend(frame);
        }
        scope_ = &scope;
        if (!park(*this, frame, leaf)) [[unlikely]] {
            return;
        }
        fire = [](Timer& timer) noexcept { wake(*static_cast<Sleep&>(timer).scope_); };
        if (mode_ == Mode::after) {
            mode_ = Mode::awaited;  // `when` becomes a time
            local.loop->arm_after(*this, when);
        } else {
            RONDO_REQUIRE(mode_ == Mode::until, "a sleep was awaited twice");
            local.loop->arm_at(*this, when);
        }
    }
    void await_resume() noexcept {}

private:
    static void poke(Leaf& at, Scope& scope) noexcept {
        local.loop->disarm(static_cast<Sleep&>(at));
        local.push_stop(scope);
    }
    static void describe(const Leaf& at, Describer& describer);
    static constexpr LeafKind leaf{&poke, "sleep", &describe};

    Scope* scope_;  ///< while parked
    Mode mode_;
};

}  // namespace detail

/// Waits for `duration`, never less, rounded up to 1 ms. `duration` <= 0 is exactly one turn.
template <class Rep, class Period>
detail::Sleep sleep(std::chrono::duration<Rep, Period> duration) noexcept {
    const std::int64_t nanoseconds = detail::to_nanoseconds(duration);
    return {nanoseconds <= 0 ? detail::Sleep::Mode::turn : detail::Sleep::Mode::after, nanoseconds};
}

/// Waits until the loop's clock shows `when`; a time in the past is exactly one turn.
detail::Sleep sleep_until(TimePoint when) noexcept;

/// Blocks the thread, and with it the loop and all its tasks: time.sleep, for demonstrations and
/// tests of what blocking does. In the simulation the clock jumps.
void blocking_sleep(Duration duration) noexcept;

}  // namespace rondo
