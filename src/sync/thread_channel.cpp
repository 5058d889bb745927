// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/thread_channel.hpp"

namespace rondo::detail {

void RemoteWaiter::finish(RemoteWaiter& waiter) noexcept {
    const std::shared_ptr<Inbox> inbox = waiter.inbox;
    inbox->complete(waiter);
}

void RemoteWaitList::push(RemoteWaiter& waiter) noexcept {
    waiter.linked = true;
    waiter.next_waiter = nullptr;
    waiter.previous_waiter = last_;
    (last_ != nullptr ? last_->next_waiter : first_) = &waiter;
    last_ = &waiter;
}

void RemoteWaitList::remove(RemoteWaiter& waiter) noexcept {
    waiter.linked = false;
    (waiter.previous_waiter != nullptr ? waiter.previous_waiter->next_waiter : first_) =
        waiter.next_waiter;
    (waiter.next_waiter != nullptr ? waiter.next_waiter->previous_waiter : last_) =
        waiter.previous_waiter;
}

RemoteWaiter* RemoteWaitList::pop() noexcept {
    RemoteWaiter* waiter = first_;
    if (waiter != nullptr) {
        remove(*waiter);
    }
    return waiter;
}

void RemoteWaitList::finish_all() noexcept {
    while (RemoteWaiter* waiter = pop()) {
        RemoteWaiter::finish(*waiter);
    }
}

}  // namespace rondo::detail
