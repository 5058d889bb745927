// SPDX-License-Identifier: Apache-2.0
#include "base/child_process.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace rondo::detail {
namespace {

// Newer than the headers of glibc 2.36.
constexpr auto wait_by_pidfd = static_cast<idtype_t>(3);
constexpr unsigned whole_group = 1U << 2;

int send(int pidfd, int signal, unsigned flags) noexcept {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags) == 0 ? 0 : -errno;
}

}  // namespace

int wait_for_child(int pidfd, bool block, ChildEnd& end) noexcept {
    siginfo_t info{};
    const int options = WEXITED | (block ? 0 : WNOHANG);
    while (waitid(wait_by_pidfd, static_cast<id_t>(pidfd), &info, options) != 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    if (info.si_pid == 0) {
        return 0;
    }
    if (info.si_code == CLD_EXITED) {
        end.code = info.si_status;
    } else {
        end.signal = info.si_status;
        end.dumped_core = info.si_code == CLD_DUMPED;
    }
    return 1;
}

int signal_child(int pidfd, int pid, bool collected, int signal, bool group) noexcept {
    if (!group) {
        return collected ? -ESRCH : send(pidfd, signal, 0);
    }
    const int result = send(pidfd, signal, whole_group);
    if (result != -EINVAL) {
        return result;
    }
    if (collected) {
        return -ESRCH;
    }
    return ::kill(-pid, signal) == 0 ? 0 : -errno;
}

int bytes_in_pipe(int fd) noexcept {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : -errno;
}

}  // namespace rondo::detail
