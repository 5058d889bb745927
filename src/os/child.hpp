// SPDX-License-Identifier: Apache-2.0
/// A child process as its loop knows it.
#pragma once

#include <string>

#include "rondo/coro/wait_list.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/os/exit_status.hpp"

namespace rondo::os::detail {

/// How long it may take to stop a process: its grace, and what a SIGKILL takes.
Duration stop_bound(Duration grace) noexcept;

/// Lives on the heap from spawn to when the process was collected and nobody wants it any more. One
/// poll of the process's descriptor is in flight until then. Once its Process has dropped it, it
/// hangs in the tree of tasks, so that the loop does not end before it.
class Child : rondo::Operation {
public:
    /// Made before the process, which must not run without one for want of memory.
    Child(const std::string& program, bool leads_group);
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// The process runs; takes over `pidfd`.
    ///
    /// Errors: Error when the driver cannot poll the descriptor; the process and this are gone
    /// then.
    void begin(int pid, int pidfd);
    /// Deletes one whose process did not start.
    void discard() noexcept { delete this; }

    bool ended() const noexcept { return ended_; }
    /// Errors: see Process::wait. Requires: ended().
    ExitStatus status() const;
    /// Whether status() has one.
    bool has_status() const noexcept { return ended_ && lost_ == 0; }
    /// 0 or -errno.
    int send_signal(int signal) noexcept;
    /// Kills it if it runs; deletes this, now or when the process has ended.
    void abandon() noexcept;

    int pid() const noexcept { return pid_; }
    const std::string& name() const noexcept { return name_; }
    rondo::detail::WaitList& waiters() noexcept { return waiters_; }

private:
    ~Child();
    static void on_ready(Operation& operation) noexcept;
    bool collect(bool block) noexcept;
    void poll() noexcept;
    void hang_in_tree() noexcept;
    void leave_tree() noexcept;
    static void describe(const rondo::detail::Scope& scope, rondo::detail::Describer& out);

    static const rondo::detail::ScopeKind ending_kind;

    std::string name_;
    rondo::detail::WaitList waiters_;
    ExitStatus status_ = ExitStatus::exited(0);
    int pid_ = 0;
    int lost_ = 0;  ///< the errno of why there is no status
    bool leads_group_;
    bool ended_ = false;

    /// In the tree while nobody but the loop waits.
    struct Ending : rondo::detail::Scope {
        Child* child = nullptr;
    };
    Ending ending_;
    bool in_tree_ = false;
};

}  // namespace rondo::os::detail
