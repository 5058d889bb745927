// SPDX-License-Identifier: Apache-2.0
// The wrappers of the C library's calls. Each stands for one line of the linker's list.
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <system_error>
#include <thread>

#include "rondo/base/config.hpp"
#include "torture/faults.hpp"
#include "torture/ring_faults.hpp"

using rondo::test::Failure;
using rondo::test::Seam;

namespace {

template <class Result, class Real>
Result through(const char* call, Real real) {
    const Failure* const failure = Seam::enter(call);
    if (failure == nullptr) {
        return real();
    }
    if (rondo::test::had_effect(failure->effect)) {
        real();
    }
    errno = failure->error;
    return static_cast<Result>(-1);
}

}  // namespace

#define RONDO_SEAM(result, name, parameters, arguments)                         \
    result __real_##name parameters;                                            \
    result __wrap_##name parameters {                                           \
        return through<result>(#name, [&] { return __real_##name arguments; }); \
    }

extern "C" {

RONDO_SEAM(int, accept4, (int a, sockaddr* b, socklen_t* c, int d), (a, b, c, d))
RONDO_SEAM(int, bind, (int a, const sockaddr* b, socklen_t c), (a, b, c))
RONDO_SEAM(int, close, (int a), (a))
RONDO_SEAM(int, connect, (int a, const sockaddr* b, socklen_t c), (a, b, c))
RONDO_SEAM(ssize_t, copy_file_range, (int a, off64_t* b, int c, off64_t* d, size_t e, unsigned f),
           (a, b, c, d, e, f))
RONDO_SEAM(int, fallocate, (int a, int b, off_t c, off_t d), (a, b, c, d))
RONDO_SEAM(int, fchmod, (int a, mode_t b), (a, b))
RONDO_SEAM(int, fdatasync, (int a), (a))
RONDO_SEAM(int, fsync, (int a), (a))
RONDO_SEAM(int, ftruncate, (int a, off_t b), (a, b))
RONDO_SEAM(off_t, lseek, (int a, off_t b, int c), (a, b, c))
RONDO_SEAM(int, mkdirat, (int a, const char* b, mode_t c), (a, b, c))
RONDO_SEAM(ssize_t, readlinkat, (int a, const char* b, char* c, size_t d), (a, b, c, d))
RONDO_SEAM(int, renameat2, (int a, const char* b, int c, const char* d, unsigned e),
           (a, b, c, d, e))
RONDO_SEAM(int, stat, (const char* a, struct stat* b), (a, b))
RONDO_SEAM(int, statx, (int a, const char* b, int c, unsigned d, struct statx* e), (a, b, c, d, e))
RONDO_SEAM(int, symlinkat, (const char* a, int b, const char* c), (a, b, c))
RONDO_SEAM(int, unlinkat, (int a, const char* b, int c), (a, b, c))
RONDO_SEAM(int, waitid, (idtype_t a, id_t b, siginfo_t* c, int d), (a, b, c, d))
RONDO_SEAM(int, epoll_create1, (int a), (a))
RONDO_SEAM(int, epoll_ctl, (int a, int b, int c, epoll_event* d), (a, b, c, d))
RONDO_SEAM(int, epoll_pwait2, (int a, epoll_event* b, int c, const timespec* d, const sigset_t* e),
           (a, b, c, d, e))
RONDO_SEAM(int, epoll_wait, (int a, epoll_event* b, int c, int d), (a, b, c, d))
RONDO_SEAM(int, eventfd, (unsigned a, int b), (a, b))
RONDO_SEAM(int, eventfd_write, (int a, eventfd_t b), (a, b))
RONDO_SEAM(int, fstat, (int a, struct stat* b), (a, b))
RONDO_SEAM(int, getpeername, (int a, sockaddr* b, socklen_t* c), (a, b, c))
RONDO_SEAM(ssize_t, getrandom, (void* a, size_t b, unsigned c), (a, b, c))
RONDO_SEAM(int, getrlimit, (__rlimit_resource_t a, rlimit* b), (a, b))
RONDO_SEAM(int, getsockname, (int a, sockaddr* b, socklen_t* c), (a, b, c))
RONDO_SEAM(int, getsockopt, (int a, int b, int c, void* d, socklen_t* e), (a, b, c, d, e))
RONDO_SEAM(int, listen, (int a, int b), (a, b))
RONDO_SEAM(int, lstat, (const char* a, struct stat* b), (a, b))
RONDO_SEAM(int, pipe2, (int* a, int b), (a, b))
RONDO_SEAM(int, poll, (pollfd * a, nfds_t b, int c), (a, b, c))
RONDO_SEAM(ssize_t, pread, (int a, void* b, size_t c, off_t d), (a, b, c, d))
RONDO_SEAM(ssize_t, preadv2, (int a, const iovec* b, int c, off_t d, int e), (a, b, c, d, e))
RONDO_SEAM(ssize_t, pwrite, (int a, const void* b, size_t c, off_t d), (a, b, c, d))
RONDO_SEAM(ssize_t, pwritev2, (int a, const iovec* b, int c, off_t d, int e), (a, b, c, d, e))
RONDO_SEAM(ssize_t, read, (int a, void* b, size_t c), (a, b, c))
RONDO_SEAM(ssize_t, recv, (int a, void* b, size_t c, int d), (a, b, c, d))
RONDO_SEAM(ssize_t, recvmsg, (int a, msghdr* b, int c), (a, b, c))
RONDO_SEAM(int, sem_wait, (sem_t * a), (a))
RONDO_SEAM(ssize_t, send, (int a, const void* b, size_t c, int d), (a, b, c, d))
RONDO_SEAM(ssize_t, sendfile, (int a, int b, off_t* c, size_t d), (a, b, c, d))
RONDO_SEAM(ssize_t, sendmsg, (int a, const msghdr* b, int c), (a, b, c))
RONDO_SEAM(int, setsockopt, (int a, int b, int c, const void* d, socklen_t e), (a, b, c, d, e))
RONDO_SEAM(int, shutdown, (int a, int b), (a, b))
RONDO_SEAM(int, sigaction, (int a, const struct sigaction* b, struct sigaction* c), (a, b, c))
RONDO_SEAM(int, socket, (int a, int b, int c), (a, b, c))
RONDO_SEAM(int, socketpair, (int a, int b, int c, int* d), (a, b, c, d))
RONDO_SEAM(int, unlink, (const char* a), (a))
RONDO_SEAM(ssize_t, write, (int a, const void* b, size_t c), (a, b, c))

// ------------------------------------------------------- calls with a shape of their own

void* __real_mmap(void*, size_t, int, int, int, off_t);
void* __wrap_mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
    const Failure* const failure = Seam::enter("mmap");
    if (failure != nullptr) {
        errno = failure->error;
        return MAP_FAILED;
    }
    return __real_mmap(at, size, protection, flags, fd, offset);
}

void* __real_malloc(size_t);
void* __wrap_malloc(size_t size) {
    return Seam::enter("malloc") != nullptr ? nullptr : __real_malloc(size);
}

int __real_fcntl(int, int, ...);
int __wrap_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    return through<int>("fcntl", [&] { return __real_fcntl(fd, command, argument); });
}

int __real_open(const char*, int, ...);
int __wrap_open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return through<int>("open", [&] { return __real_open(path, flags, mode); });
}

int __real_openat(int, const char*, int, ...);
int __wrap_openat(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    return through<int>("openat", [&] { return __real_openat(folder, path, flags, mode); });
}

int __real_ioctl(int, unsigned long, ...);
int __wrap_ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void* const argument = va_arg(arguments, void*);
    va_end(arguments);
    return through<int>("ioctl", [&] { return __real_ioctl(fd, request, argument); });
}

// The start of a process, with the one argument beyond those of the prototype that Rondo passes:
// where the descriptor goes.
int __real___clone(int (*)(void*), void*, int, void*, ...);
int __wrap___clone(int (*run)(void*), void* stack, int flags, void* argument, ...) {
    va_list list;
    va_start(list, argument);
    void* const descriptor = va_arg(list, void*);
    va_end(list);
    return through<int>("clone",
                        [&] { return __real___clone(run, stack, flags, argument, descriptor); });
}

int __real_io_uring_queue_init_params(unsigned, io_uring*, io_uring_params*);
int __wrap_io_uring_queue_init_params(unsigned entries, io_uring* ring,
                                      io_uring_params* parameters) {
    const Failure* const failure = Seam::enter("io_uring_queue_init_params");
    if (failure != nullptr) {
        return -failure->error;
    }
    const int result = __real_io_uring_queue_init_params(entries, ring, parameters);
    if (result == 0) {
        rondo::test::RingFaults::watch(*ring);
    }
    return result;
}

int __real_io_uring_register_ring_fd(io_uring*);
int __wrap_io_uring_register_ring_fd(io_uring* ring) {
    const Failure* const failure = Seam::enter("io_uring_register_ring_fd");
    return failure != nullptr ? -failure->error : __real_io_uring_register_ring_fd(ring);
}

void __real_io_uring_queue_exit(io_uring*);
void __wrap_io_uring_queue_exit(io_uring* ring) {
    rondo::test::RingFaults::forget(*ring);
    __real_io_uring_queue_exit(ring);
}

io_uring_probe* __real_io_uring_get_probe_ring(io_uring*);
io_uring_probe* __wrap_io_uring_get_probe_ring(io_uring* ring) {
    return Seam::enter("io_uring_get_probe_ring") != nullptr ? nullptr
                                                             : __real_io_uring_get_probe_ring(ring);
}

// Calls by number have up to six arguments; like the C library's own function this one takes six
// words, whatever was passed. Children of spawn_process run it too, in the memory of their parent
// and on a stack that sanitizers do not know: with these no call of a child fails.
#if defined(__clang__)
#define RONDO_BARE __attribute__((disable_sanitizer_instrumentation))
#else
#define RONDO_BARE \
    __attribute__((no_sanitize("address"), no_sanitize("thread"), no_sanitize("undefined")))
#endif

// What `number` is called in the table; null: it does not fail. `command` is that of fcntl.
RONDO_BARE static const char* name_of_call(long number, [[maybe_unused]] long command) {
    switch (number) {
        case SYS_io_uring_enter: return "io_uring_enter";
        case SYS_getdents64: return "getdents64";
        case SYS_pidfd_send_signal: return "pidfd_send_signal";
#if !RONDO_ASAN
        case SYS_chdir: return "child chdir";
        case SYS_close_range: return "child close_range";
        case SYS_dup3: return "child dup3";
        case SYS_execve: return "child execve";
        case SYS_fcntl: return command == F_DUPFD_CLOEXEC ? "child fcntl" : nullptr;
        case SYS_openat: return "child openat";
        case SYS_prlimit64: return "child prlimit64";
        case SYS_setpgid: return "child setpgid";
        case SYS_setsid: return "child setsid";
#endif
        default: return nullptr;
    }
}

long __real_syscall(long, ...);
RONDO_BARE long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f) {
    const char* const name = name_of_call(number, b);
    if (name == nullptr) {
        return __real_syscall(number, a, b, c, d, e, f);
    }
    return through<long>(name, [&] {
        const bool enters = number == SYS_io_uring_enter;
        if (enters) {
            rondo::test::RingFaults::before_enter();
        }
        const long result = __real_syscall(number, a, b, c, d, e, f);
        const int error = errno;
        if (enters) {
            rondo::test::RingFaults::after_enter();
        }
        errno = error;
        return result;
    });
}

// std::thread's constructor: void std::thread::_M_start_thread(unique_ptr<_State>, void (*)())
void __real__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(
    std::thread*, void*, void (*)());
void __wrap__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(
    std::thread* self, void* state, void (*depend)()) {
    const Failure* const failure = Seam::enter("thread");
    if (failure != nullptr) {
        throw std::system_error(failure->error, std::generic_category());
    }
    __real__ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE(
        self, state, depend);
}

}  // extern "C"
