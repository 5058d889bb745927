// SPDX-License-Identifier: Apache-2.0
/// LoopHandle: what other threads may do to a loop.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "rondo/base/unique_function.hpp"
#include "rondo/coro/scope.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/loop/wake_protocol.hpp"

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
    explicit Inbox(Driver& driver) noexcept : driver_(&driver) {}

    /// False: the loop has ended. Thread-safe.
    bool post(UniqueFunction<void()>&& function);
    /// Thread-safe. Requires: the loop lives (it waits for its thread jobs).
    void complete(Callback& callback) noexcept;
    /// The main task is to be cancelled, and any that is run later. Thread-safe.
    void ask_to_stop(Reason reason) noexcept;
    /// Thread-safe, and safe in a signal handler. Requires: the loop lives.
    void interrupt(int signal) noexcept;

    // The loop's thread only.
    void close() noexcept;
    void take(std::vector<UniqueFunction<void()>>& functions, Callback*& callbacks) noexcept;
    /// The signal that came since the last call, or 0.
    int take_signal() noexcept { return signal_.exchange(0); }
    /// `none` unless somebody asked.
    Reason stop_reason() const noexcept { return stop_.load(std::memory_order_relaxed); }
    /// True: something arrived while falling asleep.
    bool fall_asleep() noexcept { return protocol_.fall_asleep(); }
    void wake_up() noexcept { protocol_.wake_up(); }
    bool arrived() const noexcept { return protocol_.arrived(); }

private:
    void announce() noexcept;

    std::mutex mutex_;
    std::vector<UniqueFunction<void()>> functions_;
    Callback* first_ = nullptr;
    Callback** last_ = &first_;
    Driver* const driver_;  ///< gone once closed; a signal's guard is gone before
    bool closed_ = false;   ///< guarded by mutex_
    std::atomic<Reason> stop_{Reason::none};
    std::atomic<int> signal_{0};
    WakeProtocol<std::atomic> protocol_;
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
    void post(UniqueFunction<void()> function) const;
    /// False instead of the error.
    bool try_post(UniqueFunction<void()> function) const;

    /// Cancels the main task, as a signal does: run() throws Cancelled (caller), and shields hold
    /// it off for RunOptions::grace at most. A main task that has not begun never runs; this goes
    /// for later ones of the same Runner, too. No effect when the main task or the loop has ended.
    void stop() const noexcept;

private:
    friend class EventLoop;
    friend void detail::stop_loop(const LoopHandle& loop, Reason reason) noexcept;
    explicit LoopHandle(std::shared_ptr<detail::Inbox> inbox) noexcept : inbox_(std::move(inbox)) {}
    std::shared_ptr<detail::Inbox> inbox_;
};

}  // namespace rondo
