// SPDX-License-Identifier: Apache-2.0
/// Signals as values that tasks wait for.
#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "rondo/coro/task.hpp"
#include "rondo/coro/wait_list.hpp"

namespace rondo::os {

namespace detail {
class SignalQueue;
}

/// A signal, and how often it came since it was last told.
struct ReceivedSignal {
    int number = 0;
    unsigned count = 0;
};

/// The awaitable of Signals::next.
class [[nodiscard]] NextSignal : rondo::detail::ListWaiter {
public:
    bool await_ready() noexcept;
    void await_suspend(rondo::detail::Awaiting frame) noexcept;
    ReceivedSignal await_resume() const noexcept { return received_; }

private:
    friend class Signals;
    friend class detail::SignalQueue;
    explicit NextSignal(detail::SignalQueue& queue) noexcept : queue_(&queue) {}
    static const rondo::detail::LeafKind leaf;
    detail::SignalQueue* queue_;
    ReceivedSignal received_;
};

/// Receives some signals of the process for as long as it lives. loop.add_signal_handler.
///
///     auto reloads = rondo::os::signals({SIGHUP});
///     for (;;) {
///         co_await reloads.next();
///         …
///     }
///
/// Meanwhile they do nothing else: SIGINT and SIGTERM neither cancel the main task nor count for
/// the second one that exits. With the last Signals of a signal its earlier disposition is back.
/// All Signals that want a signal get it, on whatever loop; several tasks that wait in one share
/// what it gets.
///
/// As the system has it, signals of one number that come close together may count as one.
///
/// Requires: destroyed on its loop's thread, while the loop lives and nobody waits.
class Signals {
public:
    /// Errors: Error (invalid) for a number that is no signal, or cannot be received: SIGKILL,
    /// SIGSTOP, and faults such as SIGSEGV.
    explicit Signals(std::initializer_list<int> numbers);
    Signals(Signals&&) noexcept;
    Signals& operator=(Signals&&) noexcept;
    ~Signals();

    /// Waits for a signal; gives one that came before this at once.
    NextSignal next() noexcept { return NextSignal(*queue_); }

private:
    std::unique_ptr<detail::SignalQueue> queue_;
};

/// The same as a function.
inline Signals signals(std::initializer_list<int> numbers) { return Signals(numbers); }

namespace detail {
Task<int> wait_for_signal(Signals signals);
}

/// Waits for one of the signals, which are received from the call on; gives its number.
template <class... Numbers>
Task<int> wait_signal(int number, Numbers... others) {
    return detail::wait_for_signal(Signals({number, static_cast<int>(others)...}));
}

}  // namespace rondo::os
