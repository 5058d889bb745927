// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/event_loop.hpp"

#include <cerrno>
#include <utility>

#include "loop/debug_watch.hpp"
#include "rondo/coro/scope_info.hpp"
#include "rondo/coro/task.hpp"

namespace rondo {

using detail::local;
using detail::Scope;
using detail::ScopeEvent;

// ------------------------------------------------------------------------------- one turn

void EventLoop::run_turns() {
    Driver& driver = *driver_;
    const detail::Inbox& inbox = *inbox_;
    for (;;) {
        run_ready();
        if (is_special()) [[unlikely]] {
            run_more();
            if (done_) {
                return;
            }
        }
        if (!is_busy()) {
            sleep_until(next_deadline());
        } else if (driver.in_flight() != 0 && poll_is_due()) {
            came_back(wait_for_driver(0));
        }
        if (--turns_to_clock_ < 0) [[unlikely]] {
            look_up();
        }
        if (inbox.arrived()) [[unlikely]] {
            run_arrived();
        }
    }
}

// Exactly what was ready when the turn began: what becomes ready meanwhile waits for the next turn.
RONDO_INLINE void EventLoop::run_ready() noexcept {
    if (local.stops != nullptr) [[unlikely]] {
        unwind_stopped();  // what a timer, the driver or a signal stopped since
    }
    *local.ready_tail = nullptr;
    Scope* scope = local.ready;
    local.ready_tail = &local.ready;
    if (unusual_) [[unlikely]] {
        run_unusually(std::exchange(scope, nullptr));
    }
    while (scope != nullptr) {
        Scope* const next = scope->next;
        run_one<false>(*scope);
        scope = next;
    }
}

// One test for three things that nearly never are.
RONDO_INLINE bool EventLoop::is_special() const noexcept {
    return (reinterpret_cast<std::uintptr_t>(soon_) | reinterpret_cast<std::uintptr_t>(runnable_) |
            std::uintptr_t{done_}) != 0;
}

// What else is ready, after the scopes.
void EventLoop::run_more() noexcept {
    if (soon_ != nullptr) {
        run_soon();
    }
    if (runnable_ != nullptr) {
        run_runnable();
    }
    if (local.stops != nullptr) {
        unwind_stopped();
    }
}

Driver::Time EventLoop::next_deadline() noexcept {
    if (timers_ == 0) {
        return Driver::never;
    }
    if (!fresh_.empty()) {
        date_fresh_timers();
    }
    return wheel_.next();
}

void EventLoop::sleep_until(Driver::Time until) {
    if (inbox_->fall_asleep()) {
        until = 0;
    }
    const WaitResult result = wait_for_driver(until);
    inbox_->wake_up();
    came_back(result);
}

RONDO_INLINE WaitResult EventLoop::wait_for_driver(Driver::Time until) {
    fork_mark_.require_own();
    return driver_->wait(until);
}

void EventLoop::came_back(WaitResult result) {
    turns_since_poll_ = 0;
    if (timers_ != 0) {
        turns_to_clock_ = 0;
    }
    polled_at_ = now_;
    if (result != WaitResult::progress) [[unlikely]] {
        on_stall(result);
    }
}

void EventLoop::run_arrived() noexcept {
    detail::Callback* callbacks = nullptr;
    inbox_->take(arrived_, callbacks);
    heed_requests();
    while (callbacks != nullptr) {
        detail::Callback& callback = *std::exchange(callbacks, callbacks->next);
        callback.run(callback);
    }
    local.current = &root_;
    arrived_.run_all([this](UniqueFunction<void()>& function) {
        if (watch_ != nullptr) {
            watch_->calls("a posted function");
        }
        try {
            function();
        } catch (...) {
            detail::report_error("error in a posted function", std::current_exception());
        }
        if (watch_ != nullptr) {
            watch_->ended();
        }
    });
    if (local.stops != nullptr) {
        unwind_stopped();
    }
}

void EventLoop::run_last_turns() noexcept {
    while (root_.left != 0) {
        run_ready();
        run_more();
        if (root_.left != 0 && !is_busy()) {
            came_back(wait_for_driver(Driver::never));  // a process that was dropped ends
        }
    }
}

// ------------------------------------------------------------------------ running scopes

template <bool Watched>
RONDO_INLINE void EventLoop::run_one(Scope& scope) noexcept {
    if (scope.has(Scope::skip)) [[unlikely]] {
        stop_skipped(scope);
    } else {
        scope.state = detail::ScopeState::idle;  // a cancel from inside must not skip it
        run_scope<Watched>(scope);
    }
    if (local.stops != nullptr) [[unlikely]] {
        unwind_stopped();
    }
}

RONDO_NOINLINE void EventLoop::stop_skipped(Scope& scope) noexcept {
    scope.unset(Scope::skip);
    local.push_stop(scope);
}

// The trampoline. A chain that comes to its end hands over to the scope that its combinator names.
template <bool Watched>
RONDO_INLINE void EventLoop::run_scope(Scope& first) noexcept {
    local.budget = detail::budget_per_turn;
    Scope* scope = &first;
    do {
        local.current = scope;
        if constexpr (Watched) {
            watch_->resumes(*scope);
        }
        void* frame = scope->frame;
        for (;;) {
            detail::Handle::from_address(frame).resume();
            void* const next = local.next;
            if (next == nullptr) [[likely]] {
                if constexpr (Watched) {
                    watch_->suspended(*scope);
                }
                return;
            }
            local.next = nullptr;
            if (next == detail::chain_end) {
                break;
            }
            frame = next;
        }
        scope = local.current;
        if constexpr (Watched) {
            watch_->ended();
        }
        scope->frame = frame;
        scope = scope->kind->on(*scope, ScopeEvent::finished);
        if (local.stops != nullptr) [[unlikely]] {
            unwind_stopped();  // first what the chain stopped, then who waited for it
        }
    } while (scope != nullptr);
}

// In a debugging loop, and in a simulation that draws the order.
void EventLoop::run_unusually(Scope* ready) {
    if (schedules_) {
        run_in_drawn_order(ready);
        return;
    }
    while (ready != nullptr) {
        Scope* const next = ready->next;
        run_one<true>(*ready);
        ready = next;
    }
}

// Those whom the driver leaves for a later turn stay in drawn_; one of them goes back to the queue,
// so that the loop knows it is busy.
void EventLoop::run_in_drawn_order(Scope* ready) {
    add_to_drawn(ready);
    while (drawn_begin_ < drawn_.size()) {
        const std::size_t count = drawn_.size() - drawn_begin_;
        const std::size_t place = driver_->choose(&drawn_[drawn_begin_], count);
        if (place >= count) {
            if (place == Driver::give_up) {
                on_stall(WaitResult::exhausted);
            }
            break;
        }
        Scope& scope = take_drawn(place);
        watch_ != nullptr ? run_one<true>(scope) : run_one<false>(scope);
    }
    drawn_.erase(drawn_.begin(), drawn_.begin() + static_cast<std::ptrdiff_t>(drawn_begin_));
    drawn_begin_ = 0;
    if (!drawn_.empty() && !local.has_ready()) {
        local.push(take_drawn(drawn_.size() - 1));
    }
}

void EventLoop::add_to_drawn(Scope* ready) {
    while (ready != nullptr) {
        Scope& scope = *std::exchange(ready, ready->next);
        const bool fresh = scope.state == detail::ScopeState::queued;
        drawn_.push_back({&scope, detail::number_of(scope, tasks_seen_), fresh});
    }
}

// The first and the last leave the others in order.
Scope& EventLoop::take_drawn(std::size_t place) noexcept {
    ReadyTask& taken = drawn_[drawn_begin_ + place];
    Scope& scope = *static_cast<Scope*>(taken.task);
    if (place == 0) {
        ++drawn_begin_;
    } else {
        taken = drawn_.back();
        drawn_.pop_back();
    }
    return scope;
}

void EventLoop::run_soon() noexcept {
    detail::Callback* callback = std::exchange(soon_, nullptr);
    soon_tail_ = &soon_;
    while (callback != nullptr) {
        detail::Callback* const next = callback->next;
        local.current = &root_;
        callback->run(*callback);
        callback = next;
        if (local.stops != nullptr) {
            unwind_stopped();
        }
    }
}

void EventLoop::run_runnable() noexcept {
    Operation* operation = std::exchange(runnable_, nullptr);
    runnable_tail_ = &runnable_;
    while (operation != nullptr) {
        Operation* const next = operation->next;
        if (driver_->perform(*operation)) {
            Scope& scope = *static_cast<detail::PendingOperation*>(operation)->scope;
            scope.state = detail::ScopeState::idle;
            if (operation->result == -ECANCELED && scope.has(Scope::cancelled)) {
                local.push_stop(scope);
            } else {
                watch_ != nullptr ? run_scope<true>(scope) : run_scope<false>(scope);
            }
            if (local.stops != nullptr) {
                unwind_stopped();
            }
        }
        operation = next;
    }
}

namespace {

// Destroys a stopped chain's frames from the leaf outwards.
RONDO_INLINE Scope* unwind(Scope& scope) {
    void* frame = scope.frame;
    for (;;) {
        detail::PromiseBase& promise = detail::promise_of(frame);
        void* const up = promise.continuation;
        if (up != detail::chain_end) {
            *promise.owner = nullptr;
        }
        detail::Handle::from_address(frame).destroy();
        if (up == detail::chain_end) {
            break;
        }
        frame = up;
    }
    scope.frame = nullptr;
    return scope.kind->on(scope, ScopeEvent::stopped);
}

}  // namespace

// A scope with living children is put on hold: the last child's detach queues it again. Who goes on
// after a stop does so through the ready queue, when every stop is done.
void EventLoop::unwind_stopped() noexcept {
    local.unwinding = true;
    while (Scope* const scope = local.stops) {
        local.stops = scope->next;
        if (local.stops == nullptr) {
            local.stops_tail = &local.stops;
        }
        if (scope->first != nullptr) [[unlikely]] {
            scope->set(Scope::hold);
            continue;
        }
        local.current = scope;
        if (Scope* const up = unwind(*scope)) {
            local.push(*up);
        }
    }
    local.unwinding = false;
}

// ------------------------------------------------------------------- time and the driver

RONDO_INLINE bool EventLoop::is_busy() const noexcept {
    return local.has_ready() || soon_ != nullptr || runnable_ != nullptr || local.stops != nullptr;
}

RONDO_INLINE bool EventLoop::poll_is_due() noexcept {
    return ++turns_since_poll_ >= poll_turns || now_ - polled_at_ >= poll_nanoseconds ||
           driver_->pending();
}

// What a busy loop does in some turns only. With nothing in flight nobody waits for what is
// pending, so it may be that late.
void EventLoop::look_up() {
    if (driver_->in_flight() == 0 && driver_->pending()) {
        came_back(wait_for_driver(0));
    }
    turns_to_clock_ = clock_turns;
    if (timers_ != 0 || driver_->in_flight() != 0) {
        date_fresh_timers();
        timers_ -= wheel_.advance(now_);
    }
}

// Reads the clock, but fires no timer: it is also called while timers fire, and inside a cancel.
void EventLoop::date_fresh_timers() noexcept {
    now_ = driver_->now();
    fresh_count_ = 0;
    for (detail::TimerLink* at = fresh_.next; at != &fresh_;) {
        auto& timer = static_cast<detail::Timer&>(*at);
        at = at->next;
        timer.when = detail::add_saturating(now_, timer.when);
        wheel_.add(timer);
    }
    fresh_.clear();
}

void EventLoop::arm_at(detail::Timer& timer, std::int64_t when) noexcept {
    timer.when = when;
    wheel_.add(timer);
    ++timers_;
}

std::int64_t EventLoop::deadline_of(const detail::Timer& timer) noexcept {
    date_fresh_timers();
    return timer.when;
}

}  // namespace rondo
