// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/to_thread.hpp"

#include <cerrno>
#include <memory>
#include <new>
#include <utility>

#include "base/thread_pool.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/coro/context_var.hpp"

namespace rondo::detail {

// The pool's link cannot share the awaiter's: the loop queues the one while a thread leaves the
// other.
struct ThreadCall::PoolJob : Job {
    ThreadCall* call = nullptr;
    std::shared_ptr<Inbox> inbox;
    std::shared_ptr<const Context> context;
};

const LeafKind ThreadCall::leaf{&ThreadCall::poke, "a thread"};

ThreadCall::~ThreadCall() { delete job_; }

void ThreadCall::await_suspend(Awaiting frame) noexcept {
    if (park(*this, frame, leaf)) {
        start();
    }
}

void ThreadCall::start() noexcept {
    RONDO_REQUIRE(scope_ == nullptr, "a to_thread was awaited twice");
    scope_ = local.current;
    EventLoop& loop = *local.loop;
    loop.count_thread_job(+1);
    Callback::run = [](Callback& callback) noexcept {
        static_cast<ThreadCall&>(callback).finished();
    };
    if (!loop.driver().uses_threads()) {
        Callback::run = [](Callback& callback) noexcept {
            auto& self = static_cast<ThreadCall&>(callback);
            if (!self.dropped_) {
                Scope* const loops_own = std::exchange(local.current, nullptr);
                const Context::OnThread context(context_of(*self.scope_));
                self.work_(self);
                local.current = loops_own;
            }
            self.finished();
        };
        loop.call_soon(*this);
        return;
    }
    job_ = new (std::nothrow) PoolJob;
    if (job_ == nullptr) {
        fail_to_start(ENOMEM);
        return;
    }
    job_->call = this;
    job_->inbox = loop.shared_inbox();
    job_->context = context_of(*scope_);
    job_->run = [](Job& job) noexcept {
        ThreadCall& self = *static_cast<PoolJob&>(job).call;
        // Kept beyond complete(), with which the job may go.
        const std::shared_ptr<Inbox> inbox = std::move(static_cast<PoolJob&>(job).inbox);
        {
            const Context::OnThread context(std::move(static_cast<PoolJob&>(job).context));
            self.work_(self);
        }
        inbox->complete(self);
    };
    if (const int error = loop.start_job(*job_); error != 0) {
        fail_to_start(error);
    }
}

void ThreadCall::fail_to_start(int error) noexcept {
    delete std::exchange(job_, nullptr);
    error_ = error;
    local.loop->call_soon(*this);
}

void ThreadCall::check_started() const {
    if (error_ != 0) {
        throw Error("to_thread", "a new thread", error_);
    }
}

void ThreadCall::finished() noexcept {
    local.loop->count_thread_job(-1);
    if (dropped_) {
        local.push_stop(*scope_);
    } else {
        wake(*scope_);
    }
}

void ThreadCall::poke(Leaf& at, Scope& scope) noexcept {
    auto& self = static_cast<ThreadCall&>(at);
    if (self.job_ == nullptr) {
        self.dropped_ = true;
    } else if (local.loop->thread_pool().try_cancel(*self.job_)) {
        local.loop->count_thread_job(-1);
        local.push_stop(scope);
    }
}

}  // namespace rondo::detail
