// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/inbox.hpp"

#include <cerrno>
#include <utility>

#include "rondo/base/error.hpp"

namespace rondo {
namespace detail {

void Inbox::complete(Callback& callback) noexcept {
    fork_mark_.require_own();
    callback.next = nullptr;
    box_.bring([&] {
        *last_ = &callback;
        last_ = &callback.next;
    });
}

void Inbox::ask_to_stop(Reason reason) noexcept {
    fork_mark_.require_own();
    box_.bring([&] {
        if (stop_reason() == Reason::none) {
            stop_.store(reason, std::memory_order_relaxed);
        }
    });
}

void Inbox::interrupt(int signal) noexcept {
    signal_.store(signal);
    box_.ring();
}

void Inbox::take(PostQueue& functions, Callback*& callbacks) noexcept {
    box_.collect([&] {
        functions.swap(functions_);
        callbacks = std::exchange(first_, nullptr);
        last_ = &first_;
    });
    is_stream_ = functions.holds_many();
}

// A loop that runs posts faster than another thread makes them would sleep after each few, and each
// sleep costs both sides a system call and a wake-up. So it waits for a microsecond or two first.
void Inbox::linger() noexcept {
    constexpr int looks = 40;
    is_stream_ = false;
    for (int i = 0; i < looks && !arrived(); ++i) {
        pause_processor();
    }
}

void stop_loop(const LoopHandle& loop, Reason reason) noexcept { loop.inbox_->ask_to_stop(reason); }

}  // namespace detail

void LoopHandle::throw_ended() {
    throw Error(Errc::closed, "post", "to an event loop", "the loop has ended");
}

void LoopHandle::stop() const noexcept { detail::stop_loop(*this, Reason::caller); }

}  // namespace rondo
