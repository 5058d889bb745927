// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM while loops run: the first is told to all of them, the second exits.
#pragma once

#include <atomic>
#include <memory>

#include "rondo/loop/event_loop.hpp"

namespace rondo::detail {

/// Somebody who is told of the first signal, whichever thread it reaches.
struct SignalTarget {
    /// Called in the handler: must be async-signal-safe.
    void (*notify)(SignalTarget&, int signal) noexcept;
    std::atomic<SignalTarget*> next{nullptr};

    explicit SignalTarget(void (*function)(SignalTarget&, int) noexcept) noexcept
        : notify(function) {}
};

/// Tells `target` of SIGINT and SIGTERM while it lives. A signal is taken over with the first of
/// the process's guards, and given back with the last; not if the program handles or ignores it (as
/// under nohup). Signals are counted from the first guard on.
class SignalGuard {
public:
    SignalGuard(SignalTarget& target, bool wanted) noexcept;
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;
    ~SignalGuard();

private:
    SignalTarget* target_;  ///< null: not wanted
};

/// A loop as a target.
class LoopSignals : SignalTarget {
public:
    LoopSignals(std::shared_ptr<Inbox> inbox, bool wanted) noexcept;

private:
    std::shared_ptr<Inbox> inbox_;
    SignalGuard guard_;
};

/// Throws Interrupted; uncaught, it ends the program with 128 + signal instead of aborting.
[[noreturn]] void throw_interrupted(int signal);

}  // namespace rondo::detail
