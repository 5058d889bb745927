// SPDX-License-Identifier: Apache-2.0
/// What the behaviours of processes are made of.
#pragma once

#include <string>
#include <utility>

#include "conformance/over_streams.hpp"
#include "os/os_test.hpp"

namespace rondo::test {

inline constexpr const char* no_processes = "there are no child processes";

inline Task<ExitStatus> status_of(ProcessOptions what) {
    Process process = spawn(what);
    const ExitStatus status = co_await process.wait();
    co_return status;
}

/// What it writes, without the end of the last line.
inline Task<std::string> says(ProcessOptions what) {
    CompletedProcess done = co_await os::run(std::move(what));
    while (done.out.ends_with('\n')) {
        done.out.pop_back();
    }
    co_return done.out;
}

/// "started", or the error.
inline std::string outcome_of_spawn(const ProcessOptions& what) {
    return outcome_of_call([&] { const Process process = spawn(what); }, "started");
}

}  // namespace rondo::test
