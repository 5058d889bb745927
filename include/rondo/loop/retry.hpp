// SPDX-License-Identifier: Apache-2.0
/// Trying again: after a failure (retry), or when an answer is slow (hedge).
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/base/time.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/starter.hpp"
#include "rondo/coro/wait_list.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo {

/// How retry() goes about it. Members are trivially destructible: safe in any call on g++ 12.
struct RetryPolicy {
    unsigned attempts = 3;  ///< tries in all; 0: without bound
    /// The pause after the first failure is drawn between 0 and `base`; the upper bound grows by
    /// `factor` with each failure, up to `cap` ("full jitter": many clients spread out).
    Duration base = std::chrono::milliseconds(100);
    Duration cap = std::chrono::seconds(10);
    double factor = 2;
    bool jitter = true;  ///< false: pause for the whole bound
    /// From the start; no try and no pause goes beyond it. 0: none.
    Duration deadline = Duration::zero();
    /// Whether this error is worth another try; null: every error but a broken program's
    /// (std::logic_error).
    bool (*retry_if)(const std::exception_ptr&) = nullptr;
};

namespace detail {

/// The state of one retry(): decides, after a failure, how long to pause.
class Backoff {
public:
    explicit Backoff(const RetryPolicy& policy) noexcept;

    /// True: pause for pause(), then try again. False: `error` is the answer.
    bool again(const std::exception_ptr& error);
    Duration pause() const noexcept { return pause_; }

    bool has_deadline() const noexcept { return policy_.deadline > Duration::zero(); }
    TimePoint deadline() const noexcept { return deadline_; }

private:
    RetryPolicy policy_;
    TimePoint deadline_;
    double bound_;
    Duration pause_{};
    unsigned failures_ = 0;
};

template <class F>
using RetryResult = typename ResultOfCall<std::invoke_result_t<F&>>::type;

template <class F>
Task<RetryResult<F>> call_once(F& function) {
    if constexpr (Awaitable<std::invoke_result_t<F&>>) {
        auto awaitable = function();
        co_return co_await std::move(awaitable);
    } else {
        co_return function();
    }
}

template <class F>
Task<RetryResult<F>> retry_task(RetryPolicy policy, F function) {
    Backoff backoff(policy);
    for (;;) {
        std::exception_ptr error;
        try {
            if (backoff.has_deadline()) {
                co_return co_await timeout_at(backoff.deadline(), call_once(function));
            }
            co_return co_await call_once(function);
        } catch (...) {
            error = std::current_exception();
        }
        if (!backoff.again(error)) {
            std::rethrow_exception(std::move(error));
        }
        co_await sleep(backoff.pause());
    }
}

/// A later try of hedge(): waits for its delay, or for all earlier tries to fail.
class HedgeState {
public:
    void failed() noexcept {
        ++failures_;
        waiters_.wake_all();
    }
    class [[nodiscard]] Wait : ListWaiter {
    public:
        Wait(HedgeState& state, unsigned failures) noexcept : state_(&state), wanted_(failures) {}
        bool await_ready() noexcept {
            return !current_is_cancelled() && state_->failures_ >= wanted_;
        }
        void await_suspend(Awaiting awaiting) noexcept {
            park_in(state_->waiters_, awaiting, leaf);
        }
        void await_resume() noexcept {}

    private:
        static constexpr LeafKind leaf{&ListWaiter::leave, "hedge"};
        HedgeState* state_;
        unsigned wanted_;
    };
    Task<> wait_failures(unsigned count) {
        while (failures_ < count) {
            co_await Wait(*this, count);
        }
    }

private:
    unsigned failures_ = 0;
    WaitList waiters_;
};

/// When the try of this number, from 1 on, begins at the latest.
inline Duration hedge_delay(Duration delay, unsigned index) noexcept {
    return delay > Duration::max() / index ? Duration::max() : delay * index;
}

template <class F>
Task<RetryResult<F>> hedge_try(Duration delay, unsigned index, F& function, HedgeState& state) {
    if (index != 0) {
        co_await move_on_after(hedge_delay(delay, index), state.wait_failures(index));
    }
    try {
        co_return co_await call_once(function);
    } catch (...) {
        state.failed();
        throw;
    }
}

template <class F>
Task<RetryResult<F>> hedge_task(Duration delay, unsigned tries, F function) {
    HedgeState state;
    std::vector<Task<RetryResult<F>>> all;
    for (unsigned index = 0; index < tries; ++index) {
        all.push_back(hedge_try(delay, index, function, state));
    }
    co_return co_await race(std::move(all));
}

}  // namespace detail

/// Calls `function()` until it succeeds, as `policy` says, and gives its result. `function` returns
/// a task, another awaitable or a plain value, and is called anew for each try.
///
/// Errors: the last try's; TimeoutError when the deadline ends one.
template <class F>
    requires std::invocable<std::decay_t<F>&>
auto retry(RetryPolicy policy, F&& function) {
    return detail::retry_task<std::decay_t<F>>(policy, std::forward<F>(function));
}

/// Calls `function()`; after `delay` without an answer, or at once when it fails, also a second
/// time, and so on up to `tries` in all. The first success wins and the others are cancelled: only
/// for calls that may be made twice.
///
/// Errors: when all fail, the first failure; the others are suppressed_errors().
/// Requires: `tries` > 0.
template <class F>
    requires std::invocable<std::decay_t<F>&>
auto hedge(Duration delay, F&& function, unsigned tries = 2) {
    return detail::hedge_task<std::decay_t<F>>(delay, tries, std::forward<F>(function));
}

}  // namespace rondo
