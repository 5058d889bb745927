// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/thread_channel.hpp"

#include <utility>

namespace rondo::detail {

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

// A loop that was told may resume its waiter before complete() returns.
ServedWaiters::~ServedWaiters() {
    while (first_ != nullptr) {
        RemoteWaiter& waiter = *std::exchange(first_, first_->next_waiter);
        const std::shared_ptr<Inbox> inbox = std::move(waiter.inbox);
        inbox->complete(waiter);
    }
}

void ServedWaiters::add(RemoteWaiter& waiter) noexcept {
    waiter.next_waiter = nullptr;
    *last_ = &waiter;
    last_ = &waiter.next_waiter;
}

void ServedWaiters::add_all(RemoteWaitList& list) noexcept {
    while (RemoteWaiter* waiter = list.pop()) {
        add(*waiter);
    }
}

}  // namespace rondo::detail
