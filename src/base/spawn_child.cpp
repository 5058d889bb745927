// SPDX-License-Identifier: Apache-2.0
//
// What a child does between clone and exec, in memory that it shares with its parent. So it makes
// plain system calls and touches nothing else: neither glibc's wrappers for users and signals,
// which act on all threads of the parent, nor anything that a sanitizer keeps books about.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/signal_set.hpp"
#include "base/spawn.hpp"

#if defined(__clang__)
#define RONDO_BARE __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define RONDO_BARE                                                          \
    __attribute__((noinline, no_sanitize("address"), no_sanitize("thread"), \
                   no_sanitize("undefined")))
#endif

namespace rondo::detail {
namespace {

constexpr int signals_end = 65;
constexpr int standard_descriptors = 3;

/// As the kernel has it.
struct KernelAction {
    unsigned long handler;
    unsigned long flags;
    unsigned long restorer;
    unsigned long mask;
};
/// As getdents64 has it.
struct KernelEntry {
    std::uint64_t inode;
    std::int64_t next;
    unsigned short size;
    unsigned char type;
    char name[5];
};
constexpr unsigned long default_action = 0;
constexpr unsigned long ignore = 1;

RONDO_BARE bool failed(SpawnRequest& request, SpawnStep step) noexcept {
    request.error = errno;
    request.step = step;
    return false;
}

// A handler of the parent's must not run here once signals are let through.
RONDO_BARE void reset_signals() noexcept {
    for (int signal = 1; signal < signals_end; ++signal) {
        KernelAction action;
        if (syscall(SYS_rt_sigaction, signal, nullptr, &action, kernel_signal_set_size) != 0 ||
            action.handler == default_action || (action.handler == ignore && signal != SIGPIPE)) {
            continue;
        }
        action.handler = default_action;
        action.flags = 0;
        action.restorer = 0;
        action.mask = 0;
        syscall(SYS_rt_sigaction, signal, &action, nullptr, kernel_signal_set_size);
    }
}

RONDO_BARE void unblock_signals() noexcept {
    const std::uint64_t none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kernel_signal_set_size);
}

RONDO_BARE bool leave_group(SpawnRequest& request) noexcept {
    if (request.new_session && syscall(SYS_setsid) < 0) {
        return failed(request, SpawnStep::session);
    }
    if (request.new_group && !request.new_session && syscall(SYS_setpgid, 0, 0) < 0) {
        return failed(request, SpawnStep::session);
    }
    return true;
}

RONDO_BARE bool set_limits(SpawnRequest& request) noexcept {
    for (std::size_t i = 0; i < request.limit_count; ++i) {
        const std::uint64_t pair[2] = {request.limits[i].soft, request.limits[i].hard};
        if (syscall(SYS_prlimit64, 0, request.limits[i].resource, pair, nullptr) != 0) {
            return failed(request, SpawnStep::limits);
        }
    }
    return true;
}

RONDO_BARE bool take_identity(SpawnRequest& request) noexcept {
    if (!request.has_identity) {
        return true;
    }
    if (syscall(SYS_setgroups, request.group_count, request.groups) != 0 ||
        syscall(SYS_setresgid, request.group, request.group, request.group) != 0 ||
        syscall(SYS_setresuid, request.user, request.user, request.user) != 0) {
        return failed(request, SpawnStep::identity);
    }
    return true;
}

RONDO_BARE int lift(int descriptor, int floor) noexcept {
    return static_cast<int>(syscall(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, floor));
}

RONDO_BARE int open_null(int floor) noexcept {
    const int opened =
        static_cast<int>(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC));
    return opened < 0 ? opened : lift(opened, floor);
}

RONDO_BARE void mark_closing(int descriptor) noexcept {
    syscall(SYS_fcntl, descriptor, F_SETFD, FD_CLOEXEC);
}

/// The descriptor that a name in /proc/self/fd stands for; 0 for "." and "..".
RONDO_BARE int descriptor_named(const char* name) noexcept {
    int number = 0;
    for (; *name >= '0' && *name <= '9'; ++name) {
        number = number * 10 + (*name - '0');
    }
    return number;
}

/// False: there is no /proc, or no descriptor left to read it by.
RONDO_BARE bool mark_listed() noexcept {
    alignas(KernelEntry) char entries[4096];
    const auto folder = static_cast<int>(
        syscall(SYS_openat, AT_FDCWD, "/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    long bytes = folder;
    while (bytes >= 0) {
        bytes = syscall(SYS_getdents64, folder, entries, sizeof entries);
        if (bytes == 0) {
            syscall(SYS_close, folder);
            return true;
        }
        for (long at = 0; at < bytes;) {
            const auto& entry = *reinterpret_cast<const KernelEntry*>(entries + at);
            const int descriptor = descriptor_named(entry.name);
            if (descriptor >= standard_descriptors) {
                mark_closing(descriptor);
            }
            at += entry.size;
        }
    }
    return false;
}

/// Everything from 3 on is closed by exec. Where nothing lists it, as far as the limit goes.
RONDO_BARE void mark_all() noexcept {
    if (syscall(SYS_close_range, standard_descriptors, ~0U, CLOSE_RANGE_CLOEXEC) == 0 ||
        mark_listed()) {
        return;
    }
    std::uint64_t limit[2] = {1024, 0};
    syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, limit);
    const int end = limit[0] < 65536 ? static_cast<int>(limit[0]) : 65536;
    for (int i = standard_descriptors; i < end; ++i) {
        mark_closing(i);
    }
}

/// A program that finds 2 closed would write its complaints into the first file that it opens.
RONDO_BARE bool fill_gaps(int floor) noexcept {
    for (int i = 0; i < standard_descriptors; ++i) {
        const long flags = syscall(SYS_fcntl, i, F_GETFD);
        if (flags >= 0 && (flags & FD_CLOEXEC) == 0) {
            continue;
        }
        const int null = open_null(floor);
        if (null < 0 || syscall(SYS_dup3, null, i, 0) < 0) {
            return false;
        }
    }
    return true;
}

// First each source moves out of the way of all targets; so their order does not matter.
RONDO_BARE bool place_descriptors(SpawnRequest& request) noexcept {
    int floor = standard_descriptors;
    for (std::size_t i = 0; i < request.descriptor_count; ++i) {
        const int to = request.descriptors[i].to;
        floor = to >= floor ? to + 1 : floor;
    }
    for (std::size_t i = 0; i < request.descriptor_count; ++i) {
        int& from = request.descriptors[i].from;
        from = from == SpawnDescriptor::null_device ? open_null(floor) : lift(from, floor);
        if (from < 0) {
            return failed(request, SpawnStep::descriptors);
        }
    }
    mark_all();
    for (std::size_t i = 0; i < request.descriptor_count; ++i) {
        if (syscall(SYS_dup3, request.descriptors[i].from, request.descriptors[i].to, 0) < 0) {
            return failed(request, SpawnStep::descriptors);
        }
    }
    // 1 may be a gap itself.
    if (!fill_gaps(floor) ||
        (request.error_follows_output && syscall(SYS_dup3, STDOUT_FILENO, STDERR_FILENO, 0) < 0)) {
        return failed(request, SpawnStep::descriptors);
    }
    return true;
}

// As execvp looks along PATH: what is not there, or not a file, is passed over; what may not be
// executed is remembered.
RONDO_BARE void execute(SpawnRequest& request) noexcept {
    int error = ENOENT;
    for (const char* const* path = request.candidates; *path != nullptr; ++path) {
        syscall(SYS_execve, *path, request.arguments, request.environment);
        if (errno == EACCES) {
            error = EACCES;
        } else if (errno != ENOENT && errno != ENOTDIR) {
            error = errno;
            break;
        } else if (error != EACCES) {
            error = errno;
        }
    }
    errno = error;
    failed(request, SpawnStep::execute);
}

RONDO_BARE bool change_directory(SpawnRequest& request) noexcept {
    return request.directory == nullptr || syscall(SYS_chdir, request.directory) == 0 ||
           failed(request, SpawnStep::directory);
}

}  // namespace

RONDO_BARE int run_spawned_child(void* argument) noexcept {
    auto& request = *static_cast<SpawnRequest*>(argument);
    reset_signals();
    if (leave_group(request) && place_descriptors(request) && set_limits(request) &&
        take_identity(request) && change_directory(request)) {
        unblock_signals();
        execute(request);
    }
    syscall(SYS_exit_group, 127);
    return 127;
}

}  // namespace rondo::detail
