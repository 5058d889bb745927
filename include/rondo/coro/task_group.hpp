// SPDX-License-Identifier: Apache-2.0
/// TaskGroup: a block that starts tasks as it goes and leaves only when all have ended.
#pragma once

#include <concepts>
#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "rondo/coro/task_handle.hpp"

namespace rondo {

namespace detail {
template <class F>
class TaskGroupBlock;
}

/// The children of one `co_await task_group(...)`. Any task may spawn into it while it lives.
class TaskGroup : protected detail::Group {
public:
    TaskGroup() = default;

    /// Starts a task, another awaitable, or a callable with its arguments, which live until the
    /// task ended. It first runs in the loop's next turn. In a cancelled group it never runs.
    ///
    /// Errors: its failure fails the group, whether or not somebody holds the handle.
    template <class F, class... Args>
        requires detail::Startable<F, Args...>
    RONDO_INLINE auto spawn(F&& given, Args&&... args) {
        RONDO_REQUIRE(parent != nullptr, "spawn into a TaskGroup that has ended");
        return TaskHandle<detail::result_of_start<F, Args...>>(
            detail::spawn_in(*this, std::forward<F>(given), std::forward<Args>(args)...), false);
    }

    /// Stops the body and all tasks; the group then ends quietly. `place` shows in errors.
    void cancel(std::source_location place = std::source_location::current()) noexcept {
        detail::cancel_at(*this, place, own);
    }

    /// Tasks that did not end yet, the body not counted.
    std::size_t size() const noexcept { return left; }

private:
    template <class F>
    friend class detail::TaskGroupBlock;
};

namespace detail {

template <class F>
concept TaskGroupBody = FitsInFrame<F> && std::invocable<std::decay_t<F>&, TaskGroup&> &&
                        is_task<std::invoke_result_t<std::decay_t<F>&, TaskGroup&>>;

/// The awaitable of task_group. The group's own chain is the body.
template <class F>
class [[nodiscard]] TaskGroupBlock : public TaskGroup {
    using BodyTask = std::invoke_result_t<F&, TaskGroup&>;
    using T = typename BodyTask::value_type;

public:
    template <class G>
    explicit TaskGroupBlock(std::in_place_t, G&& body) : body_(std::forward<G>(body)) {}
    TaskGroupBlock(TaskGroupBlock&& other) noexcept(std::is_nothrow_move_constructible_v<F>)
        : body_(std::move(other.body_)) {}

    bool await_ready() noexcept { return false; }
    void await_suspend(Awaiting awaiting) noexcept {
        RONDO_REQUIRE(parent == nullptr, "a task_group was awaited twice");
        Scope& up = *local.current;
        up.frame = awaiting.address();
        if (up.has(cancelled)) [[unlikely]] {
            local.push_stop(up);
            return;
        }
        up.park_on(children_leaf);
        kind = &group_kind;
        attach(up);
        start_body();
        local.push(*this);
    }
    T await_resume() {
        rethrow();
        if constexpr (!std::is_void_v<T>) {
            if (result_.state == ScopeState::stopped) {
                throw Cancelled(reason, cancel_place_of(*this));
            }
            return result_.get();
        }
    }

private:
    /// A body that is cancelled while it is made never runs; what the callable throws is told.
    void start_body() noexcept {
        const AsCurrent body(*this);
        state = ScopeState::queued;
        try {
            BodyTask task = std::invoke(body_, static_cast<TaskGroup&>(*this));
            frame = as_root(TaskAccess::release(task));
        } catch (...) {
            Task<T> raising = raise<T>(std::current_exception());
            frame = as_root(TaskAccess::release(raising));
            state = ScopeState::queued;
            unset(skip);
        }
    }

    static Scope* on(Scope& scope, ScopeEvent event) {
        auto& block = static_cast<TaskGroupBlock&>(scope);
        if (event == ScopeEvent::children_done) {
            return block.leave();
        }
        if (event == ScopeEvent::stopped) [[unlikely]] {
            block.result_.state = ScopeState::stopped;
            block.set(child_stopped);
        } else {
            block.result_.take(block.frame);
            if (block.result_.state == ScopeState::error) [[unlikely]] {
                block.fail(block.result_.error);
            }
        }
        block.state = block.result_.state;
        block.set(body_done);
        return block.left == 0 ? block.leave() : nullptr;
    }
    Scope* leave() noexcept {
        Scope* up = conclude();
        parent = nullptr;
        return up;
    }
    static constexpr ScopeKind group_kind{&on, "task_group"};

    F body_;
    ResultScope<T> result_;
};

}  // namespace detail

/// Runs `body(group)` and every task it spawns; ends when all have ended, and gives the body's
/// result. `body` is a callable that takes a TaskGroup& and returns a Task; it is stored until
/// then.
///
/// Lifetime: children must not use locals of the body coroutine, which die when it returns or
/// throws while they may still run: declare what they share outside, and capture it by reference.
/// Errors: the first failure, of a task or of the body, stops all others, waits for them, and is
/// thrown itself; the rest are suppressed_errors(). After group.cancel() a body that was stopped
/// has no result: Cancelled is thrown unless its type is void.
template <detail::TaskGroupBody F>
auto task_group(F&& body) {
    return detail::TaskGroupBlock<std::decay_t<F>>(std::in_place, std::forward<F>(body));
}

}  // namespace rondo
