// SPDX-License-Identifier: Apache-2.0
/// Keeps a write to a broken pipe from raising SIGPIPE, without touching the process's handlers.
#pragma once

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace rondo::detail {

/// While it lives, a SIGPIPE this thread causes is swallowed; one that was pending before stays.
class PipeSignalGuard {
public:
    explicit PipeSignalGuard(bool active) noexcept : active_(active) {
        if (active_) {
            sigset_t pending;
            sigpending(&pending);
            was_pending_ = sigismember(&pending, SIGPIPE) == 1;
            sigemptyset(&signal_);
            sigaddset(&signal_, SIGPIPE);
            pthread_sigmask(SIG_BLOCK, &signal_, &before_);
        }
    }
    PipeSignalGuard(const PipeSignalGuard&) = delete;
    PipeSignalGuard& operator=(const PipeSignalGuard&) = delete;
    ~PipeSignalGuard() {
        if (active_) {
            const timespec at_once{};
            if (!was_pending_) {
                sigtimedwait(&signal_, nullptr, &at_once);
            }
            pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        }
    }

private:
    sigset_t signal_;
    sigset_t before_;
    bool active_;
    bool was_pending_ = false;
};

}  // namespace rondo::detail
