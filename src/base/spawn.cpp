// SPDX-License-Identifier: Apache-2.0
//
// The child shares the parent's memory and the parent's thread waits for its exec, as with vfork:
// nothing is copied, however large the parent is, and what went wrong is left in the request. The
// child has a stack of its own, and all signals are blocked around the clone, so that no handler of
// the parent's runs in the child. CLONE_PIDFD gives a descriptor that means this child for ever,
// whoever gets its number later.
#include "base/spawn.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/child_process.hpp"
#include "base/signal_set.hpp"

// Sanitizers intercept clone() and take the child for a second process with memory of its own.
#if defined(__GLIBC__)
extern "C" int __clone(int (*)(void*), void*, int, void*, ...);  // NOLINT(bugprone-reserved-*)
#define RONDO_CLONE __clone
#else
#define RONDO_CLONE ::clone
#endif

namespace rondo::detail {
namespace {

constexpr std::size_t stack_size = std::size_t{64} * 1024;

class ChildStack {
public:
    ChildStack() noexcept
        : memory_(mmap(nullptr, stack_size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0)) {}
    ChildStack(const ChildStack&) = delete;
    ChildStack& operator=(const ChildStack&) = delete;
    ~ChildStack() {
        if (is_there()) {
            munmap(memory_, stack_size);
        }
    }
    bool is_there() const noexcept { return memory_ != MAP_FAILED; }
    /// Stacks grow downwards on every processor that this is built for.
    void* begin() const noexcept { return static_cast<char*>(memory_) + stack_size; }

private:
    void* memory_;
};

/// Blocks also what pthread_sigmask does not let one block: glibc's own signals.
class AllSignalsBlocked {
public:
    AllSignalsBlocked() noexcept {
        const std::uint64_t all = ~std::uint64_t{0};
        syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, &before_, kernel_signal_set_size);
    }
    AllSignalsBlocked(const AllSignalsBlocked&) = delete;
    AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
    ~AllSignalsBlocked() {
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, kernel_signal_set_size);
    }

private:
    std::uint64_t before_ = 0;
};

}  // namespace

bool spawn_process(SpawnRequest& request) noexcept {
    const ChildStack stack;
    if (!stack.is_there()) {
        request.error = ENOMEM;
        return false;
    }
    {
        const AllSignalsBlocked guard;
        const int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
        request.pid =
            RONDO_CLONE(&run_spawned_child, stack.begin(), flags, &request, &request.pidfd);
        if (request.pid < 0) {
            request.error = errno;
            request.step = SpawnStep::clone;
            return false;
        }
    }
    if (request.error == 0) {
        return true;
    }
    ChildEnd end;
    wait_for_child(request.pidfd, true, end);
    ::close(request.pidfd);
    request.pidfd = -1;
    return false;
}

}  // namespace rondo::detail
