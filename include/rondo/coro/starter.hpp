// SPDX-License-Identifier: Apache-2.0
/// Turns what a combinator was given into the root frame of a chain.
///
/// A combinator takes a Task, any other awaitable, a callable that returns either, or a plain
/// callable, each callable with its arguments. What was given lives in the Starter until the chain
/// ended, so that a capturing lambda coroutine is safe.
#pragma once

#include <exception>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/coro/task.hpp"

namespace rondo::detail {

/// What `co_await std::move(a)` gives: a handle's own result, where `co_await a` gives a reference.
template <class A>
using MovedResult = decltype(awaiter_of(std::declval<A&&>()).await_resume());

template <class R>
struct ResultOfCall {
    using type = R;
};
template <Awaitable A>
struct ResultOfCall<A> {
    using type = MovedResult<A>;
};

template <class T>
Task<T> raise(std::exception_ptr error) {
    std::rethrow_exception(error);
    co_await std::suspend_never{};
}

/// Makes `frame` the root of a chain.
inline void* as_root(void* frame) noexcept {
    promise_of(frame).continuation = chain_end;
    return frame;
}

/// A callable with its arguments, passed as rvalues once.
template <class F, class... Args>
class Starter {
    using Called = std::invoke_result_t<F&&, Args&&...>;

public:
    using result_type = typename ResultOfCall<Called>::type;

    template <class G, class... Given>
    explicit Starter(std::in_place_t, G&& function, Given&&... args)
        : function_(std::forward<G>(function)), args_(std::forward<Given>(args)...) {}

    /// A frame whose end is the chain's end. What the callable throws becomes the chain's error.
    void* make() noexcept {
        try {
            return call_now();
        } catch (...) {
            Task<result_type> failed = raise<result_type>(std::current_exception());
            return TaskAccess::release(failed);
        }
    }
    void* start() noexcept { return as_root(make()); }

private:
    void* call_now() {
        if constexpr (is_task<Called>) {
            Task<result_type> task = std::apply(std::move(function_), std::move(args_));
            return TaskAccess::release(task);
        } else if constexpr (Awaitable<Called>) {
            Task<result_type> task = call_and_await(*this);
            return TaskAccess::release(task);
        } else {
            Task<result_type> task = call(*this);
            return TaskAccess::release(task);
        }
    }
    static Task<result_type> call(Starter& self) {
        co_return std::apply(std::move(self.function_), std::move(self.args_));
    }
    static Task<result_type> call_and_await(Starter& self) {
        Called awaitable = std::apply(std::move(self.function_), std::move(self.args_));
        co_return co_await std::move(awaitable);
    }

    F function_;
    std::tuple<Args...> args_;
};

/// A task.
template <class T>
class Starter<Task<T>> {
public:
    using result_type = T;

    explicit Starter(std::in_place_t, Task<T>&& task) noexcept
        : frame_(TaskAccess::release(task)) {}
    Starter(Starter&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    /// A task that its combinator had no use for goes unreported.
    ~Starter() {
        if (frame_ != nullptr) [[unlikely]] {
            Handle::from_address(frame_).destroy();
        }
    }

    void* make() noexcept {
        void* frame = std::exchange(frame_, nullptr);
        if (frame == nullptr || promise_of(frame).ending != Ending::unfinished) [[unlikely]] {
            fail_task_awaited_twice();
        }
        return frame;
    }
    void* start() noexcept { return as_root(make()); }

private:
    void* frame_;
};

/// Any other awaitable.
template <Awaitable A>
    requires(!std::is_invocable_v<A &&>)
class Starter<A> {
public:
    using result_type = MovedResult<A>;

    explicit Starter(std::in_place_t, A&& awaitable) : awaitable_(std::move(awaitable)) {}

    /// Memory for its frame may have run out, which becomes the chain's error.
    void* make() noexcept {
        try {
            Task<result_type> task = wait(*this);
            return TaskAccess::release(task);
        } catch (...) {
            Task<result_type> failed = raise<result_type>(std::current_exception());
            return TaskAccess::release(failed);
        }
    }
    void* start() noexcept { return as_root(make()); }

private:
    static Task<result_type> wait(Starter& self) { co_return co_await std::move(self.awaitable_); }

    A awaitable_;
};

/// A frame, and a task's node, is aligned to 16 bytes: what needs more is held by a unique_ptr.
template <class... T>
concept FitsInFrame = ((alignof(std::decay_t<T>) <= 16) && ...);

/// What can be started with these arguments: a callable, or alone an rvalue awaitable.
template <class F, class... Args>
concept Startable =
    FitsInFrame<F, Args...> &&
    (std::is_invocable_v<std::decay_t<F>&&, std::decay_t<Args>&&...> ||
     (sizeof...(Args) == 0 && Awaitable<std::decay_t<F>> && std::is_rvalue_reference_v<F&&>));

template <class F, class... Args>
using StarterOf = Starter<std::decay_t<F>, std::decay_t<Args>...>;

template <class F, class... Args>
using result_of_start = typename StarterOf<F, Args...>::result_type;

}  // namespace rondo::detail
