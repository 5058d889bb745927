// SPDX-License-Identifier: Apache-2.0
/// The FIFO parking place under every primitive; no allocation per wait.
#pragma once

#include "rondo/coro/awaiter.hpp"
#include "rondo/coro/describer.hpp"

namespace rondo::detail {

// Waiter and list end share a base, so that walking a list never casts an end to a waiter. It has
// the Leaf, so that the addresses of a waiter's parts are one.
struct WaitLink : Leaf {
    WaitLink* next;
    WaitLink* previous;

    // The links are written by the push(); a copy is not in the list.
    WaitLink() noexcept {}
    WaitLink(const WaitLink&) noexcept : Leaf() {}                   // NOLINT(*-init)
    WaitLink& operator=(const WaitLink&) noexcept { return *this; }  // NOLINT(*-assignment)
    /// The end of an empty list.
    constexpr explicit WaitLink(WaitLink* end) noexcept : Leaf(nullptr), next(end), previous(end) {}

    /// Leaves its list. Requires: it is in one.
    RONDO_INLINE void unlink() noexcept {
        previous->next = next;
        next->previous = previous;
    }
};

/// Base of an awaiter that waits in a WaitList.
struct Waiter : WaitLink {
    Scope* scope;  ///< whose chain waits, written before the push()

    Waiter() noexcept {}
    Waiter(const Waiter&) noexcept : WaitLink() {}               // NOLINT(*-init)
    Waiter& operator=(const Waiter&) noexcept { return *this; }  // NOLINT(*-assignment)
};

/// Chains in order of arrival: circular, so that nothing has to be asked.
class WaitList {
public:
    WaitList() = default;
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;

    bool empty() const noexcept { return end_.next == &end_; }
    /// The longest waiting one, or null.
    Waiter* front() noexcept { return at(end_.next); }
    /// The one that came after `waiter`, or null.
    Waiter* after(const Waiter& waiter) noexcept { return at(waiter.next); }

    RONDO_INLINE void push(Waiter& waiter) noexcept {
        WaitLink* const last = end_.previous;
        waiter.next = &end_;
        waiter.previous = last;
        last->next = &waiter;
        end_.previous = &waiter;
    }

    void remove(Waiter& waiter) noexcept { waiter.unlink(); }

    /// The longest waiting one, unlinked; null when nobody waits.
    RONDO_INLINE Waiter* pop() noexcept {
        WaitLink* const first = end_.next;
        if (first == &end_) {
            return nullptr;
        }
        WaitLink* const second = first->next;
        end_.next = second;
        second->previous = &end_;
        return static_cast<Waiter*>(first);
    }

    /// Makes all of them ready, in order of arrival; they have their result.
    void wake_all() noexcept {
        while (Waiter* waiter = pop()) {
            wake(*waiter->scope);
        }
    }

private:
    Waiter* at(WaitLink* link) noexcept {
        return link == &end_ ? nullptr : static_cast<Waiter*>(link);
    }

    WaitLink end_{&end_};
};

/// A Waiter that leaves its list when its scope is cancelled.
struct ListWaiter : Waiter {
    /// park(), and linked into `in`. False: the scope stops instead.
    RONDO_INLINE bool park_in(WaitList& in, Awaiting awaiting, const LeafKind& kind) noexcept {
        scope = local.current;
        if (!park(*this, awaiting, kind)) [[unlikely]] {
            return false;
        }
        in.push(*this);
        return true;
    }

    /// The poke of such a wait.
    static void leave(Leaf& leaf, Scope& scope) noexcept {
        static_cast<ListWaiter&>(leaf).unlink();
        local.push_stop(scope);
    }
};

}  // namespace rondo::detail
