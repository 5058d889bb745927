// SPDX-License-Identifier: Apache-2.0
/// Tasks that belong to run() itself, and tasks for another thread's loop.
#pragma once

#include <exception>
#include <future>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/coro/task_handle.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {

/// Starts a task, another awaitable, or a callable with its arguments as a child of run()'s root:
/// it may outlive the caller, but not run(), which cancels and awaits it when the main task ends.
///
/// Dropping the handle requests cancel; detach() lets the task run on. An error that nobody asked
/// the handle for is reported on stderr.
template <class F, class... Args>
    requires detail::Startable<F, Args...>
[[nodiscard]] auto create_task(F&& given, Args&&... args) {
    return TaskHandle<detail::result_of_start<F, Args...>>(
        detail::spawn_in(current_loop().root(), std::forward<F>(given),
                         std::forward<Args>(args)...),
        true);
}

/// The same for a task with a name for people.
template <class T>
[[nodiscard]] TaskHandle<T> create_task(Task<T>&& task, std::string_view name) {
    TaskHandle<T> handle = create_task(std::move(task));
    handle.set_name(name);
    return handle;
}

namespace detail {

/// A std::promise that a stopped task answers with Cancelled.
template <class T>
class Answer {
public:
    Answer() = default;
    Answer(Answer&&) noexcept = default;
    ~Answer() {
        if (!given_ && promise_) {
            promise_->set_exception(std::make_exception_ptr(Cancelled(Reason::shutdown)));
        }
    }
    std::future<T> future() { return promise_->get_future(); }
    void set_error() {
        promise_->set_exception(std::current_exception());
        given_ = true;
    }
    template <class... V>
    void set_value(V&&... value) {
        promise_->set_value(std::forward<V>(value)...);
        given_ = true;
    }

private:
    std::unique_ptr<std::promise<T>> promise_ = std::make_unique<std::promise<T>>();
    bool given_ = false;
};

template <class S>
Task<> answer(std::unique_ptr<S> work, Answer<typename S::result_type> to) {
    using T = typename S::result_type;
    try {
        Task<T> task = TaskAccess::adopt<T>(work->make());
        if constexpr (std::is_void_v<T>) {
            co_await task;
            to.set_value();
        } else {
            to.set_value(co_await task);
        }
    } catch (...) {
        to.set_error();
    }
}

}  // namespace detail

/// Starts it on another loop, as create_task there, and gives a std::future of its
/// result, its error, or Cancelled. Thread-safe.
///
/// Lifetime: the callable and the task's frame move to the other thread; what they refer to must be
/// safe to use there.
/// Errors: Error (closed) when the loop has ended.
template <class F, class... Args>
    requires detail::Startable<F, Args...>
auto spawn_on(const LoopHandle& loop, F&& given, Args&&... args) {
    using S = detail::StarterOf<F, Args...>;
    using T = typename S::result_type;
    auto work =
        std::make_unique<S>(std::in_place, std::forward<F>(given), std::forward<Args>(args)...);
    detail::Answer<T> to;
    std::future<T> future = to.future();
    loop.post([work = std::move(work), to = std::move(to)]() mutable {
        create_task(detail::answer<S>(std::move(work), std::move(to))).detach();
    });
    return future;
}

}  // namespace rondo
