// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "rondo/base/time.hpp"
#include "rondo/coro/wait_list.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {

/// A token bucket: `count` tokens drip in every `period`, at most `burst` lie in it, and it begins
/// full. Those who wait are served in order of arrival, a large request before later small ones.
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
    void serve() noexcept;

    double per_nanosecond_;
    double burst_;
    double tokens_;
    std::int64_t filled_at_ = 0;
    bool armed_ = false;
    detail::WaitList waiters_;
};

}  // namespace rondo
