// SPDX-License-Identifier: Apache-2.0
/// The awaiter protocol: how anything that waits is built.
///
/// A leaf awaiter inherits Leaf and obeys five rules.
///
/// 1. `await_ready`: in a cancelled scope return false *before* touching anything (rule 3). Else
/// try
///    the operation. If it completed, ask spend(): true lets the chain go on; false means that the
///    chain had its share, so remember "done" and return false.
/// 2. `await_suspend`: if done, call requeue() and return. Else park(): false means that the scope
///    is cancelled and was queued to stop, so the operation must not start. After a true park()
///    link the awaiter into whatever wakes it.
/// 3. Completion, anywhere on the loop's thread: store the result in the awaiter and call wake().
///    From then on a cancel cannot reach it: result wins (rule 4).
/// 4. `LeafKind::poke`: unlink and RunState::push_stop; or, when a kernel operation is in flight,
///    ask for its end, and let its completion choose between wake() and push_stop.
/// 5. An awaiter may be moved until it is first awaited and lives in its coroutine's frame after
///    that; it must also work as a named variable. Members that are not trivially destructible need
///    a constructor declared by the class (g++ 12 destroys such aggregates twice).
///
/// Combinators start child scopes instead, and park their parent on inert(): the cancel walk
/// reaches the children by itself.
#pragma once

#include <concepts>
#include <coroutine>
#include <source_location>
#include <type_traits>
#include <utility>

#include "rondo/coro/run_state.hpp"

namespace rondo::detail {

using Handle = std::coroutine_handle<>;

/// What await_suspend takes: the frame that suspends. Made from its handle it notes in the frame's
/// promise where the `co_await` stands, for people.
class Awaiting {
public:
    template <class P>
    RONDO_INLINE Awaiting(std::coroutine_handle<P> frame,
                          std::source_location place = std::source_location::current()) noexcept
        : frame_(frame.address()) {
        frame.promise().place = place;
    }
    void* address() const noexcept { return frame_; }

private:
    void* frame_;
};

/// Awaits that may complete at once before a chain lets others run.
inline constexpr int budget_per_turn = 128;

/// Counts an await that completed at once; true when the chain must let others run first.
RONDO_INLINE bool spent() noexcept { return --local.budget < 0; }

RONDO_INLINE bool current_is_cancelled() noexcept { return local.current->has(Scope::cancelled); }

/// Suspends the current chain on `leaf`. False: its scope is cancelled and stops instead.
RONDO_INLINE bool park(Leaf& leaf, Awaiting frame, const LeafKind& kind) noexcept {
    Scope& scope = *local.current;
    scope.frame = frame.address();
    if (scope.has(Scope::cancelled)) [[unlikely]] {
        local.push_stop(scope);
        return false;
    }
    leaf.leaf_kind = &kind;
    scope.park_on(leaf);
    return true;
}

/// The chain has its result and only takes a turn.
RONDO_INLINE void requeue(Awaiting frame) noexcept {
    Scope& scope = *local.current;
    scope.frame = frame.address();
    scope.state = ScopeState::idle;
    local.push(scope);
}

/// A parked chain has its result and runs in the next turn.
RONDO_INLINE void wake(Scope& scope) noexcept {
    scope.state = ScopeState::idle;
    local.push(scope);
}

/// What a scope is parked on while its children run: a cancel finds them by itself.
extern Leaf children_leaf;

/// An awaitable's operator co_await, or the awaitable itself.
template <class A>
decltype(auto) awaiter_of(A&& awaitable) {
    if constexpr (requires { std::forward<A>(awaitable).operator co_await(); }) {
        return std::forward<A>(awaitable).operator co_await();
    } else if constexpr (requires { operator co_await(std::forward<A>(awaitable)); }) {
        return operator co_await(std::forward<A>(awaitable));
    } else {
        return std::forward<A>(awaitable);
    }
}

}  // namespace rondo::detail

namespace rondo {

/// What `co_await` takes.
template <class A>
concept Awaitable = requires(A& awaitable) {
    { detail::awaiter_of(awaitable).await_ready() } -> std::convertible_to<bool>;
    detail::awaiter_of(awaitable).await_resume();
};

/// What `co_await` gives for it.
template <class A>
using await_result_t = decltype(detail::awaiter_of(std::declval<A&>()).await_resume());

}  // namespace rondo
