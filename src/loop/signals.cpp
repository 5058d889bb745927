// SPDX-License-Identifier: Apache-2.0
// The targets form a list that only guards change, under a mutex, and that the handler walks with
// no lock. Whoever leaves the list waits until no handler that may have seen it is inside.
#include "loop/signals.hpp"

#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <mutex>
#include <utility>

#include "rondo/loop/run.hpp"

namespace rondo::detail {
namespace {

// The handler touches lock-free atomics, what targets do, and _exit: all async-signal-safe.
std::atomic<SignalTarget*> targets{nullptr};
std::atomic<int> count{0};
std::atomic<int> inside{0};
static_assert(std::atomic<SignalTarget*>::is_always_lock_free &&
              std::atomic<int>::is_always_lock_free);

std::mutex guards;  ///< guards changes of `targets`, and what follows
bool took_interrupt = false;
bool took_terminate = false;

void on_signal(int signal) noexcept {
    const int saved = errno;
    if (count.fetch_add(1) > 0) {
        _exit(128 + signal);
    }
    inside.fetch_add(1);
    for (SignalTarget* target = targets.load(); target != nullptr; target = target->next.load()) {
        target->notify(*target, signal);
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

void give_back(int signal, bool taken) noexcept {
    if (taken) {
        struct sigaction standard{};
        standard.sa_handler = SIG_DFL;
        sigaction(signal, &standard, nullptr);
    }
}

void unlink(const SignalTarget& target) noexcept {
    std::atomic<SignalTarget*>* at = &targets;
    while (at->load() != &target) {
        at = &at->load()->next;
    }
    at->store(target.next.load());
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

SignalGuard::SignalGuard(SignalTarget& target, bool wanted) noexcept
    : target_(wanted ? &target : nullptr) {
    if (!wanted) {
        return;
    }
    const std::lock_guard lock(guards);
    const bool is_first = targets.load() == nullptr;
    if (is_first) {
        count.store(0);
    }
    target.next.store(targets.load());
    targets.store(&target);
    if (is_first) {
        took_interrupt = take_over(SIGINT);
        took_terminate = take_over(SIGTERM);
    }
}

SignalGuard::~SignalGuard() {
    if (target_ == nullptr) {
        return;
    }
    {
        const std::lock_guard lock(guards);
        if (targets.load() == target_ && target_->next.load() == nullptr) {
            give_back(SIGINT, took_interrupt);
            give_back(SIGTERM, took_terminate);
        }
        unlink(*target_);
    }
    while (inside.load() != 0) {
        sched_yield();
    }
}

LoopSignals::LoopSignals(std::shared_ptr<Inbox> inbox, bool wanted) noexcept
    : SignalTarget([](SignalTarget& target, int signal) noexcept {
          static_cast<LoopSignals&>(target).inbox_->interrupt(signal);
      }),
      inbox_(std::move(inbox)),
      guard_(*this, wanted) {}

void throw_interrupted(int signal) {
    {
        const std::lock_guard lock(guards);
        if (std::get_terminate() != &terminate_quietly) {
            outer_terminate = std::set_terminate(&terminate_quietly);
        }
    }
    throw Interrupted(signal);
}

}  // namespace rondo::detail
