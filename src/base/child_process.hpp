// SPDX-License-Identifier: Apache-2.0
/// What can be done to a process by its descriptor, and to a pipe without waiting.
#pragma once

namespace rondo::detail {

/// How a child ended.
struct ChildEnd {
    int code = 0;    ///< of exit()
    int signal = 0;  ///< that killed it, or 0
    bool dumped_core = false;
};

/// Collects a child that has ended, so that no zombie is left: 1; 0 when it still runs and `block`
/// is false; -errno, -ECHILD when somebody else did.
int wait_for_child(int pidfd, bool block, ChildEnd& end) noexcept;

/// 0, or -errno: -ESRCH when it was collected already. With `group` all processes of the group that
/// it leads; where the kernel does not know how to do that by a descriptor (before 6.9), by `pid`,
/// which must not have been collected yet: else -ESRCH.
int signal_child(int pidfd, int pid, bool collected, int signal, bool group) noexcept;

/// Bytes that a read of the pipe would get at once, or -errno.
int bytes_in_pipe(int fd) noexcept;

}  // namespace rondo::detail
