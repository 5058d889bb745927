// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "os/child.hpp"
#include "rondo/base/error.hpp"
#include "rondo/coro/describer.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::os {

// ------------------------------------------------------------------------- the awaitable

const rondo::detail::LeafKind WaitExit::leaf{&leave, "the end of process", &WaitExit::describe};

void WaitExit::describe(const rondo::detail::Leaf& at, rondo::detail::Describer& out) {
    out.add(" ").add(static_cast<const WaitExit&>(at).child_->name());
}

bool WaitExit::await_ready() const noexcept {
    return !rondo::detail::current_is_cancelled() && child_->ended() && !rondo::detail::spent();
}

void WaitExit::await_suspend(rondo::detail::Awaiting frame) noexcept {
    if (child_->ended() && !rondo::detail::current_is_cancelled()) {
        rondo::detail::requeue(frame);
    } else {
        park_in(child_->waiters(), frame, leaf);
    }
}

ExitStatus WaitExit::await_resume() const { return child_->status(); }

// --------------------------------------------------------------------------- the process

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        drop();
        in = std::move(other.in);
        out = std::move(other.out);
        err = std::move(other.err);
        child_ = std::exchange(other.child_, nullptr);
    }
    return *this;
}

void Process::drop() noexcept {
    if (detail::Child* const child = std::exchange(child_, nullptr)) {
        child->abandon();
    }
}

bool Process::send_signal(int signal) {
    const int result = child_->send_signal(signal);
    if (result < 0 && result != -ESRCH) {
        throw Error("signal", name(), -result);
    }
    return result == 0;
}

bool Process::terminate() { return send_signal(SIGTERM); }

bool Process::kill() { return send_signal(SIGKILL); }

int Process::pid() const noexcept { return child_->pid(); }

const std::string& Process::name() const noexcept { return child_->name(); }

std::optional<ExitStatus> Process::status() const noexcept {
    return child_->has_status() ? std::optional(child_->status()) : std::nullopt;
}

namespace {

Task<ExitStatus> end_process(Process& process, Duration grace) {
    process.terminate();
    const auto in_time = co_await move_on_after(grace, process.wait());
    if (!in_time) {
        process.kill();
    }
    const ExitStatus status = co_await process.wait();
    co_return status;
}

}  // namespace

Duration detail::stop_bound(Duration grace) noexcept {
    return rondo::detail::add_saturating(std::max(grace, Duration::zero()), default_shield);
}

Task<ExitStatus> Process::stop(Duration grace) {
    const Duration bound = detail::stop_bound(grace);
    const ExitStatus status = co_await shield(end_process(*this, grace), bound);
    co_return status;
}

}  // namespace rondo::os
