// SPDX-License-Identifier: Apache-2.0
/// Tests of what ends the process, in a child.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

namespace rondo::test {

/// The exit code of a child process that calls `function`, 77 when that returns; negative: the
/// signal that killed it.
template <class F>
int exit_code_of(F function) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        function();
        _exit(77);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace rondo::test
