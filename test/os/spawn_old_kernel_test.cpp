// SPDX-License-Identifier: Apache-2.0
// How processes begin where the kernel, or a sandbox, lacks close_range().
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "base/spawn.hpp"
#include "support/exit_code.hpp"

namespace rondo::test {
namespace {

/// For this thread and its children.
bool lose_close_range() {
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof steps / sizeof steps[0], steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// The exit code of a shell that runs `text`, or -1.
int shell_says(const char* text) {
    const char* const candidates[] = {"/bin/sh", nullptr};
    const char* const arguments[] = {"sh", "-c", text, nullptr};
    const char* const environment[] = {nullptr};
    detail::SpawnRequest request;
    request.candidates = candidates;
    request.arguments = arguments;
    request.environment = environment;
    if (!detail::spawn_process(request)) {
        return -1;
    }
    int status = 0;
    waitpid(request.pid, &status, 0);
    close(request.pidfd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

constexpr int high_number = 70'000;
constexpr int no_filters = 99;

// Also one that was opened before the limit came down.
int exit_code_of_high(rlim_t limit_at_spawn) {
    return exit_code_of([&] {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = high_number + 1;
        setrlimit(RLIMIT_NOFILE, &limit);
        const int inheritable = open("/dev/null", O_RDONLY);
        if (dup2(inheritable, high_number) != high_number || !lose_close_range()) {
            _exit(no_filters);
        }
        limit.rlim_cur = limit_at_spawn;
        setrlimit(RLIMIT_NOFILE, &limit);
        _exit(shell_says("test ! -e /proc/self/fd/70000"));
    });
}

TEST(SpawnOldKernel, no_descriptor_is_inherited_however_high) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max <= high_number) {
        GTEST_SKIP() << "no descriptor may be so high";
    }
    for (const rlim_t at_spawn : {rlim_t{high_number} + 1, rlim_t{1024}}) {
        const int code = exit_code_of_high(at_spawn);
        if (code == no_filters) {
            GTEST_SKIP() << "no filters of system calls here";
        }
        EXPECT_EQ(code, 0) << at_spawn;
    }
}

}  // namespace
}  // namespace rondo::test
