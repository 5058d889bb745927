// SPDX-License-Identifier: Apache-2.0
// How processes begin where the kernel, or a sandbox, lacks close_range().
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/spawn.hpp"
#include "support/exit_code.hpp"
#include "support/refused_call.hpp"

namespace rondo::test {
namespace {

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

constexpr int no_filters = 99;
constexpr int no_descriptor = 98;

// Also one that was opened before the limit came down.
int exit_code_of_high(int number, rlim_t limit_at_spawn) {
    return exit_code_of([&] {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = static_cast<rlim_t>(number) + 1;
        setrlimit(RLIMIT_NOFILE, &limit);
        const int inheritable = open("/dev/null", O_RDONLY);
        if (dup2(inheritable, number) != number) {
            _exit(no_descriptor);
        }
        if (!refuse_call(SYS_close_range, ENOSYS)) {
            _exit(no_filters);
        }
        limit.rlim_cur = limit_at_spawn;
        setrlimit(RLIMIT_NOFILE, &limit);
        _exit(shell_says(("test ! -e /proc/self/fd/" + std::to_string(number)).c_str()));
    });
}

TEST(SpawnOldKernel, no_descriptor_is_inherited_however_high) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const auto number = static_cast<int>(std::min<rlim_t>(limit.rlim_max - 1, 70'000));
    for (const rlim_t at_spawn : {static_cast<rlim_t>(number) + 1, rlim_t{1024}}) {
        const int code = exit_code_of_high(number, at_spawn);
        if (code == no_filters) {
            GTEST_SKIP() << "no filters of system calls here";
        }
        EXPECT_EQ(code, 0) << at_spawn;
    }
}

}  // namespace
}  // namespace rondo::test
