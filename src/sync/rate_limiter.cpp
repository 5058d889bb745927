// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/rate_limiter.hpp"

#include <algorithm>
#include <cmath>

#include "rondo/base/assert.hpp"

namespace rondo {
namespace {

// Fractions of tokens add up with rounding errors; a waiter must not wait a tick for one of them.
constexpr double tolerance = 1e-6;

// How late the loop may be, in nanoseconds, without a loss of tokens.
constexpr std::int64_t catch_up = 10'000'000;

}  // namespace

const detail::LeafKind RateLimiter::Acquire::leaf{&RateLimiter::Acquire::poke, "rate limiter"};

RateLimiter::RateLimiter(double count, Duration period, double burst)
    : per_nanosecond_(count / static_cast<double>(period.count())), burst_(burst), tokens_(burst) {
    RONDO_REQUIRE(count > 0 && period > Duration::zero() && burst > 0,
                  "a RateLimiter needs a positive count, period and burst");
    fire = [](detail::Timer& timer) noexcept {
        auto& self = static_cast<RateLimiter&>(timer);
        self.armed_ = false;
        self.serve();
    };
}

RateLimiter::~RateLimiter() {
    RONDO_REQUIRE(waiters_.empty(), "a RateLimiter was destroyed while a task waits");
    if (armed_) {
        current_loop().disarm(*this);
    }
}

void RateLimiter::check(double tokens) const noexcept {
    RONDO_REQUIRE(tokens > 0 && tokens <= burst_,
                  "a RateLimiter can only give up to its burst at once");
}

RateLimiter::Acquire::Acquire(RateLimiter& limiter, double tokens) noexcept
    : limiter_(&limiter), tokens_(tokens) {
    limiter.check(tokens);
}

bool RateLimiter::try_acquire(double tokens) noexcept {
    check(tokens);
    refill();
    if (!waiters_.empty() || tokens_ + tolerance < tokens) {
        return false;
    }
    tokens_ -= tokens;
    return true;
}

bool RateLimiter::Acquire::await_ready() noexcept {
    taken_ = !detail::current_is_cancelled() && limiter_->try_acquire(tokens_);
    return taken_ && !detail::spent();
}

void RateLimiter::Acquire::await_suspend(detail::Awaiting awaiting) noexcept {
    if (taken_) {
        detail::requeue(awaiting);
        return;
    }
    scope = detail::local.current;
    if (detail::park(*this, awaiting, leaf)) {
        limiter_->waiters_.push(*this);
        if (!limiter_->armed_) {
            limiter_->serve();
        }
    }
}

void RateLimiter::Acquire::poke(detail::Leaf& at, detail::Scope& scope) noexcept {
    auto& self = static_cast<Acquire&>(at);
    self.limiter_->waiters_.remove(self);
    detail::local.push_stop(scope);
    self.limiter_->serve();
}

void RateLimiter::refill() noexcept {
    const std::int64_t now = current_loop().driver().now();
    if (now > filled_at_) {
        tokens_ += static_cast<double>(now - filled_at_) * per_nanosecond_;
    }
    filled_at_ = now;
    tokens_ = std::min(tokens_, most());
}

// What a late timer left to nobody stays for a while: who was served may come back at once.
double RateLimiter::most() const noexcept {
    if (!waiters_.empty()) {
        return burst_ + static_cast<double>(catch_up) * per_nanosecond_;
    }
    const bool recent = filled_at_ >= served_at_ && filled_at_ - served_at_ <= catch_up;
    return recent ? std::max(burst_, left_) : burst_;
}

// Serves whom the tokens suffice for, and sets the timer for the next one.
void RateLimiter::serve() noexcept {
    refill();
    while (auto* waiter = static_cast<Acquire*>(waiters_.front())) {
        const double missing = waiter->tokens_ - tokens_;
        if (missing > tolerance) {
            if (armed_) {
                current_loop().disarm(*this);
            }
            armed_ = true;
            const double wait = std::ceil(missing / per_nanosecond_);
            current_loop().arm_at(
                *this, detail::add_saturating(
                           filled_at_, static_cast<std::int64_t>(std::clamp(wait, 1.0, 9e18))));
            return;
        }
        tokens_ -= waiter->tokens_;
        left_ = tokens_;
        served_at_ = filled_at_;
        waiters_.remove(*waiter);
        detail::wake(*waiter->scope);
    }
    if (armed_) {
        armed_ = false;
        current_loop().disarm(*this);
    }
}

}  // namespace rondo
