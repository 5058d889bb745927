// SPDX-License-Identifier: Apache-2.0
// How the library's own threads are started.
#pragma once

#include <pthread.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

namespace rondo::detail {

/// Which signals a thread takes.
enum class ThreadSignals : std::uint8_t {
    none,      ///< they are for the program's own threads
    starters,  ///< those of the thread that starts it, but for SIGPIPE and SIGXFSZ of writes
};

/// Starts a thread. Linux shows 15 characters of the name. Errors: std::system_error.
template <class F>
std::thread start_thread(const std::string& name, ThreadSignals signals, F&& work) {
    struct Mask {
        sigset_t before;
        explicit Mask(ThreadSignals taken) noexcept {
            sigset_t blocked;
            if (taken == ThreadSignals::none) {
                sigfillset(&blocked);
            } else {
                sigemptyset(&blocked);
                sigaddset(&blocked, SIGPIPE);
                sigaddset(&blocked, SIGXFSZ);
            }
            pthread_sigmask(SIG_BLOCK, &blocked, &before);
        }
        Mask(const Mask&) = delete;
        Mask& operator=(const Mask&) = delete;
        ~Mask() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    };
    const Mask mask(signals);
    return std::thread([name = name.substr(0, 15), work = std::forward<F>(work)]() mutable {
        pthread_setname_np(pthread_self(), name.c_str());
        work();
    });
}

}  // namespace rondo::detail
