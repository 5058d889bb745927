// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/abandon_on_cancel.hpp"

#include <memory>
#include <utility>

#include "base/thread_pool.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"
#include "rondo/coro/context_var.hpp"

namespace rondo::detail {

const LeafKind AbandonableCall::leaf{&AbandonableCall::poke, "a thread"};

void AbandonableCall::await_suspend(Awaiting frame) noexcept {
    if (park(*this, frame, leaf)) {
        start();
    }
}

void AbandonableCall::start() noexcept {
    RONDO_REQUIRE(scope_ == nullptr, "a to_thread was awaited twice");
    scope_ = local.current;
    EventLoop& loop = *local.loop;
    loop.count_thread_job(+1);
    call_->waiter_ = this;
    call_->context_ = context_of(*scope_);
    call_->Callback::run = [](Callback& callback) noexcept {
        static_cast<OwnedCall&>(callback).waiter_->finished();
    };
    if (!loop.driver().uses_threads()) {
        start_on_loop(loop);
        return;
    }
    call_->inbox_ = loop.shared_inbox();
    call_->Job::run = &run_on_thread;
    call_->Job::ended = &ended_on_thread;
    error_ = loop.start_job(*call_);
    submitted_ = error_ == 0;
    if (!submitted_) {
        loop.call_soon(*call_);
    }
}

void AbandonableCall::start_on_loop(EventLoop& loop) noexcept {
    call_->Callback::run = [](Callback& callback) noexcept {
        auto& call = static_cast<OwnedCall&>(callback);
        AbandonableCall& self = *call.waiter_;
        if (!self.dropped_) {
            Scope* const loops_own = std::exchange(local.current, nullptr);
            const Context::OnThread context(std::move(call.context_));
            call.call();
            local.current = loops_own;
        }
        self.finished();
    };
    loop.call_soon(*call_);
}

void AbandonableCall::run_on_thread(Job& job) noexcept {
    auto& call = static_cast<OwnedCall&>(job);
    const Context::OnThread context(std::move(call.context_));
    call.call();
}

void AbandonableCall::ended_on_thread(Job& job, bool abandoned) noexcept {
    auto& call = static_cast<OwnedCall&>(job);
    if (abandoned) {
        delete &call;
        return;
    }
    // Kept beyond complete(), with which the call may go.
    const std::shared_ptr<Inbox> inbox = std::move(call.inbox_);
    inbox->complete(call);
}

void AbandonableCall::finished() noexcept {
    local.loop->count_thread_job(-1);
    if (dropped_) {
        local.push_stop(*scope_);
    } else {
        wake(*scope_);
    }
}

// A call that has ended already is on its way to the loop, and its result wins.
void AbandonableCall::poke(Leaf& at, Scope& scope) noexcept {
    auto& self = static_cast<AbandonableCall&>(at);
    if (!self.submitted_) {
        self.dropped_ = true;
        return;
    }
    EventLoop& loop = *local.loop;
    ThreadPool& pool = loop.thread_pool();
    const bool withdrawn = pool.try_cancel(*self.call_);
    if (!withdrawn) {
        if (!pool.try_abandon(*self.call_, loop.threads_abandoned_max())) {
            return;
        }
        static_cast<void>(self.call_.release());
    }
    loop.count_thread_job(-1);
    local.push_stop(scope);
}

OwnedCall& AbandonableCall::ended_call() const {
    if (error_ != 0) {
        throw Error("to_thread", "a new thread", error_);
    }
    return *call_;
}

}  // namespace rondo::detail
