// SPDX-License-Identifier: Apache-2.0
/// Blocking calls without blocking the loop.
#pragma once

#include <exception>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/coro/awaiter.hpp"
#include "rondo/coro/outcome.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {
namespace detail {

/// A job of the loop's thread pool and the chain that waits for it; untyped half.
class ThreadCall : Leaf, Callback {
public:
    bool await_ready() noexcept { return false; }
    void await_suspend(Awaiting frame) noexcept;

protected:
    explicit ThreadCall(void (*work)(ThreadCall&) noexcept) noexcept : work_(work) {}
    ThreadCall(ThreadCall&& other) noexcept : work_(other.work_) {}
    ~ThreadCall();
    /// Throws when no thread could be had.
    void check_started() const;

private:
    struct PoolJob;
    void start() noexcept;
    void fail_to_start(int error) noexcept;
    void finished() noexcept;
    static void poke(Leaf& at, Scope& scope) noexcept;
    static const LeafKind leaf;

    void (*work_)(ThreadCall&) noexcept;
    Scope* scope_ = nullptr;
    PoolJob* job_ = nullptr;
    bool dropped_ = false;  ///< cancelled before it started
    int error_ = 0;         ///< the errno of why no thread took it
};

/// A call with its arguments, made once, and what came of it.
template <class F, class... Args>
class StoredCall {
public:
    using result_type = std::invoke_result_t<F&&, Args&&...>;

    template <class G, class... Given>
    explicit StoredCall(std::in_place_t, G&& function, Given&&... args)
        : function_(std::forward<G>(function)), args_(std::forward<Given>(args)...) {}
    /// Requires: not called yet.
    StoredCall(StoredCall&& other) noexcept
        : function_(std::move(other.function_)), args_(std::move(other.args_)) {}

    void call() noexcept {
        try {
            if constexpr (std::is_void_v<result_type>) {
                std::apply(std::move(function_), std::move(args_));
            } else {
                result_.emplace(std::apply(std::move(function_), std::move(args_)));
            }
        } catch (...) {
            error_ = std::current_exception();
        }
    }
    result_type take() {
        if (error_ != nullptr) {
            std::rethrow_exception(error_);
        }
        if constexpr (std::is_reference_v<result_type>) {
            return static_cast<result_type>(result_->get());
        } else if constexpr (!std::is_void_v<result_type>) {
            return std::move(*result_);
        }
    }

private:
    F function_;
    std::tuple<Args...> args_;
    std::optional<Value<result_type>> result_;
    std::exception_ptr error_;
};

template <class F, class... Args>
class [[nodiscard]] ToThread : public ThreadCall {
    using Call = StoredCall<F, Args...>;

public:
    template <class G, class... Given>
    explicit ToThread(std::in_place_t, G&& function, Given&&... args)
        : ThreadCall(&work),
          call_(std::in_place, std::forward<G>(function), std::forward<Given>(args)...) {}
    ToThread(ToThread&& other) noexcept
        : ThreadCall(static_cast<ThreadCall&&>(other)), call_(std::move(other.call_)) {}

    typename Call::result_type await_resume() {
        check_started();
        return call_.take();
    }

private:
    static void work(ThreadCall& call) noexcept { static_cast<ToThread&>(call).call_.call(); }

    Call call_;
};

}  // namespace detail

/// Calls `function(args...)` on a thread of the loop's pool and gives its result. Function and
/// arguments are stored, and passed as rvalues. In the simulation it runs on the loop.
///
/// The thread takes the signals that the loop's thread takes, and so does a program that `function`
/// starts. Only SIGPIPE and SIGXFSZ are blocked in both: a write that would raise one fails. What
/// os::run() starts blocks none.
///
/// Cancellation: a call that has not started is withdrawn. One that runs cannot be interrupted: the
/// stop waits for its end, since it may use what the caller owns, and its result wins. See
/// abandon_on_cancel for calls that may not end.
/// Errors: what `function` throws; Error (exhausted) when no thread can be started.
template <class F, class... Args>
    requires std::is_invocable_v<std::decay_t<F>&&, std::decay_t<Args>&&...>
auto to_thread(F&& function, Args&&... args) {
    return detail::ToThread<std::decay_t<F>, std::decay_t<Args>...>(
        std::in_place, std::forward<F>(function), std::forward<Args>(args)...);
}

}  // namespace rondo
