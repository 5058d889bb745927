// SPDX-License-Identifier: Apache-2.0
/// The one cancellation tree. Every combinator is built from Scope; there is no second mechanism.
#pragma once

#include <cstdint>
#include <string_view>

#include "rondo/base/config.hpp"

namespace rondo {

/// Why a task was cancelled.
enum class Reason : std::uint8_t {
    none,       ///< it was not
    caller,     ///< somebody called cancel()
    deadline,   ///< a timeout passed
    sibling,    ///< a task of the same gather, race or group failed (or won)
    shutdown,   ///< its loop ends, or the program was interrupted
    abandoned,  ///< its handle was dropped
};

/// "deadline" for Reason::deadline.
std::string_view to_string(Reason reason) noexcept;

namespace detail {

class Describer;
struct Leaf;
struct Scope;

/// What a chain can be suspended on, one constant per kind of awaiter.
struct LeafKind {
    /// The scope was cancelled while parked here; its state is idle already. Either unlinks the
    /// wait and calls RunState::push_stop, or asks the kernel to end it and returns.
    void (*poke)(Leaf&, Scope&) noexcept;
    const char* name;  ///< for people: "sleep", "queue.get"
    /// Adds to `name` which one: " \"db\", held by task \"writer\"". Null: nothing to add.
    void (*describe)(const Leaf&, Describer&) = nullptr;
};

/// Base of each awaiter that can park a chain.
struct Leaf {
    const LeafKind* leaf_kind;  ///< written by park()

    constexpr Leaf() noexcept {}
    constexpr explicit Leaf(const LeafKind* kind) noexcept : leaf_kind(kind) {}
    // What is copied is not parked.
    constexpr Leaf(const Leaf&) noexcept {}
    constexpr Leaf& operator=(const Leaf&) noexcept { return *this; }  // NOLINT(*-assignment)
};

/// What happens to a scope, as its kind hears it.
enum class ScopeEvent : std::uint8_t {
    finished,        ///< the chain ended by itself; Scope::frame is its root frame, at its end
    stopped,         ///< the chain was unwound; its frames are gone
    children_done,   ///< a group: its body and all its children ended
    shield_reached,  ///< an outer cancellation met this shield
    released,        ///< nobody needs the scope's memory any more
};

/// One constant per kind of scope.
struct ScopeKind {
    /// Returns the scope that continues at once, or null.
    Scope* (*on)(Scope&, ScopeEvent);
    const char* name;      ///< for people: "gather", "timeout"
    bool is_task = false;  ///< what a user would call a task
    /// Adds to `name` what belongs to it: a deadline. Null: nothing to add.
    void (*describe)(const Scope&, Describer&) = nullptr;
};

/// Where a scope's chain stands; the last three are how it ended.
enum class ScopeState : std::uint8_t {
    idle,    ///< running, or ready with its result, or asked to stop already
    parked,  ///< suspended on `leaf`, which a cancel pokes
    queued,  ///< in the ready queue without a result: not started, or yielding
    value,
    error,
    stopped,
};

/// A node of the cancellation tree: one chain of coroutines with at most one suspended leaf.
/// One cache line.
struct Scope {
    enum Flag : std::uint16_t {
        cancelled = 1 << 0,      ///< effective: by itself or inherited
        shield = 1 << 1,         ///< outer cancellation stops here
        outer = 1 << 2,          ///< a shield that outer cancellation reached
        skip = 1 << 3,           ///< in the ready queue, to be stopped instead of resumed
        expired = 1 << 4,        ///< its own deadline passed
        own = 1 << 5,            ///< cancelled by its owner, who expects it to end quietly
        body_done = 1 << 6,      ///< a task group whose body ended
        hold = 1 << 7,           ///< stopped, but children live: its frames wait for them
        failed = 1 << 8,         ///< a group with a first error
        child_stopped = 1 << 9,  ///< a group with a stopped child
        has_handle = 1 << 10,    ///< a node whose handle lives
        drop_cancels = 1 << 11,  ///< a node whose handle, when dropped, cancels it
        observed = 1 << 12,      ///< a node whose outcome somebody took
        keeps_errors = 1 << 13,  ///< a group that leaves a child's error in its node
        has_context = 1 << 14,   ///< the task it stands in has context variables
        has_waiters = 1 << 15,   ///< a node whose handle somebody awaits
    };

    union {
        Scope* next;  ///< in the ready or the stop queue
        Leaf* leaf;   ///< while parked
    };
    void* frame = nullptr;  ///< what to resume, or where unwinding starts
    std::uint16_t flags = 0;
    ScopeState state = ScopeState::idle;
    Reason reason = Reason::none;
    std::uint32_t info = 0;  ///< rarely used facts, see scope_info.hpp; 0: none
    const ScopeKind* kind = nullptr;
    Scope* parent = nullptr;
    Scope* first = nullptr;  ///< youngest child
    Scope* sibling;          ///< next older child of the parent; written by attach(), like `link`
    Scope** link;            ///< what points at this scope

    Scope() noexcept {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    RONDO_INLINE ~Scope() {
        if (info != 0) [[unlikely]] {
            free_info();
        }
    }

    bool has(Flag flag) const noexcept { return (flags & flag) != 0; }
    void set(Flag flag) noexcept { flags = static_cast<std::uint16_t>(flags | flag); }
    void unset(Flag flag) noexcept { flags = static_cast<std::uint16_t>(flags & ~flag); }
    bool ended() const noexcept { return state >= ScopeState::value; }

    void park_on(Leaf& on) noexcept {
        leaf = &on;
        state = ScopeState::parked;
    }

    /// Becomes the youngest child of `to` and inherits its cancellation, unless this is a shield. A
    /// task inherits the context variables of `starter`; when there is no memory for them, that is
    /// thrown, and `to` is as before. Requires: `kind` is set.
    RONDO_INLINE void attach(Scope& to, const Scope& starter) {
        parent = &to;
        if (to.has(cancelled) || starter.has(has_context)) [[unlikely]] {
            inherit(to, starter);
        }
        sibling = to.first;
        link = &to.first;
        if (sibling != nullptr) {
            sibling->link = &sibling;
        }
        to.first = this;
    }
    RONDO_INLINE void attach(Scope& to) { attach(to, to); }

    RONDO_NOINLINE void free_info() noexcept;
    /// The rare part of attach().
    RONDO_NOINLINE void inherit(const Scope& to, const Scope& starter);

    /// Leaves the tree. A parent that was only held back by its children is stopped now.
    inline void detach() noexcept;
};
static_assert(sizeof(Scope) == 64);

/// The task that `scope` is a part of: a timeout, a shield, a finally or the body of a group
/// belongs to the task it stands in. Null: to none.
inline const Scope* task_of(const Scope& scope) noexcept {
    const Scope* at = &scope;
    while (at != nullptr && !at->kind->is_task) {
        at = at->parent;
    }
    return at;
}

/// Cancels `root` and all below it, except behind shields. Idempotent; runs no user code: it sets
/// state and pokes leaves, frames go later, from the run loop. `extra` is set on `root` first.
void cancel(Scope& root, Reason reason, std::uint16_t extra = 0) noexcept;

}  // namespace detail
}  // namespace rondo
