// SPDX-License-Identifier: Apache-2.0
/// LoopHandle: what other threads may do to a loop.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "rondo/base/adaptive_mutex.hpp"
#include "rondo/base/fork.hpp"
#include "rondo/base/unique_function.hpp"
#include "rondo/coro/scope.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/loop/mailbox.hpp"
#include "rondo/loop/post_queue.hpp"

namespace rondo {

class LoopHandle;

namespace detail {

/// Something the loop does in its next turn: intrusive, so that queueing it cannot fail.
struct Callback {
    Callback* next = nullptr;
    void (*run)(Callback&) noexcept = nullptr;
};

/// What other threads may touch of a loop; outlives it, so that a late post is an error and not
/// undefined.
class Inbox {
public:
    explicit Inbox(Driver& driver) noexcept : box_(driver) {}

    /// False: the loop has ended. Thread-safe.
    bool post(UniqueFunction<void()>&& function) {
        fork_mark_.require_own();
        return box_.bring([&] { functions_.push(std::move(function)); });
    }
    /// Thread-safe. Requires: the loop lives (it waits for its thread jobs).
    void complete(Callback& callback) noexcept;
    /// The main task is to be cancelled, and any that is run later. Thread-safe.
    void ask_to_stop(Reason reason) noexcept;
    /// Thread-safe, and safe in a signal handler. Requires: the loop lives.
    void interrupt(int signal) noexcept;
    /// Some SignalWatch has counted one. As interrupt().
    void signal_came() noexcept {
        signal_came_.store(true);
        box_.ring();
    }
    // The loop's thread only.
    void close() noexcept { box_.close(); }
    /// Requires: `functions` is empty.
    void take(PostQueue& functions, Callback*& callbacks) noexcept;
    /// The signal that came since the last call, or 0.
    int take_signal() noexcept { return signal_.exchange(0); }
    bool take_signal_came() noexcept {
        return signal_came_.load(std::memory_order_relaxed) && signal_came_.exchange(false);
    }
    /// `none` unless somebody asked.
    Reason stop_reason() const noexcept { return stop_.load(std::memory_order_relaxed); }
    /// True: something arrived while falling asleep.
    bool fall_asleep() noexcept {
        if (is_stream_) {
            linger();
        }
        return box_.fall_asleep();
    }
    void wake_up() noexcept { box_.wake_up(); }
    bool arrived() const noexcept { return box_.arrived(); }

private:
    void linger() noexcept;

    Mailbox<AdaptiveMutex, std::atomic, Driver> box_;
    PostQueue functions_;
    Callback* first_ = nullptr;
    Callback** last_ = &first_;
    bool is_stream_ = false;  ///< the last posts came in numbers; the loop's thread only
    std::atomic<Reason> stop_{Reason::none};
    std::atomic<int> signal_{0};
    std::atomic<bool> signal_came_{false};
    ForkMark fork_mark_;
};

/// LoopHandle::stop() for a reason of the library's.
void stop_loop(const LoopHandle& loop, Reason reason) noexcept;

}  // namespace detail

/// A loop as other threads know it: copyable, and valid after the loop ended. Thread-safe.
class LoopHandle {
public:
    /// Runs `function` on the loop's thread, in order of arrival.
    ///
    /// Errors: Error (closed) when the loop has ended. What `function` throws is reported on
    /// stderr.
    void post(UniqueFunction<void()> function) const {
        if (!inbox_->post(std::move(function))) [[unlikely]] {
            throw_ended();
        }
    }
    /// False instead of the error.
    bool try_post(UniqueFunction<void()> function) const {
        return inbox_->post(std::move(function));
    }

    /// Cancels the main task, as a signal does: run() throws Cancelled (caller), and shields hold
    /// it off as RunOptions::grace says. A main task that has not begun never runs; this goes
    /// for later ones of the same Runner, too. No effect when the main task or the loop has ended.
    void stop() const noexcept;

private:
    friend class EventLoop;
    friend void detail::stop_loop(const LoopHandle& loop, Reason reason) noexcept;
    explicit LoopHandle(std::shared_ptr<detail::Inbox> inbox) noexcept : inbox_(std::move(inbox)) {}
    [[noreturn]] static void throw_ended();

    std::shared_ptr<detail::Inbox> inbox_;
};

}  // namespace rondo
