// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "rondo/base/time.hpp"
#include "rondo/coro/wait_list.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {

/// A token bucket: `count` tokens drip in every `period`, at most `burst` lie in it, and it begins
/// full. Those who wait are served in order of arrival, a large request before later small ones.
///
/// Waiters are served when a timer fires, so up to a millisecond late, and later by a busy loop.
/// The rate is kept all the same: what dripped in meanwhile is given too, though it is more than
/// `burst`. That is bounded by 10 ms' worth; what a loop that was late for longer missed is lost.
class RateLimiter : detail::Timer {
public:
    /// Requires: count > 0, period > 0, burst > 0.
    RateLimiter(double count, Duration period, double burst = 1);
    RateLimiter(const RateLimiter&) = delete;
    RateLimiter& operator=(const RateLimiter&) = delete;
    /// Requires: nobody waits.
    ~RateLimiter();

    /// Waits for `tokens` and takes them. Requires: 0 < tokens <= burst.
    /// Cancellation: a stopped waiter took none.
    auto acquire(double tokens = 1) { return Acquire(*this, tokens); }
    /// Takes them if they are there and nobody waits. Requires: 0 < tokens <= burst.
    bool try_acquire(double tokens = 1) noexcept;

private:
    class [[nodiscard]] Acquire : detail::Waiter {
    public:
        Acquire(RateLimiter& limiter, double tokens) noexcept;
        bool await_ready() noexcept;
        void await_suspend(detail::Awaiting awaiting) noexcept;
        void await_resume() noexcept {}

    private:
        friend class RateLimiter;
        static void poke(detail::Leaf& leaf, detail::Scope& scope) noexcept;
        static const detail::LeafKind leaf;
        RateLimiter* limiter_;
        double tokens_;
        bool taken_ = false;
    };

    void check(double tokens) const noexcept;
    void refill() noexcept;
    double most() const noexcept;
    void serve() noexcept;

    double per_nanosecond_;
    double burst_;
    double tokens_;  ///< more than burst_ after a late timer
    std::int64_t filled_at_ = 0;
    std::int64_t served_at_ = 0;  ///< when the last waiter was
    double left_ = 0;             ///< what it left
    bool armed_ = false;
    detail::WaitList waiters_;
};

}  // namespace rondo
