// SPDX-License-Identifier: Apache-2.0
// Which calls fail, and how.
#include <cerrno>
#include <initializer_list>
#include <utility>

#include "torture/faults.hpp"

namespace rondo::test {

namespace {

// What the manual pages of Linux 6.1 give, as far as a correct program can meet it. EAGAIN stands
// only where the kernel can say it without an edge that follows.
std::vector<Failure> failures(std::initializer_list<int> loud, std::initializer_list<int> quiet,
                              std::initializer_list<int> after_quiet) {
    std::vector<Failure> all;
    for (const int error : loud) {
        all.push_back({error, Effect::loud});
    }
    for (const int error : quiet) {
        all.push_back({error, Effect::quiet});
    }
    for (const int error : after_quiet) {
        all.push_back({error, Effect::after_quiet});
    }
    return all;
}

using Table = std::map<std::string_view, std::vector<Failure>>;

Table of_sockets() {
    return {
        {"accept4", failures({ENFILE, ENOBUFS, ENOMEM, EPERM, ENETDOWN, EINVAL},
                             {EMFILE, EINTR, ECONNABORTED, EPROTO}, {})},
        {"bind", failures({EADDRINUSE, EACCES, EADDRNOTAVAIL, EINVAL, ENOMEM}, {}, {})},
        {"close", failures({}, {}, {EINTR, EIO, ENOSPC, EDQUOT})},
        {"connect", failures({ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL,
                              EACCES, EPERM, ECONNRESET},
                             {}, {EINTR})},
        {"getpeername", failures({}, {ENOTCONN, ENOBUFS}, {})},
        {"getsockname", failures({ENOBUFS}, {}, {})},
        {"getsockopt", failures({}, {ENOBUFS, ENOMEM, ENOPROTOOPT}, {})},
        {"listen", failures({EADDRINUSE, EOPNOTSUPP}, {}, {})},
        {"poll", failures({}, {EINTR, ENOMEM}, {})},
        {"recv", failures({ECONNRESET, ENOMEM, ETIMEDOUT, EHOSTUNREACH, ENOTCONN}, {EINTR}, {})},
        {"recvmsg", failures({ECONNREFUSED, ENOMEM, ENOBUFS}, {EINTR}, {})},
        {"send",
         failures({EPIPE, ECONNRESET, ENOBUFS, ENOMEM, ETIMEDOUT, EHOSTUNREACH}, {EINTR}, {})},
        {"sendmsg", failures({EPIPE, ECONNRESET, ENOBUFS, ENOMEM, ETIMEDOUT, EHOSTUNREACH, EPERM},
                             {EINTR}, {})},
        {"setsockopt", failures({}, {ENOPROTOOPT, EINVAL, ENOMEM}, {})},
        {"shutdown", failures({ENOTCONN, ENOBUFS}, {}, {})},
        {"socket", failures({ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT}, {EMFILE}, {})},
        {"socketpair", failures({ENFILE, EAFNOSUPPORT}, {EMFILE}, {})},
        {"unlink", failures({}, {EACCES, EBUSY, EROFS}, {})},
    };
}

Table of_files() {
    return {
        {"copy_file_range", failures({EIO, ENOSPC}, {EINTR, EXDEV, EOPNOTSUPP, ENOSYS}, {})},
        {"fallocate", failures({EIO, ENOSPC, EOPNOTSUPP}, {EINTR}, {})},
        {"fchmod", failures({EIO, EPERM}, {}, {})},
        {"fdatasync", failures({EIO, ENOSPC, EDQUOT}, {EINTR}, {})},
        {"fsync", failures({EIO, ENOSPC, EDQUOT}, {EINTR}, {})},
        {"ftruncate", failures({EIO, EFBIG}, {EINTR}, {})},
        {"fcntl", failures({}, {EBADF, EINVAL}, {})},
        {"fstat", failures({}, {EIO, ENOMEM, EOVERFLOW}, {})},
        {"getdents64", failures({EIO, ENOMEM}, {EINTR}, {})},
        {"ioctl", failures({ENOTTY}, {}, {})},
        {"lseek", failures({}, {ESPIPE}, {})},
        {"mkdirat", failures({EACCES, ENOSPC, EDQUOT}, {}, {})},
        {"open", failures({}, {EMFILE, ENFILE, ENOMEM, EACCES, EINTR}, {})},
        {"openat", failures({EMFILE, ENFILE, ENOMEM, EACCES, EIO}, {EINTR}, {})},
        {"readlinkat", failures({EIO, ENOMEM}, {}, {})},
        {"renameat2", failures({EIO, ENOSPC, EACCES}, {}, {})},
        {"stat", failures({}, {EACCES, ENOMEM, EIO}, {})},
        {"statx", failures({EACCES, ENOMEM, EIO}, {}, {})},
        {"symlinkat", failures({ENOSPC, EACCES}, {}, {})},
        {"unlinkat", failures({EIO, EACCES, EBUSY}, {}, {})},
        {"pipe2", failures({ENFILE}, {EMFILE}, {})},
        {"pread", failures({EIO, EINVAL}, {EINTR}, {})},
        {"preadv2", failures({}, {EIO, EINVAL, ENOMEM, EINTR, EOPNOTSUPP}, {})},
        {"pwrite", failures({EIO, ENOSPC, EDQUOT, EFBIG}, {EINTR}, {})},
        {"pwritev2", failures({EIO, ENOSPC, EPIPE}, {EINTR, EOPNOTSUPP}, {})},
        {"read", failures({EIO, EINVAL}, {EINTR}, {})},
        {"sendfile", failures({EPIPE, ECONNRESET, EIO, ENOMEM, ETIMEDOUT}, {EINTR}, {})},
        {"write", failures({EIO, ENOSPC, EPIPE}, {EINTR}, {})},
    };
}

Table of_loops() {
    return {
        {"epoll_create1", failures({EMFILE, ENFILE, ENOMEM}, {}, {})},
        {"epoll_ctl", failures({ENOMEM, ENOSPC}, {}, {})},
        {"epoll_pwait2", failures({}, {EINTR, ENOSYS, EPERM}, {})},
        {"epoll_wait", failures({}, {EINTR}, {})},
        {"eventfd", failures({EMFILE, ENFILE, ENOMEM}, {}, {})},
        {"eventfd_write", failures({}, {EINTR}, {})},
        {"getrandom", failures({}, {EINTR, ENOSYS, EAGAIN}, {})},
        {"getrlimit", failures({}, {EPERM}, {})},
        {"io_uring_get_probe_ring", failures({}, {ENOMEM}, {})},
        {"io_uring_queue_init_params", failures({}, {ENOSYS, EPERM, ENOMEM, EMFILE, EINVAL}, {})},
        {"io_uring_register_ring_fd", failures({}, {EINVAL, EBUSY}, {})},
        {"io_uring_enter", failures({}, {EINTR, EAGAIN, EBUSY, ENOMEM}, {})},
        {"lstat", failures({}, {EACCES, ENOENT, ENOMEM}, {})},
    };
}

// A signal that is not sent would leave a process that never ends: it is sent, and said not to be.
// Those of a child are made before it executes its program.
Table of_processes() {
    return {
        {"child chdir", failures({ENOENT, EACCES, ENOTDIR, EIO}, {}, {})},
        {"child close_range", failures({}, {ENOSYS, EINVAL}, {})},
        {"child dup3", failures({EMFILE, EBUSY}, {}, {})},
        {"child execve", failures({ENOENT, EACCES, ENOMEM, E2BIG, ETXTBSY}, {}, {})},
        {"child fcntl", failures({EMFILE, EINVAL}, {}, {})},
        {"child openat", failures({EMFILE, ENFILE, ENOENT}, {}, {})},
        {"child prlimit64", failures({EPERM, EINVAL}, {}, {})},
        {"child setpgid", failures({EPERM}, {}, {})},
        {"child setsid", failures({EPERM}, {}, {})},
        {"clone", failures({EAGAIN, ENOMEM}, {}, {})},
        {"pidfd_send_signal",
         {{EPERM, Effect::after}, {ESRCH, Effect::after_quiet}, {EINVAL, Effect::after_quiet}}},
        {"waitid", failures({}, {EINTR}, {})},
        {"sigaction", failures({}, {EINVAL}, {})},
    };
}

Table of_entries() {
    return {
        {"entry accept", failures({EMFILE, ENFILE, ENOBUFS, ENOMEM, ENETDOWN, EPERM, ECANCELED},
                                  {EINTR, ECONNABORTED, EPROTO}, {})},
        {"entry cancel", failures({}, {}, {ENOENT, EALREADY})},
        {"entry close", failures({}, {}, {EIO, EINTR, ENOSPC})},
        {"entry file", failures({ECANCELED, ENOMEM, EIO, EACCES, ENOSPC, EROFS}, {EINTR}, {})},
        {"entry read", failures({ECANCELED, ENOMEM, EIO, EFAULT, EINVAL, ENOBUFS, EOPNOTSUPP},
                                {EINTR, EAGAIN, 0}, {})},
        {"entry send", failures({EPIPE, ECONNRESET, ENOBUFS, ENOMEM, ETIMEDOUT, ECANCELED, EFAULT},
                                {EINTR, EAGAIN, 0}, {})},
        {"entry write", failures({ECANCELED, ENOMEM, EIO, EFAULT, EINVAL, ENOSPC, EOPNOTSUPP},
                                 {EINTR, EAGAIN, 0}, {})},
        {"entry poll",
         failures({}, {ECANCELED, EINTR, ENOMEM, EINVAL, EAGAIN, EBADF, EOPNOTSUPP, EFAULT}, {})},
    };
}

Table of_memory() {
    return {
        {"malloc", failures({ENOMEM}, {}, {})},
        {"mmap", failures({ENOMEM, EAGAIN}, {}, {})},
        {"new", failures({}, {ENOMEM}, {})},
    };
}

Table of_threads() {
    return {
        {"sem_wait", failures({}, {EINTR}, {})},
        {"thread", failures({}, {EAGAIN}, {})},
    };
}

Calls all_calls() {
    Calls all;
    const auto add = [&all](CallKind kind, const Table& table) {
        for (const auto& [name, failures] : table) {
            all.emplace(name, Call{kind, failures});
        }
    };
    add(CallKind::sockets, of_sockets());
    add(CallKind::files, of_files());
    add(CallKind::processes, of_processes());
    add(CallKind::loop, of_loops());
    add(CallKind::entries, of_entries());
    add(CallKind::memory, of_memory());
    add(CallKind::threads, of_threads());
    return all;
}

}  // namespace

const Calls& all_calls_that_fail() {
    static const Calls calls = all_calls();
    return calls;
}

CallKind kind_of(std::string_view call) { return all_calls_that_fail().at(call).kind; }

const char* to_string(CallKind kind) noexcept {
    switch (kind) {
        case CallKind::sockets: return "sockets";
        case CallKind::files: return "files";
        case CallKind::processes: return "processes";
        case CallKind::loop: return "loop";
        case CallKind::entries: return "entries";
        case CallKind::memory: return "memory";
        case CallKind::threads: return "threads";
    }
    return "";
}

}  // namespace rondo::test
