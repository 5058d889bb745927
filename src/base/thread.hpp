// SPDX-License-Identifier: Apache-2.0
// How the library's own threads are started.
#pragma once

#include <pthread.h>

#include <csignal>
#include <string>
#include <thread>
#include <utility>

namespace rondo::detail {

/// Starts a thread that blocks all signals: they are for the program's own threads. Linux shows 15
/// characters of the name. Errors: std::system_error.
template <class F>
std::thread start_without_signals(const std::string& name, F&& work) {
    struct Mask {
        sigset_t before;
        Mask() noexcept {
            sigset_t all;
            sigfillset(&all);
            pthread_sigmask(SIG_SETMASK, &all, &before);
        }
        Mask(const Mask&) = delete;
        Mask& operator=(const Mask&) = delete;
        ~Mask() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    };
    const Mask mask;
    return std::thread([name = name.substr(0, 15), work = std::forward<F>(work)]() mutable {
        pthread_setname_np(pthread_self(), name.c_str());
        work();
    });
}

}  // namespace rondo::detail
