// SPDX-License-Identifier: Apache-2.0
// Targets and watches form lists that only their owners change, under a mutex, and that the one
// handler walks with no lock. Whoever leaves a list waits until no handler that may have seen it is
// inside. A signal belongs to the library while somebody watches it, and SIGINT and SIGTERM also
// while there are targets and the program has left them at their default.
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

struct Slot {
    std::atomic<SignalWatch*> watches{nullptr};
    bool taken = false;         ///< the handler is ours; guarded by `guards`, as is `before`
    struct sigaction before{};  ///< whom a taken signal belongs to
};
constexpr int slots_end = 65;

// The handler touches lock-free atomics, what targets do, and _exit: all async-signal-safe.
Slot slots[slots_end];
std::atomic<SignalTarget*> targets{nullptr};
std::atomic<int> count{0};
std::atomic<int> inside{0};
static_assert(std::atomic<SignalTarget*>::is_always_lock_free &&
              std::atomic<SignalWatch*>::is_always_lock_free &&
              std::atomic<unsigned>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

std::mutex guards;  ///< guards changes of the lists, and what follows

bool is_guarded(int signal) noexcept { return signal == SIGINT || signal == SIGTERM; }

void tell_targets(int signal) noexcept {
    if (count.fetch_add(1) > 0) {
        _exit(128 + signal);
    }
    for (SignalTarget* target = targets.load(); target != nullptr; target = target->next.load()) {
        target->notify(*target, signal);
    }
}

void on_signal(int signal) noexcept {
    const int saved = errno;
    inside.fetch_add(1);
    SignalWatch* watch = slots[signal].watches.load();
    if (watch == nullptr && is_guarded(signal)) {
        tell_targets(signal);
    }
    for (; watch != nullptr; watch = watch->next.load()) {
        watch->count.fetch_add(1);
        watch->inbox->signal_came();
    }
    inside.fetch_sub(1);
    errno = saved;
}

bool is_ours(const struct sigaction& action) noexcept { return action.sa_handler == &on_signal; }

/// Takes the signal or gives it back, whichever it must be with watches, or with guards. 0 or
/// -errno.
int settle(int signal, bool watched, bool guarded) noexcept {
    Slot& slot = slots[signal];
    if (!slot.taken && sigaction(signal, nullptr, &slot.before) != 0) {
        return -errno;
    }
    const bool wanted =
        watched || (guarded && is_guarded(signal) && slot.before.sa_handler == SIG_DFL);
    if (wanted && !slot.taken) {
        struct sigaction mine{};
        mine.sa_handler = &on_signal;
        mine.sa_flags = is_guarded(signal) ? 0 : SA_RESTART;
        sigemptyset(&mine.sa_mask);
        if (sigaction(signal, &mine, nullptr) != 0) {
            return -errno;
        }
        slot.taken = true;
    } else if (!wanted && slot.taken) {
        // Somebody may have put a handler of his own over ours; it stays.
        struct sigaction now{};
        if (sigaction(signal, nullptr, &now) == 0 && is_ours(now)) {
            sigaction(signal, &slot.before, nullptr);
        }
        slot.taken = false;
    }
    return 0;
}

void settle_guarded(bool guarded) noexcept {
    for (const int signal : {SIGINT, SIGTERM}) {
        settle(signal, slots[signal].watches.load() != nullptr, guarded);
    }
}

template <class Node>
void unlink(std::atomic<Node*>& list, const Node& node) noexcept {
    std::atomic<Node*>* at = &list;
    while (at->load() != &node) {
        at = &at->load()->next;
    }
    at->store(node.next.load());
}

void wait_for_handlers() noexcept {
    while (inside.load() != 0) {
        sched_yield();
    }
}

bool can_be_watched(int signal) noexcept {
    switch (signal) {
        // The instruction that raised one of these would be run again, and raise it again.
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL: return false;
        default: return signal > 0 && signal < slots_end;
    }
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

SignalGuard::SignalGuard(SignalTarget& target, bool wanted, bool interrupted) noexcept
    : target_(wanted ? &target : nullptr) {
    if (!wanted) {
        return;
    }
    const std::lock_guard lock(guards);
    const bool is_first = targets.load() == nullptr;
    if (is_first) {
        count.store(interrupted ? 1 : 0);
    }
    target.next.store(targets.load());
    targets.store(&target);
    if (is_first) {
        settle_guarded(true);
    }
}

SignalGuard::~SignalGuard() {
    if (target_ == nullptr) {
        return;
    }
    {
        const std::lock_guard lock(guards);
        if (targets.load() == target_ && target_->next.load() == nullptr) {
            settle_guarded(false);
        }
        unlink(targets, *target_);
    }
    wait_for_handlers();
}

int watch_signal(int signal, SignalWatch& watch) noexcept {
    if (!can_be_watched(signal)) {
        return -EINVAL;
    }
    const std::lock_guard lock(guards);
    Slot& slot = slots[signal];
    SignalWatch* const others = slot.watches.load();
    watch.next.store(others);
    slot.watches.store(&watch);
    const int error = settle(signal, true, targets.load() != nullptr);
    if (error != 0) {
        slot.watches.store(others);
    }
    return error;
}

void unwatch_signal(int signal, SignalWatch& watch) noexcept {
    {
        const std::lock_guard lock(guards);
        Slot& slot = slots[signal];
        if (slot.watches.load() == &watch && watch.next.load() == nullptr) {
            settle(signal, false, targets.load() != nullptr);
        }
        unlink(slot.watches, watch);
    }
    wait_for_handlers();
}

LoopSignals::LoopSignals(std::shared_ptr<Inbox> inbox, bool wanted, bool interrupted) noexcept
    : SignalTarget([](SignalTarget& target, int signal) noexcept {
          static_cast<LoopSignals&>(target).inbox_->interrupt(signal);
      }),
      inbox_(std::move(inbox)),
      guard_(*this, wanted, interrupted) {}

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
