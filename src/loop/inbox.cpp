// SPDX-License-Identifier: Apache-2.0
// A poster stores its function, then sets `arrived_`, then looks at `asleep_`; the loop sets
// `asleep_`, then looks at `arrived_`, then sleeps. Both pairs are sequentially consistent, so at
// least one side sees the other, and only a post to a sleeping loop costs a system call.
#include <cerrno>
#include <utility>

#include "rondo/loop/event_loop.hpp"

namespace rondo {
namespace detail {

void Inbox::announce() noexcept {
    arrived_.store(true, std::memory_order_seq_cst);
    if (asleep_.load(std::memory_order_seq_cst)) {
        driver_->wake();
    }
}

bool Inbox::post(UniqueFunction<void()> function) {
    std::lock_guard lock(mutex_);
    if (closed_) {
        return false;
    }
    functions_.push_back(std::move(function));
    announce();
    return true;
}

void Inbox::complete(Callback& callback) noexcept {
    std::lock_guard lock(mutex_);
    callback.next = nullptr;
    *last_ = &callback;
    last_ = &callback.next;
    announce();
}

void Inbox::interrupt() noexcept {
    arrived_.store(true, std::memory_order_seq_cst);
    driver_->wake();
}

void Inbox::close() noexcept {
    std::lock_guard lock(mutex_);
    closed_ = true;
}

bool Inbox::take(std::vector<UniqueFunction<void()>>& functions, Callback*& callbacks) noexcept {
    std::lock_guard lock(mutex_);
    arrived_.store(false, std::memory_order_relaxed);
    functions.swap(functions_);
    callbacks = std::exchange(first_, nullptr);
    last_ = &first_;
    return !functions.empty() || callbacks != nullptr;
}

bool Inbox::fall_asleep() noexcept {
    asleep_.store(true, std::memory_order_seq_cst);
    return arrived_.load(std::memory_order_seq_cst);
}

}  // namespace detail

void LoopHandle::post(UniqueFunction<void()> function) const {
    if (!inbox_->post(std::move(function))) {
        throw Error(Errc::closed, "post", "to an event loop", "the loop has ended");
    }
}

bool LoopHandle::try_post(UniqueFunction<void()> function) const {
    return inbox_->post(std::move(function));
}

}  // namespace rondo
