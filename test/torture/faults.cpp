// SPDX-License-Identifier: Apache-2.0
#include "torture/faults.hpp"

#include <array>
#include <atomic>
#include <cerrno>

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
        {"socketpair", failures({EMFILE, ENFILE, EAFNOSUPPORT}, {}, {})},
        {"unlink", failures({}, {EACCES, EBUSY, EROFS}, {})},
    };
}

Table of_files_and_processes() {
    return {
        {"clone", failures({EAGAIN, ENOMEM}, {}, {})},
        {"copy_file_range", failures({EIO, ENOSPC}, {EINTR, EXDEV, EOPNOTSUPP, ENOSYS}, {})},
        {"entry close", failures({}, {}, {EIO, EINTR, ENOSPC})},
        {"entry file", failures({ECANCELED, ENOMEM, EIO, EACCES, ENOSPC, EROFS}, {EINTR}, {})},
        {"entry read", failures({ECANCELED, ENOMEM, EIO, EFAULT, EINVAL, ENOBUFS, EOPNOTSUPP},
                                {EINTR, EAGAIN, 0}, {})},
        {"entry write", failures({ECANCELED, ENOMEM, EIO, EFAULT, EINVAL, ENOSPC, EOPNOTSUPP},
                                 {EINTR, EAGAIN, 0}, {})},
        {"fallocate", failures({EIO, ENOSPC, EOPNOTSUPP}, {EINTR}, {})},
        {"fchmod", failures({EIO, EPERM}, {}, {})},
        {"fdatasync", failures({EIO, ENOSPC, EDQUOT}, {EINTR}, {})},
        {"fsync", failures({EIO, ENOSPC, EDQUOT}, {EINTR}, {})},
        {"ftruncate", failures({EIO, EFBIG}, {EINTR}, {})},
        {"fcntl", failures({}, {EBADF, EINVAL}, {})},
        {"fstat", failures({}, {EIO, ENOMEM, EOVERFLOW}, {})},
        {"ioctl", failures({}, {ENOTTY}, {})},
        {"lseek", failures({}, {ESPIPE}, {})},
        {"mkdirat", failures({EACCES, ENOSPC, EDQUOT}, {}, {})},
        {"openat", failures({EMFILE, ENFILE, ENOMEM, EACCES, EIO}, {EINTR}, {})},
        {"readlinkat", failures({EIO, ENOMEM}, {}, {})},
        {"renameat2", failures({EIO, ENOSPC, EACCES}, {}, {})},
        {"statx", failures({EACCES, ENOMEM, EIO}, {}, {})},
        {"symlinkat", failures({ENOSPC, EACCES}, {}, {})},
        {"unlinkat", failures({EIO, EACCES, EBUSY}, {}, {})},
        {"waitid", failures({}, {EINTR}, {})},
        {"pipe2", failures({EMFILE, ENFILE}, {}, {})},
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
        {"epoll_pwait2", failures({}, {EINTR, ENOSYS}, {})},
        {"epoll_wait", failures({}, {EINTR}, {})},
        {"eventfd", failures({EMFILE, ENFILE, ENOMEM}, {}, {})},
        {"eventfd_write", failures({}, {EINTR}, {})},
        {"entry poll",
         failures({}, {ECANCELED, EINTR, ENOMEM, EINVAL, EAGAIN, EBADF, EOPNOTSUPP, EFAULT}, {})},
        {"getrandom", failures({}, {EINTR, ENOSYS, EAGAIN}, {})},
        {"getrlimit", failures({}, {EPERM}, {})},
        {"io_uring_get_probe_ring", failures({}, {ENOMEM}, {})},
        {"io_uring_queue_init_params", failures({}, {ENOSYS, EPERM, ENOMEM, EMFILE, EINVAL}, {})},
        {"io_uring_register_ring_fd", failures({}, {EINVAL, EBUSY}, {})},
        {"io_uring_enter", failures({}, {EINTR, EAGAIN, EBUSY, ENOMEM}, {})},
        {"lstat", failures({}, {EACCES, ENOENT, ENOMEM}, {})},
        {"malloc", failures({ENOMEM}, {}, {})},
        {"mmap", failures({ENOMEM, EAGAIN}, {}, {})},
        {"new", failures({}, {ENOMEM}, {})},
        {"sem_wait", failures({}, {EINTR}, {})},
        {"sigaction", failures({}, {EINVAL}, {})},
        {"thread", failures({}, {EAGAIN}, {})},
    };
}

}  // namespace

const Table& failure_table() {
    static const Table table = [] {
        Table all = of_sockets();
        all.merge(of_files_and_processes());
        all.merge(of_loops());
        return all;
    }();
    return table;
}

namespace {

constexpr std::size_t calls_max = 128;

struct State {
    std::array<std::atomic<long>, calls_max> counts{};
    std::atomic<bool> counting{false};
    std::atomic<bool> struck{false};
    Fault fault;
};

State& state() {
    static State the;
    return the;
}

std::size_t index_of(std::string_view call) noexcept {
    const auto& table = failure_table();
    const auto at = table.find(call);
    return at == table.end() ? calls_max - 1
                             : static_cast<std::size_t>(std::distance(table.begin(), at));
}

void restart(const Fault& fault) noexcept {
    failure_table();  // made now: making it calls what is counted
    State& now = state();
    for (std::atomic<long>& count : now.counts) {
        count = 0;
    }
    now.fault = fault;
    now.struck = false;
    now.counting = true;
}

}  // namespace

void Seam::start_counting() noexcept { restart(Fault{}); }
void Seam::arm(const Fault& fault) noexcept { restart(fault); }
void Seam::disarm() noexcept { state().counting = false; }
bool Seam::struck() noexcept { return state().struck; }

std::map<std::string_view, long> Seam::counts() {
    std::map<std::string_view, long> result;
    for (const auto& [call, failures] : failure_table()) {
        if (const long count = state().counts[index_of(call)]; count > 0) {
            result[call] = count;
        }
    }
    return result;
}

const Failure* Seam::enter(std::string_view call) noexcept {
    State& now = state();
    if (!now.counting) {
        return nullptr;
    }
    const long site = ++now.counts[index_of(call)];
    if (call != now.fault.call || site != now.fault.site) {
        return nullptr;
    }
    now.struck = true;
    return &now.fault.failure;
}

}  // namespace rondo::test
