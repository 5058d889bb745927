// SPDX-License-Identifier: Apache-2.0
/// The FIFO parking place under every primitive; no allocation per wait.
#pragma once

#include "rondo/coro/awaiter.hpp"
#include "rondo/coro/describer.hpp"

namespace rondo::detail {

/// Base of an awaiter that waits in a WaitList.
struct Waiter : Leaf {
    Waiter* next = nullptr;
    Waiter* previous = nullptr;
    Scope* scope = nullptr;
};

/// Chains in order of arrival.
class WaitList {
public:
    bool empty() const noexcept { return first_ == nullptr; }
    Waiter* front() const noexcept { return first_; }

    void push(Waiter& waiter) noexcept {
        waiter.next = nullptr;
        waiter.previous = last_;
        (last_ != nullptr ? last_->next : first_) = &waiter;
        last_ = &waiter;
    }

    void remove(Waiter& waiter) noexcept {
        (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
        (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
    }

    /// The longest waiting one, unlinked; null when nobody waits.
    Waiter* pop() noexcept {
        Waiter* waiter = first_;
        if (waiter != nullptr) {
            remove(*waiter);
        }
        return waiter;
    }

    /// Makes all of them ready, in order of arrival; they have their result.
    void wake_all() noexcept {
        while (Waiter* waiter = pop()) {
            wake(*waiter->scope);
        }
    }

private:
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

/// A Waiter that knows its list, and leaves it when its scope is cancelled.
struct ListWaiter : Waiter {
    WaitList* list = nullptr;

    /// park(), and linked into `in`. False: the scope stops instead.
    RONDO_INLINE bool park_in(WaitList& in, Awaiting awaiting, const LeafKind& kind) noexcept {
        scope = local.current;
        if (!park(*this, awaiting, kind)) [[unlikely]] {
            return false;
        }
        list = &in;
        in.push(*this);
        return true;
    }

    /// The poke of such a wait.
    static void leave(Leaf& leaf, Scope& scope) noexcept {
        auto& self = static_cast<ListWaiter&>(leaf);
        self.list->remove(self);
        local.push_stop(scope);
    }
};

}  // namespace rondo::detail
