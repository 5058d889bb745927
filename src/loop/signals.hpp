// SPDX-License-Identifier: Apache-2.0
// SIGINT and SIGTERM while a loop runs: the first cancels its main task, the second exits.
#pragma once

#include <csignal>
#include <memory>

#include "rondo/loop/event_loop.hpp"

namespace rondo::detail {

/// Routes SIGINT and SIGTERM to a loop, while it lives, if nobody else handles them: no other loop
/// of the process, no handler of the program's, and not ignored (as under nohup).
class SignalGuard {
public:
    SignalGuard(std::shared_ptr<Inbox> inbox, bool wanted) noexcept;
    SignalGuard(const SignalGuard&) = delete;
    SignalGuard& operator=(const SignalGuard&) = delete;
    ~SignalGuard();

private:
    std::shared_ptr<Inbox> inbox_;
    bool owns_ = false;
    bool took_interrupt_ = false;
    bool took_terminate_ = false;
};

/// The signal that came for the loop of `inbox` since the last call, or 0.
int take_signal(const Inbox& inbox) noexcept;

/// From now on an uncaught Interrupted ends the program with 128 + its signal instead of aborting.
void exit_quietly_when_uncaught() noexcept;

}  // namespace rondo::detail
