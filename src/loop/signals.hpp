// SPDX-License-Identifier: Apache-2.0
// The signals that the library handles: SIGINT and SIGTERM while loops run, of which the first is
// told to all of them and the second exits; and what programs subscribe to.
#pragma once

#include <atomic>
#include <memory>

#include "rondo/loop/event_loop.hpp"

namespace rondo::detail {

/// Somebody who is told of the first SIGINT or SIGTERM, whichever thread it reaches.
struct SignalTarget {
    /// Called in the handler: must be async-signal-safe.
    void (*notify)(SignalTarget&, int signal) noexcept;
    std::atomic<SignalTarget*> next{nullptr};

    explicit SignalTarget(void (*function)(SignalTarget&, int) noexcept) noexcept
        : notify(function) {}
};

/// Tells `target` of SIGINT and SIGTERM while it lives. A signal is taken over with the first of
/// the process's guards, and given back with the last; not if the program handles or ignores it (as
/// under nohup). Signals are counted from the first guard on, but not while somebody watches them.
class SignalGuard {
public:
    /// `interrupted`: the target knows a first signal already, so that one more exits, unless other
    /// guards count.
    SignalGuard(SignalTarget& target, bool wanted, bool interrupted = false) noexcept;
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;
    ~SignalGuard();

private:
    SignalTarget* target_;  ///< null: not wanted
};

/// A loop as a target.
class LoopSignals : SignalTarget {
public:
    LoopSignals(std::shared_ptr<Inbox> inbox, bool wanted, bool interrupted = false) noexcept;

private:
    std::shared_ptr<Inbox> inbox_;
    SignalGuard guard_;
};

/// Counts one signal for a SignalReceiver of a loop, between watch_signal and unwatch_signal. While
/// there is one, the signal does nothing else: neither its default action, nor what a guard does.
struct SignalWatch {
    std::atomic<SignalWatch*> next{nullptr};
    std::atomic<unsigned> count{0};  ///< since somebody took it
    Inbox* inbox = nullptr;          ///< of the loop that is woken
};

/// 0, or -EINVAL for what is no signal or cannot be waited for. Thread-safe.
int watch_signal(int signal, SignalWatch& watch) noexcept;
/// The last watch of a signal gives it back: to the guards, or to whom it belonged before.
/// Thread-safe.
void unwatch_signal(int signal, SignalWatch& watch) noexcept;

/// Throws Interrupted; uncaught, it ends the program with 128 + signal instead of aborting.
[[noreturn]] void throw_interrupted(int signal);

}  // namespace rondo::detail
