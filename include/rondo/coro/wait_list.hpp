// SPDX-License-Identifier: Apache-2.0
/// The FIFO parking place under every primitive; no allocation per wait.
#pragma once

#include "rondo/coro/awaiter.hpp"

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

private:
    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

/// park() for a Waiter, which it also links into `list`. False: the scope stops instead.
RONDO_INLINE bool park_in(WaitList& list, Waiter& waiter, Handle frame,
                          const LeafKind& kind) noexcept {
    waiter.scope = local.current;
    if (!park(waiter, frame, kind)) [[unlikely]] {
        return false;
    }
    list.push(waiter);
    return true;
}

}  // namespace rondo::detail
