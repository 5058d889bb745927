// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/inbox.hpp"

#include <cerrno>
#include <utility>

#include "rondo/base/error.hpp"

namespace rondo {
namespace detail {

void Inbox::announce() noexcept {
    if (protocol_.announce()) {
        driver_->wake();
    }
}

bool Inbox::post(UniqueFunction<void()>&& function) {
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

void Inbox::ask_to_stop(Reason reason) noexcept {
    std::lock_guard lock(mutex_);
    Reason none = Reason::none;
    if (!closed_ && stop_.compare_exchange_strong(none, reason)) {
        announce();
    }
}

void Inbox::interrupt(int signal) noexcept {
    signal_.store(signal);
    protocol_.announce();
    driver_->wake();
}

void Inbox::close() noexcept {
    std::lock_guard lock(mutex_);
    closed_ = true;
}

void Inbox::take(std::vector<UniqueFunction<void()>>& functions, Callback*& callbacks) noexcept {
    std::lock_guard lock(mutex_);
    protocol_.begin_taking();
    functions.swap(functions_);
    callbacks = std::exchange(first_, nullptr);
    last_ = &first_;
}

void stop_loop(const LoopHandle& loop, Reason reason) noexcept { loop.inbox_->ask_to_stop(reason); }

}  // namespace detail

void LoopHandle::post(UniqueFunction<void()> function) const {
    if (!inbox_->post(std::move(function))) {
        throw Error(Errc::closed, "post", "to an event loop", "the loop has ended");
    }
}

bool LoopHandle::try_post(UniqueFunction<void()> function) const {
    return inbox_->post(std::move(function));
}

void LoopHandle::stop() const noexcept { detail::stop_loop(*this, Reason::caller); }

}  // namespace rondo
