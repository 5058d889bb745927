// SPDX-License-Identifier: Apache-2.0
// How an EventLoop begins and ends; its turns are in event_loop.cpp.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <new>
#include <thread>
#include <utility>

#include "base/thread_pool.hpp"
#include "loop/debug_watch.hpp"
#include "rondo/base/report.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {

using detail::local;
using detail::Scope;
using detail::ScopeEvent;

const detail::ScopeKind EventLoop::root_kind{&EventLoop::on_root, "run"};

Scope* EventLoop::on_root(Scope& root, ScopeEvent event) {
    if (event == ScopeEvent::children_done) {
        local.loop->done_ = true;
    }
    static_cast<void>(root);
    return nullptr;
}

EventLoop::EventLoop(const RunOptions& options)
    : EventLoop(make_driver(DriverOptions{options.driver, options.schedule, options.seed}),
                options) {}

EventLoop::EventLoop(std::unique_ptr<Driver> driver, const RunOptions& options)
    : driver_(std::move(driver)),
      inbox_(std::make_shared<detail::Inbox>(*driver_)),
      now_(driver_->now()),
      wheel_(now_),
      schedules_(driver_->schedules()),
      grace_(options.grace),
      threads_max_(options.threads_max),
      threads_abandoned_max_(options.threads_abandoned_max) {
    RONDO_REQUIRE(local.loop == nullptr, "a loop runs on this thread already: run() inside run()");
    if (threads_max_ == 0) {
        threads_max_ = std::min(32U, std::thread::hardware_concurrency() + 4);
    }
    root_.kind = &root_kind;
    root_.set(Scope::keeps_errors);
    local.reset();
    local.debugging = options.debug || detail::debug_wanted();
    if (local.debugging) {
        watch_ = std::make_unique<detail::DebugWatch>(*driver_, options.slow_callback);
    }
    unusual_ = schedules_ || watch_ != nullptr;
    local.loop = this;
    local.current = &root_;
}

EventLoop::~EventLoop() {
    fork_mark_.require_own();
    locals_.clear();
    close_thread_pool();
    inbox_->close();
    detail::report_unread_errors();
    local.loop = nullptr;
    local.current = nullptr;
    local.debugging = false;
}

namespace {

// Native stack that nested calls of tasks may use, counted from run_main.
constexpr std::ptrdiff_t nested_stack_bytes = 64 * 1024;

}  // namespace

void EventLoop::run_main(Scope& main) {
    local.stack_limit = static_cast<char*>(__builtin_frame_address(0)) - nested_stack_bytes;
    main_ = &main;
    interrupted_by_ = 0;
    stalls_ = 0;
    done_ = false;
    heed_requests();
    run_turns();
    local.current = &root_;  // the scope that ran last may be gone
    end_grace();
}

void EventLoop::main_ended() noexcept {
    main_ = nullptr;
    --root_.left;
    done_ = true;
}

void EventLoop::shut_down() noexcept {
    fork_mark_.require_own();
    local.current = &root_;
    if (watch_ != nullptr && root_.left > 0) {
        detail::report("the loop ends and cancels what still runs:\n" + dump_tasks());
    }
    local.stack_limit = static_cast<char*>(__builtin_frame_address(0)) - nested_stack_bytes;
    root_.set(Scope::body_done);
    detail::cancel(root_, Reason::shutdown);
    if (root_.left != 0) {
        begin_grace();
        done_ = false;
        run_turns();
        end_grace();
    }
    // Posts that arrived with the last turn are still run: a post is lost only with an error. What
    // they spawn is cancelled before its first turn.
    inbox_->close();
    run_arrived();
    run_last_turns();
}

// Whoever asked for a stop is heard at once, but by shields; after the grace by these too. What is
// stopped then may have cleanups, which begin after the grace: shield_limit() is for them.
void EventLoop::begin_grace() noexcept {
    if (in_grace_) {
        return;
    }
    in_grace_ = true;
    grace_timer_.fire = [](detail::Timer&) noexcept {
        local.loop->in_grace_ = false;
        local.loop->grace_passed_ = true;
        local.loop->force_stop();
    };
    arm_after(grace_timer_, std::max<std::int64_t>(grace_.count(), 1));
}

void EventLoop::end_grace() noexcept {
    grace_passed_ = false;
    if (std::exchange(in_grace_, false)) {
        disarm(grace_timer_);
    }
}

std::int64_t EventLoop::shield_limit() const noexcept {
    return grace_passed_ ? std::max<std::int64_t>(grace_.count(), 1)
                         : std::numeric_limits<std::int64_t>::max();
}

// Cancels shields that outer cancellation waits for, wherever they stand.
void EventLoop::force_stop() noexcept {
    Scope* at = &root_;
    for (;;) {
        if (at->has(Scope::outer)) {
            detail::cancel(*at, Reason::shutdown);
        }
        if (at->first != nullptr) {
            at = at->first;
            continue;
        }
        while (at != &root_ && at->sibling == nullptr) {
            at = at->parent;
        }
        if (at == &root_) {
            return;
        }
        at = at->sibling;
    }
}

// The run cannot go on. First everything is asked to stop; if that does not help, shields too.
void EventLoop::on_stall(WaitResult result) {
    const bool limit = result == WaitResult::exhausted;
    if (++stalls_ > 2) {
        detail::fail(limit ? "limit of the simulation" : "deadlock",
                     limit ? "tasks run on even after they were cancelled"
                           : "tasks wait for ever even after they were cancelled",
                     __FILE__, __LINE__);
    }
    local.current = &root_;
    if (stall_report_.empty()) {
        stall_report_ = dump_tasks();
        limit_reached_ = limit;
    }
    detail::cancel(main_ != nullptr ? *main_ : root_, Reason::shutdown);
    if (stalls_ == 2) {
        force_stop();
    }
}

void EventLoop::throw_deadlock() {
    if (stall_report_.empty()) {
        return;
    }
    const std::string tree = std::exchange(stall_report_, {});
    if (limit_reached_) {
        throw LimitReached(tree);
    }
    throw Deadlock(tree);
}

void EventLoop::add(detail::SignalReceiver& receiver) noexcept {
    receiver.next = receivers_;
    receiver.link = &receivers_;
    if (receivers_ != nullptr) {
        receivers_->link = &receiver.next;
    }
    receivers_ = &receiver;
}

void EventLoop::remove(detail::SignalReceiver& receiver) noexcept {
    *receiver.link = receiver.next;
    if (receiver.next != nullptr) {
        receiver.next->link = receiver.link;
    }
}

void EventLoop::tell_receivers() noexcept {
    for (detail::SignalReceiver* at = receivers_; at != nullptr; at = at->next) {
        at->on_signals(*at);
    }
}

void EventLoop::heed_requests() noexcept {
    if (inbox_->take_signal_came()) {
        tell_receivers();
    }
    const int signal = inbox_->take_signal();
    if (main_ == nullptr) {
        return;
    }
    if (signal != 0) {
        interrupted_by_ = signal;
        stop_main(Reason::shutdown);
    }
    if (const Reason reason = inbox_->stop_reason(); reason != Reason::none) {
        stop_main(reason);
    }
}

void EventLoop::stop_main(Reason reason) noexcept {
    if (!main_->has(Scope::cancelled)) {
        detail::cancel(*main_, reason);
        begin_grace();
    }
}

void EventLoop::post(UniqueFunction<void()> function) { handle().post(std::move(function)); }

std::unique_ptr<detail::LoopLocal>& EventLoop::local_at(const void* key) {
    for (auto& [known, object] : locals_) {
        if (known == key) {
            return object;
        }
    }
    return locals_.emplace_back(key, nullptr).second;
}

detail::ThreadPool& EventLoop::thread_pool() {
    if (pool_ == nullptr) {
        pool_ = std::make_unique<detail::ThreadPool>(threads_max_, "rondo-thread",
                                                     detail::ThreadSignals::starters);
    }
    return *pool_;
}

int EventLoop::start_job(detail::Job& job) noexcept {
    try {
        return thread_pool().submit(job) ? 0 : EAGAIN;
    } catch (const std::bad_alloc&) {
        return ENOMEM;
    }
}

// Only abandoned jobs can be running: the others were waited for.
void EventLoop::close_thread_pool() noexcept {
    if (pool_ == nullptr) {
        return;
    }
    const std::size_t left = pool_->close_within(grace_);
    pool_.reset();
    if (left > 0) {
        char text[100];
        std::snprintf(text, sizeof text, "the loop has ended, and %zu abandoned thread job%s", left,
                      left == 1 ? " still runs" : "s still run");
        detail::report(text);
    }
}

LoopStats EventLoop::stats() const noexcept {
    LoopStats stats;
    stats.operations = driver_->in_flight();
    stats.timers = timers_;
    stats.thread_jobs = thread_jobs_;
    stats.abandoned_jobs = pool_ != nullptr ? pool_->abandoned() : 0;
    stats.tasks = root_.left;
    stats.frames = local.pool.live();
    return stats;
}

EventLoop& current_loop() noexcept {
    RONDO_REQUIRE(local.loop != nullptr, "no event loop runs on this thread; call rondo::run()");
    return *local.loop;
}

TimePoint LoopClock::now() noexcept { return current_loop().now(); }

Deadlock::Deadlock(const std::string& tree)
    : what_("deadlock: every task waits, and nothing can wake one\n" + tree) {}

LimitReached::LimitReached(const std::string& tree)
    : what_("the run took more steps, or more virtual time, than its limit\n" + tree) {}

}  // namespace rondo
