// SPDX-License-Identifier: Apache-2.0
/// Keeps a write from raising a signal that would end the program, without touching its handlers.
#pragma once

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace rondo::detail {

/// While it lives, a SIGPIPE (a pipe that nobody reads) or SIGXFSZ (a file that may not grow) which
/// this thread causes is swallowed; one that was pending before stays.
class WriteSignalGuard {
public:
    explicit WriteSignalGuard(bool active) noexcept : active_(active) {
        if (active_) {
            sigset_t pending;
            sigpending(&pending);
            sigemptyset(&swallowed_);
            sigset_t blocked;
            sigemptyset(&blocked);
            for (const int signal : {SIGPIPE, SIGXFSZ}) {
                sigaddset(&blocked, signal);
                if (sigismember(&pending, signal) != 1) {
                    sigaddset(&swallowed_, signal);
                }
            }
            pthread_sigmask(SIG_BLOCK, &blocked, &before_);
        }
    }
    WriteSignalGuard(const WriteSignalGuard&) = delete;
    WriteSignalGuard& operator=(const WriteSignalGuard&) = delete;
    ~WriteSignalGuard() {
        if (active_) {
            const timespec at_once{};
            while (sigtimedwait(&swallowed_, nullptr, &at_once) > 0) {
            }
            pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        }
    }

private:
    sigset_t swallowed_;
    sigset_t before_;
    bool active_;
};

}  // namespace rondo::detail
