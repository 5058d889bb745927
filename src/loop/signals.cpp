// SPDX-License-Identifier: Apache-2.0
#include "loop/signals.hpp"

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <utility>

#include "rondo/loop/run.hpp"

namespace rondo::detail {
namespace {

// The handler touches lock-free atomics, Driver::wake (one write) and _exit: all async-signal-safe.
std::atomic<Inbox*> target{nullptr};
std::atomic<int> arrived{0};
std::atomic<int> count{0};
std::atomic<int> inside{0};
static_assert(std::atomic<Inbox*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

void on_signal(int signal) noexcept {
    const int saved = errno;
    if (count.fetch_add(1) > 0) {
        _exit(128 + signal);
    }
    inside.fetch_add(1);
    arrived.store(signal);
    if (Inbox* const inbox = target.load()) {
        inbox->interrupt();
    }
    inside.fetch_sub(1);
    errno = saved;
}

bool take_over(int signal) noexcept {
    struct sigaction before{};
    if (sigaction(signal, nullptr, &before) != 0 || before.sa_handler != SIG_DFL) {
        return false;
    }
    struct sigaction mine{};
    mine.sa_handler = &on_signal;
    sigemptyset(&mine.sa_mask);
    return sigaction(signal, &mine, nullptr) == 0;
}

std::terminate_handler outer_terminate = nullptr;

[[noreturn]] void terminate_quietly() {
    if (const std::exception_ptr error = std::current_exception()) {
        try {
            std::rethrow_exception(error);
        } catch (const Interrupted& interrupted) {
            std::fflush(nullptr);
            _exit(128 + interrupted.signal());
        } catch (...) {
            // Left to the outer handler.
        }
    }
    if (outer_terminate != nullptr) {
        outer_terminate();
    }
    std::abort();
}

}  // namespace

SignalGuard::SignalGuard(std::shared_ptr<Inbox> inbox, bool wanted) noexcept
    : inbox_(std::move(inbox)) {
    Inbox* nobody = nullptr;
    if (!wanted || !target.compare_exchange_strong(nobody, inbox_.get())) {
        return;
    }
    owns_ = true;
    arrived.store(0);
    count.store(0);
    took_interrupt_ = take_over(SIGINT);
    took_terminate_ = take_over(SIGTERM);
}

SignalGuard::~SignalGuard() {
    if (!owns_) {
        return;
    }
    struct sigaction standard{};
    standard.sa_handler = SIG_DFL;
    if (took_interrupt_) {
        sigaction(SIGINT, &standard, nullptr);
    }
    if (took_terminate_) {
        sigaction(SIGTERM, &standard, nullptr);
    }
    target.store(nullptr);
    while (inside.load() != 0) {
        sched_yield();  // a handler on another thread still uses the inbox
    }
}

int take_signal(const Inbox& inbox) noexcept {
    return target.load(std::memory_order_relaxed) == &inbox ? arrived.exchange(0) : 0;
}

void exit_quietly_when_uncaught() noexcept {
    if (std::get_terminate() != &terminate_quietly) {
        outer_terminate = std::set_terminate(&terminate_quietly);
    }
}

}  // namespace rondo::detail
