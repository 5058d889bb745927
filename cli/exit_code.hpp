// SPDX-License-Identifier: Apache-2.0
/// What the program rondo ends with.
#pragma once

namespace rondo::cli {

enum class ExitCode : int {
    ok = 0,
    failed = 1,         ///< wrong usage, or rondo itself could not do its work
    some_failed = 2,    ///< fetch: at least one call failed
    interrupted = 130,  ///< Ctrl-C; after SIGTERM it is 143
    reader_gone = 141,  ///< nobody reads stdout any more: what SIGPIPE would have ended it with
};

/// As a shell sees a program that a signal ended.
constexpr int exit_code_of_signal(int signal) noexcept { return 128 + signal; }

}  // namespace rondo::cli
