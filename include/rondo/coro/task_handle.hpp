// SPDX-License-Identifier: Apache-2.0
/// TaskHandle<T>: a spawned task seen from outside.
#pragma once

#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/coro/group.hpp"
#include "rondo/coro/result_scope.hpp"
#include "rondo/coro/scope_info.hpp"
#include "rondo/coro/starter.hpp"
#include "rondo/coro/wait_list.hpp"

namespace rondo {

template <class T>
class TaskHandle;

namespace detail {

/// "an error nobody looked at": a create_task's error whose handle never asked.
void report_unobserved(const Scope& scope, const std::exception_ptr& error) noexcept;

/// Whose end is waited for: " of task \"fetch\"".
void describe_awaited(const Scope& task, Describer& describer);

/// Who awaits a handle. A node, of which there may be many, has one pointer for all of them.
struct HandleWaiter : Leaf {
    HandleWaiter* later;
    HandleWaiter* earlier;   ///< the last waiter, in the first one
    Scope* scope = nullptr;  ///< whose chain waits; not null: a waiter of the node

    // Written by the await; a copy does not wait.
    HandleWaiter() noexcept {}
    HandleWaiter(const HandleWaiter&) noexcept : Leaf() {}  // NOLINT(*-init)
    HandleWaiter& operator=(const HandleWaiter&) = delete;
};

/// A spawned task: the result, and who waits for it. Lives until it ended, has no handle, and all
/// whom its end woke have taken the result.
template <class T>
struct TaskNode : ResultScope<T> {
    HandleWaiter* waiters;  ///< has_waiters: first come first; woken ones until they die

    TaskNode() noexcept {}
    static void* operator new(std::size_t bytes) { return local.pool.take(bytes); }
    static void operator delete(void* node, std::size_t bytes) noexcept {
        local.pool.give(node, bytes);
    }

    void add_waiter(HandleWaiter& waiter) noexcept {
        waiter.later = nullptr;
        if (!this->has(Scope::has_waiters)) {
            this->set(Scope::has_waiters);
            waiters = &waiter;
        } else {
            waiter.earlier = waiters->earlier;
            waiter.earlier->later = &waiter;
        }
        waiters->earlier = &waiter;
    }
    void remove_waiter(HandleWaiter& waiter) noexcept {
        HandleWaiter* const last = waiters->earlier;
        if (&waiter == waiters) {
            waiters = waiter.later;
        } else {
            waiter.earlier->later = waiter.later;
        }
        if (&waiter != last) {
            waiter.later->earlier = waiter.earlier;
        } else if (waiters != nullptr) {
            waiters->earlier = waiter.earlier;
        } else {
            this->unset(Scope::has_waiters);
        }
    }
    void wake_waiters() noexcept {
        for (HandleWaiter* waiter = waiters; waiter != nullptr; waiter = waiter->later) {
            wake(*waiter->scope);
        }
    }

    /// The chain ended, one way or the other; its result is taken. True: it is to be deleted.
    RONDO_INLINE bool end(Group& group, ScopeEvent event) {
        this->detach();
        this->parent = nullptr;
        if (event == ScopeEvent::stopped) [[unlikely]] {
            this->state = ScopeState::stopped;
            const bool wanted = this->reason == Reason::caller || this->reason == Reason::abandoned;
            if (!wanted || group.has(Scope::cancelled)) {
                group.set(Scope::child_stopped);
            }
        }
        if (this->has(Scope::has_waiters)) [[unlikely]] {
            wake_waiters();
        }
        if (this->state == ScopeState::error && !group.has(Scope::keeps_errors)) [[unlikely]] {
            this->set(Scope::observed);
            group.fail(this->error);
        }
        return !is_wanted();
    }
    /// By a handle, or by somebody who awaits it.
    bool is_wanted() const noexcept {
        return this->has(Scope::has_handle) || this->has(Scope::has_waiters);
    }
    /// A handle or a waiter went.
    RONDO_INLINE void release_unless_wanted() noexcept {
        if (this->parent == nullptr && !is_wanted()) {
            this->kind->on(*this, ScopeEvent::released);
        }
    }
    void report_unless_observed() noexcept {
        if (this->state == ScopeState::error && !this->has(Scope::observed)) [[unlikely]] {
            report_unobserved(*this, this->error);
        }
    }
};

/// What the kind of a node does. Node::chain_ended() takes the result.
template <class Node>
Scope* on_node(Scope& scope, ScopeEvent event) {
    auto& node = static_cast<Node&>(scope);
    if (event == ScopeEvent::released) [[unlikely]] {
        node.report_unless_observed();
        delete &node;
        return nullptr;
    }
    auto& group = static_cast<Group&>(*node.parent);
    node.chain_ended(event);
    if (node.end(group, event)) {
        node.report_unless_observed();
        delete &node;
    }
    if (--group.left == 0 && group.has(Scope::body_done)) [[unlikely]] {
        return group.kind->on(group, ScopeEvent::children_done);
    }
    return nullptr;
}

/// A TaskNode with what it was made from, which dies when the task ended.
template <class T, class S>
struct StartedNode : TaskNode<T> {
    std::optional<S> starter;

    template <class... Given>
    explicit StartedNode(Given&&... given)
        : starter(std::in_place, std::in_place, std::forward<Given>(given)...) {}

    void chain_ended(ScopeEvent event) {
        if (event == ScopeEvent::finished) {
            this->take(this->frame);
        }
        starter.reset();
    }
    static constexpr ScopeKind node_kind{&on_node<StartedNode>, "task", true};
};

/// A task needs no starter once its frame is known.
template <class T>
struct BareNode : TaskNode<T> {
    RONDO_INLINE void chain_ended(ScopeEvent event) {
        if (event == ScopeEvent::finished) {
            this->take(this->frame);
        }
    }
    static constexpr ScopeKind node_kind{&on_node<BareNode>, "task", true};
};

/// Starts a child of `group`: it runs in the loop's next turn.
template <class F, class... Args>
TaskNode<result_of_start<F, Args...>>& spawn_in(Group& group, F&& given, Args&&... args) {
    using T = result_of_start<F, Args...>;
    using S = StarterOf<F, Args...>;
    TaskNode<T>* node;
    if constexpr (is_task<std::decay_t<F>>) {
        node = new BareNode<T>;
        node->kind = &BareNode<T>::node_kind;
        node->frame = S(std::in_place, std::forward<F>(given)).start();
    } else {
        auto* started = new StartedNode<T, S>(std::forward<F>(given), std::forward<Args>(args)...);
        started->kind = &StartedNode<T, S>::node_kind;
        started->frame = started->starter->start();
        node = started;
    }
    try {
        node->attach(group, *local.current);
    } catch (...) {
        Handle::from_address(node->frame).destroy();
        node->kind->on(*node, ScopeEvent::released);
        throw;
    }
    ++group.left;
    local.push_new(*node);
    return *node;
}

/// From its suspension to its death it is a waiter of the node, which lives so long; a stop ends
/// that.
template <class T>
class [[nodiscard]] AwaitHandle : HandleWaiter {
public:
    explicit AwaitHandle(TaskNode<T>& node) noexcept : node_(&node) {}
    AwaitHandle(const AwaitHandle&) noexcept = default;
    AwaitHandle& operator=(const AwaitHandle&) = delete;
    ~AwaitHandle() { leave(); }

    bool await_ready() noexcept { return !current_is_cancelled() && node_->ended() && !spent(); }
    void await_suspend(Awaiting frame) noexcept {
        if (node_->ended() && !current_is_cancelled()) [[unlikely]] {
            requeue(frame);
        } else if (!park(*this, frame, leaf)) {
            return;
        }
        if (scope == nullptr) {
            node_->add_waiter(*this);
        }
        scope = local.current;
    }

protected:
    /// Throws unless the task ended with a value.
    void check() {
        node_->set(Scope::observed);
        if (node_->state == ScopeState::error) [[unlikely]] {
            std::rethrow_exception(node_->error);
        }
        if (node_->state == ScopeState::stopped) [[unlikely]] {
            throw Cancelled(node_->reason, cancel_place_of(*node_));
        }
    }
    TaskNode<T>* node_;

private:
    void leave() noexcept {
        if (std::exchange(scope, nullptr) != nullptr) {
            node_->remove_waiter(*this);
            node_->release_unless_wanted();
        }
    }
    static void poke(Leaf& at, Scope& stopping) noexcept {
        static_cast<AwaitHandle&>(at).leave();
        local.push_stop(stopping);
    }
    static void describe(const Leaf& at, Describer& describer) {
        describe_awaited(*static_cast<const AwaitHandle&>(at).node_, describer);
    }
    static constexpr LeafKind leaf{&poke, "the end", &describe};
};

/// `co_await handle.wait()`.
template <class T>
struct AwaitEnd : AwaitHandle<T> {
    using AwaitHandle<T>::AwaitHandle;
    void await_resume() noexcept {}
};

/// `co_await handle`: the result stays in the node.
template <class T>
struct AwaitHandleLvalue : AwaitHandle<T> {
    using AwaitHandle<T>::AwaitHandle;
    std::add_lvalue_reference_t<T> await_resume() {
        this->check();
        if constexpr (!std::is_void_v<T>) {
            return this->node_->value;
        }
    }
};

}  // namespace detail

/// A spawned task: await its result, ask for its state, cancel it. Move-only.
///
/// `co_await handle` gives a reference to the result, which lives as long as the handle;
/// `co_await std::move(handle)` gives the result itself. Any number of tasks may wait.
///
/// A handle from TaskGroup::spawn is only a view: dropping it does nothing, the group owns its
/// tasks. A handle from create_task owns: dropping it requests cancel (and never blocks), detach()
/// lets the task run on. Who awaits a handle that goes meanwhile hears of the task's end as ever;
/// the result lives until the end of the full expression of its `co_await` then.
///
/// Errors: awaiting throws the task's error, or Cancelled when the task was stopped.
/// Cancellation: cancelling the waiter leaves the task alone.
/// Requires: a handle that was moved from or detached is only assigned to or destroyed.
template <class T = void>
class TaskHandle {
public:
    TaskHandle(TaskHandle&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    TaskHandle& operator=(TaskHandle&& other) noexcept {
        TaskHandle old(std::move(*this));
        node_ = std::exchange(other.node_, nullptr);
        return *this;
    }
    RONDO_INLINE ~TaskHandle() {
        if (node_ != nullptr) {
            drop();
        }
    }

    /// Asks the task to stop. Idempotent; no effect once it ended. `place` shows in errors.
    void cancel(std::source_location place = std::source_location::current()) noexcept {
        if (!node().ended()) {
            detail::cancel_at(node(), place);
        }
    }
    /// Drops the handle without any effect on the task.
    void detach() noexcept {
        node().unset(detail::Scope::drop_cancels);
        drop();
        node_ = nullptr;
    }

    bool done() const noexcept { return node().ended(); }
    bool cancelled() const noexcept { return node().state == detail::ScopeState::stopped; }
    /// It ended with a result.
    bool succeeded() const noexcept { return node().state == detail::ScopeState::value; }

    /// Waits until the task has ended, in whatever way; throws nothing.
    auto wait() noexcept { return detail::AwaitEnd<T>(node()); }

    /// A name for people: in dumps, traces and reports.
    void set_name(std::string_view name) { detail::set_name(node(), name); }
    std::string_view name() const noexcept { return detail::name_of(node()); }

    detail::AwaitHandleLvalue<T> operator co_await() & noexcept {
        return detail::AwaitHandleLvalue<T>(node());
    }
    auto operator co_await() && noexcept {
        struct AwaitRvalue : detail::AwaitHandle<T> {
            TaskHandle handle;
            explicit AwaitRvalue(TaskHandle&& from) noexcept
                : detail::AwaitHandle<T>(from.node()), handle(std::move(from)) {}
            T await_resume() {
                this->check();
                if constexpr (!std::is_void_v<T>) {
                    return std::move(this->node_->value);
                }
            }
        };
        return AwaitRvalue(std::move(*this));
    }

    /// For spawn and create_task.
    explicit TaskHandle(detail::TaskNode<T>& node, bool owns) noexcept : node_(&node) {
        node.set(detail::Scope::has_handle);
        if (owns) {
            node.set(detail::Scope::drop_cancels);
        }
    }

private:
    detail::TaskNode<T>& node() const noexcept {
        RONDO_REQUIRE(node_ != nullptr, "a TaskHandle that is moved from or detached was used");
        return *node_;
    }
    RONDO_INLINE void drop() noexcept {
        node_->unset(detail::Scope::has_handle);
        // A task may own its handle: then this is called while its frame dies, before its end.
        if (node_->parent != nullptr && node_->has(detail::Scope::drop_cancels)) {
            detail::cancel(*node_, Reason::abandoned);
        } else {
            node_->release_unless_wanted();
        }
    }

    detail::TaskNode<T>* node_;
};

}  // namespace rondo
