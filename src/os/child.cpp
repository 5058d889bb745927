// SPDX-License-Identifier: Apache-2.0
//
// The poll of a process's descriptor is nobody's await: it is submitted with the process and its
// ready function collects the process, which is one system call that does not block. Whoever waits
// stands in a list. A dropped process is a scope of the tree without a chain, which no cancel
// reaches: it ends by itself, as it was killed.
#include "os/child.hpp"

#include <poll.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <utility>

#include "base/child_process.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"
#include "rondo/coro/describer.hpp"

namespace rondo::os::detail {

using rondo::detail::local;
using rondo::detail::Scope;
using rondo::detail::ScopeEvent;

const rondo::detail::ScopeKind Child::ending_kind{
    [](Scope&, ScopeEvent) -> Scope* { return nullptr; }, "the end of a dropped process", false,
    &Child::describe};

void Child::describe(const Scope& scope, rondo::detail::Describer& out) {
    out.add(", ").add(static_cast<const Ending&>(scope).child->name_);
}

constexpr std::size_t number_text = sizeof " (pid 2147483647)";

Child::Child(const std::string& program, bool leads_group)
    : Operation(OperationKind::poll, -1), leads_group_(leads_group) {
    name_.reserve(program.size() + number_text);
    name_ = program;
    size = POLLIN;
    ready = &on_ready;
    ending_.kind = &ending_kind;
    ending_.child = this;
}

Child::~Child() {
    if (fd >= 0) {
        rondo::Operation close(OperationKind::close, fd);
        local.loop->driver().submit(close);
    }
}

void Child::begin(int pid, int pidfd) {
    pid_ = pid;
    fd = pidfd;
    char number[number_text];
    std::snprintf(number, sizeof number, " (pid %d)", pid);
    name_ += number;
    poll();
    if (lost_ != 0) {
        const auto abandon_it = [](Child* child) noexcept { child->abandon(); };
        const std::unique_ptr<Child, decltype(abandon_it)> at_end(this, abandon_it);
        throw Error("watch", name_, lost_);
    }
}

// A poll that fails cannot be repeated for ever. So that nothing is left behind, the child ends.
void Child::poll() noexcept {
    if (!local.loop->driver().submit(*this)) {
        return;
    }
    if (result < 0) {
        send_signal(SIGKILL);
        collect(true);
        lost_ = -result;
    } else if (!collect(false)) {
        poll();
    }
}

void Child::on_ready(Operation& operation) noexcept {
    auto& self = static_cast<Child&>(operation);
    if (self.result < 0) {
        self.send_signal(SIGKILL);
        self.collect(true);
        self.lost_ = -self.result;
    } else if (!self.collect(false)) {
        self.poll();
    }
    if (self.ended_) {
        self.waiters_.wake_all();
        if (self.in_tree_) {
            self.leave_tree();
            delete &self;
        }
    }
}

bool Child::collect(bool block) noexcept {
    rondo::detail::ChildEnd end;
    const int outcome = rondo::detail::wait_for_child(fd, block, end);
    if (outcome == 0) {
        return false;
    }
    ended_ = true;
    if (outcome < 0) {
        lost_ = -outcome;
    } else {
        status_ = end.signal != 0 ? ExitStatus::killed(end.signal, end.dumped_core)
                                  : ExitStatus::exited(end.code);
    }
    return true;
}

ExitStatus Child::status() const {
    if (lost_ == ECHILD) {
        throw Error(Errc::unexpected, "wait for", name_,
                    "its exit status is lost: SIGCHLD is ignored, or other code waited for it");
    }
    if (lost_ != 0) {
        throw Error("wait for", name_, lost_);
    }
    return status_;
}

int Child::send_signal(int signal) noexcept {
    return rondo::detail::signal_child(fd, pid_, ended_, signal, leads_group_);
}

void Child::abandon() noexcept {
    RONDO_REQUIRE(waiters_.empty(), "a Process was destroyed while a task waits for it");
    RONDO_REQUIRE(local.loop != nullptr, "a Process outlived its event loop");
    if (!ended_ || leads_group_) {
        send_signal(SIGKILL);
    }
    if (ended_) {
        delete this;
    } else {
        hang_in_tree();
    }
}

void Child::hang_in_tree() noexcept {
    rondo::detail::Group& root = local.loop->root();
    ending_.attach(root);
    ++root.left;
    in_tree_ = true;
}

void Child::leave_tree() noexcept {
    rondo::detail::Group& root = local.loop->root();
    ending_.detach();
    if (--root.left == 0 && root.has(Scope::body_done)) {
        root.kind->on(root, ScopeEvent::children_done);
    }
}

}  // namespace rondo::os::detail
