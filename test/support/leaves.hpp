// SPDX-License-Identifier: Apache-2.0
/// Awaitables of a test's own, built by the awaiter protocol alone.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "rondo/coro/wait_list.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::test {

/// Chains wait here until somebody opens it.
class Gate {
public:
    class [[nodiscard]] Wait : detail::Waiter {
    public:
        explicit Wait(Gate& gate) noexcept : gate_(&gate) {}
        bool await_ready() noexcept {
            return !detail::current_is_cancelled() && gate_->open_ && !detail::spent();
        }
        void await_suspend(detail::Awaiting frame) noexcept {
            if (gate_->open_ && !detail::current_is_cancelled()) {
                detail::requeue(frame);
                return;
            }
            scope = detail::local.current;
            if (detail::park(*this, frame, leaf)) {
                gate_->waiters_.push(*this);
            }
        }
        void await_resume() noexcept {}

    private:
        static void poke(detail::Leaf& at, detail::Scope& scope) noexcept {
            auto& self = static_cast<Wait&>(at);
            self.gate_->waiters_.remove(self);
            detail::local.push_stop(scope);
        }
        static constexpr detail::LeafKind leaf{&poke, "a gate"};
        Gate* gate_;
    };

    Wait wait() noexcept { return Wait(*this); }
    /// Lets all pass, in order of arrival, and who comes later.
    void open() noexcept {
        open_ = true;
        while (detail::Waiter* waiter = waiters_.pop()) {
            detail::wake(*waiter->scope);
        }
    }
    /// Lets the first one pass.
    void let_one_pass() noexcept {
        if (detail::Waiter* waiter = waiters_.pop()) {
            detail::wake(*waiter->scope);
        }
    }
    bool has_waiters() const noexcept { return !waiters_.empty(); }

private:
    detail::WaitList waiters_;
    bool open_ = false;
};

/// Like a kernel's: a cancel is only asked for, and the end comes later; with its value when
/// `wins`.
class [[nodiscard]] SlowOperation : detail::Timer, detail::Leaf {
public:
    SlowOperation(Duration duration, bool wins) noexcept
        : nanoseconds_(duration.count()), wins_(wins) {}
    SlowOperation(const SlowOperation&) = delete;
    SlowOperation& operator=(const SlowOperation&) = delete;
    ~SlowOperation() {
        if (in_flight_) {
            std::fputs("an operation's memory was freed in flight\n", stderr);
            std::abort();
        }
    }
    bool await_ready() noexcept { return false; }
    void await_suspend(detail::Awaiting frame) noexcept {
        scope_ = detail::local.current;
        if (!detail::park(*this, frame, leaf)) {
            return;
        }
        in_flight_ = true;
        fire = &ended;
        detail::local.loop->arm_after(*this, nanoseconds_);
    }
    /// True: it was cancelled, and its value came nevertheless.
    bool await_resume() const noexcept { return asked_; }

private:
    static void poke(detail::Leaf& at, detail::Scope&) noexcept {
        static_cast<SlowOperation&>(at).asked_ = true;
    }
    static void ended(detail::Timer& timer) noexcept {
        auto& self = static_cast<SlowOperation&>(timer);
        self.in_flight_ = false;
        if (self.asked_ && !self.wins_) {
            detail::local.push_stop(*self.scope_);
        } else {
            detail::wake(*self.scope_);
        }
    }
    static constexpr detail::LeafKind leaf{&poke, "a slow operation"};

    std::int64_t nanoseconds_;
    detail::Scope* scope_ = nullptr;
    bool wins_;
    bool asked_ = false;
    bool in_flight_ = false;
};

}  // namespace rondo::test
