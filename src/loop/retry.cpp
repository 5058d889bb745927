// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/retry.hpp"

#include <algorithm>
#include <stdexcept>

namespace rondo::detail {
namespace {

bool is_worth_a_try(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::logic_error&) {
        return false;
    } catch (...) {
        return true;
    }
}

// 53 random bits as a number in [0, 1).
double draw() noexcept {
    return static_cast<double>(current_loop().driver().entropy() >> 11) * 0x1.0p-53;
}

// A pause, in nanoseconds; below the largest integer, which is no double.
constexpr double longest = 9e18;

}  // namespace

Backoff::Backoff(const RetryPolicy& policy) noexcept
    : policy_(policy),
      deadline_(add_saturating(now(), policy.deadline)),
      bound_(static_cast<double>(policy.base.count())) {}

bool Backoff::again(const std::exception_ptr& error) {
    ++failures_;
    if (policy_.attempts != 0 && failures_ >= policy_.attempts) {
        return false;
    }
    if (!(policy_.retry_if != nullptr ? policy_.retry_if(error) : is_worth_a_try(error))) {
        return false;
    }
    const double bound = std::min({bound_, static_cast<double>(policy_.cap.count()), longest});
    pause_ = Duration(static_cast<std::int64_t>(policy_.jitter ? bound * draw() : bound));
    bound_ = std::min(bound_ * policy_.factor, longest);
    return !has_deadline() || add_saturating(now(), pause_) < deadline_;
}

}  // namespace rondo::detail
