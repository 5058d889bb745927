// SPDX-License-Identifier: Apache-2.0
/// Task<T>: the one coroutine type.
#pragma once

#include <coroutine>
#include <exception>
#include <memory>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/coro/awaiter.hpp"

namespace rondo {

template <class T>
class Task;

namespace detail {

struct TaskAccess;

/// Whether and how a coroutine's body ended.
enum class Ending : unsigned char {
    unfinished,  ///< and no frame waits for it: not begun, or a chain's root
    awaited,     ///< unfinished, and a frame waits for it
    value,
    error,
};

/// The part of a frame that does not depend on its result.
///
/// Aligned to at most 16, so that a frame's promise is found from the frame's address alone.
struct PromiseBase {
    /// Null: runs on its awaiter's stack. chain_end: root of a scope. Else: the awaiting frame.
    void* continuation = nullptr;
    union {
        void** owner;              ///< not ended: the Task's pointer to this frame, once awaited
        std::exception_ptr error;  ///< Ending::error
    };
    /// Where it waits, or waited last; before its first wait, the coroutine itself.
    std::source_location place;
    Ending ending = Ending::unfinished;

    PromiseBase() noexcept : owner(nullptr) {}
    PromiseBase(const PromiseBase&) = delete;
    PromiseBase& operator=(const PromiseBase&) = delete;
    ~PromiseBase() {
        if (ending == Ending::error) [[unlikely]] {
            error.~exception_ptr();
        }
    }

    bool ended() const noexcept { return ending >= Ending::value; }

    std::suspend_always initial_suspend() noexcept { return {}; }

    struct Final {
        bool await_ready() noexcept { return false; }
        template <class P>
        RONDO_INLINE void await_suspend(std::coroutine_handle<P> frame) noexcept {
            local.next = frame.promise().continuation;
        }
        void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }

    static void* operator new(std::size_t bytes) { return local.pool.take(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept {
        local.pool.give(frame, bytes);
    }

protected:
    void store_exception() noexcept {
        ::new (&error) std::exception_ptr(std::current_exception());
        ending = Ending::error;
    }
};

RONDO_INLINE PromiseBase& promise_of(void* frame) noexcept {
    return std::coroutine_handle<PromiseBase>::from_address(frame).promise();
}

/// How a T is kept in a frame or a scope: a reference as a pointer.
template <class T>
using Stored = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>;

template <class T>
struct Promise : PromiseBase {
    union {
        Stored<T> value;
    };

    Promise() noexcept {}
    ~Promise() {
        if (ending == Ending::value) {
            std::destroy_at(std::addressof(value));
        }
    }
    Task<T> get_return_object(
        std::source_location coroutine = std::source_location::current()) noexcept;

    template <class U>
        requires std::is_constructible_v<T, U&&>
    void return_value(U&& result) {
        if constexpr (std::is_reference_v<T>) {
            value = std::addressof(result);
        } else {
            ::new (static_cast<void*>(std::addressof(value))) T(std::forward<U>(result));
        }
        ending = Ending::value;
    }
    // A local's destructor may throw after co_return; the value goes then.
    void unhandled_exception() noexcept {
        if (ending == Ending::value) {
            std::destroy_at(std::addressof(value));
        }
        store_exception();
    }
};

template <>
struct Promise<void> : PromiseBase {
    Task<void> get_return_object(
        std::source_location coroutine = std::source_location::current()) noexcept;
    void return_void() noexcept { ending = Ending::value; }
    void unhandled_exception() noexcept { store_exception(); }
};

[[noreturn]] void fail_task_awaited_twice() noexcept;
/// Before an unfinished Task dies: a debugging loop reports one that was never awaited. Requires:
/// no coroutine waits inside it.
void check_dropped(const PromiseBase& promise) noexcept;

}  // namespace detail

/// A lazy coroutine: nothing runs until it is awaited or given to run, gather, a TaskGroup, ...
///
/// `co_await task` runs it inside the awaiting chain, without scheduling, and gives its result or
/// throws its error. A task is awaited once. Calling a task is no cancellation point by itself; the
/// operations it awaits are.
///
/// Lifetime: parameters live in the frame; what they refer to must outlive the task. A task that is
/// never awaited destroys them and has no other effect; RONDO_DEBUG=1 reports it.
template <class T = void>
class [[nodiscard]] Task {
public:
    using promise_type = detail::Promise<T>;
    using value_type = T;

    Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        Task old(std::move(*this));
        frame_ = std::exchange(other.frame_, nullptr);
        return *this;
    }
    ~Task() {
        if (frame_ != nullptr) {
            if (!promise().ended()) [[unlikely]] {
                detail::check_dropped(promise());
            }
            handle().destroy();
        }
    }

    // The child runs on its parent's stack, and the parent suspends only if the child did.
    RONDO_INLINE bool await_ready() {
        if (frame_ == nullptr || promise().ending != detail::Ending::unfinished) [[unlikely]] {
            detail::fail_task_awaited_twice();
        }
        if (detail::stack_has_room()) [[likely]] {
            handle().resume();
            return promise().ended();
        }
        detail::local.next = frame_;
        return false;
    }
    RONDO_INLINE void await_suspend(detail::Awaiting parent) noexcept {
        promise().continuation = parent.address();
        promise().owner = &frame_;
        promise().ending = detail::Ending::awaited;
    }
    RONDO_INLINE T await_resume() {
        promise_type& done = promise();
        if (done.ending == detail::Ending::error) [[unlikely]] {
            std::rethrow_exception(done.error);
        }
        if constexpr (std::is_reference_v<T>) {
            return static_cast<T>(*done.value);
        } else if constexpr (!std::is_void_v<T>) {
            return std::move(done.value);
        }
    }

private:
    friend promise_type;
    friend struct detail::TaskAccess;

    using FrameHandle = std::coroutine_handle<promise_type>;
    static_assert(alignof(promise_type) <= 16,
                  "a Task's result may be aligned to at most 16 bytes; return a unique_ptr to it");

    explicit Task(FrameHandle frame) noexcept : frame_(frame.address()) {}
    FrameHandle handle() const noexcept { return FrameHandle::from_address(frame_); }
    promise_type& promise() const noexcept { return handle().promise(); }

    void* frame_;
};

namespace detail {

/// How combinators take a task apart.
struct TaskAccess {
    template <class T>
    static void* release(Task<T>& task) noexcept {
        return std::exchange(task.frame_, nullptr);
    }
    template <class T>
    static Task<T> adopt(void* frame) noexcept {
        return Task<T>(Task<T>::FrameHandle::from_address(frame));
    }
};

template <class T>
Task<T> Promise<T>::get_return_object(std::source_location coroutine) noexcept {
    place = coroutine;
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object(std::source_location coroutine) noexcept {
    place = coroutine;
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<Task<T>> = true;

}  // namespace detail
}  // namespace rondo
