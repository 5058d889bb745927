// SPDX-License-Identifier: Apache-2.0
/// Running a program to its end: asyncio's create_subprocess_exec and communicate in one call.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rondo/base/error.hpp"
#include "rondo/os/process.hpp"

namespace rondo::os {

/// How os::run() runs a program.
struct ProcessRunOptions {
    CommunicateOptions communicate;
    bool check = true;  ///< a status that is not ok() is an error

    ProcessRunOptions() noexcept = default;
    /// `input` for the program, which otherwise reads an empty one.
    ProcessRunOptions(Bytes input) noexcept {  // NOLINT(google-explicit-constructor): run(c, text)
        communicate.input = input;
    }
};

/// A program that has ended. subprocess.CompletedProcess.
struct CompletedProcess {
    std::vector<std::string> arguments;
    ExitStatus status = ExitStatus::exited(0);
    std::string out;
    std::string err;

    CompletedProcess(std::vector<std::string> words, Output output)
        : arguments(std::move(words)),
          status(output.status),
          out(std::move(output.out)),
          err(std::move(output.err)) {}
};

/// A program ran and failed. what() has its status and the end of what it wrote to `err`:
/// "run cat: exit code 1: cat: nosuch: No such file or directory". subprocess.CalledProcessError.
class ProcessFailed : public Error {
public:
    explicit ProcessFailed(CompletedProcess completed);

    const ExitStatus& status() const noexcept { return completed_.status; }
    /// All that is known of it.
    const CompletedProcess& completed() const noexcept { return completed_; }

private:
    CompletedProcess completed_;
};

/// Runs a program and gives what it wrote.
///
///     auto listing = co_await rondo::os::run(rondo::os::command("ls", "-l"));
///
/// What `what` leaves open: `in` is the given input or empty, `out` and `err` are collected.
///
/// Cancellation: the program is ended as by Process::stop(), and waited for.
/// Errors: those of spawn() and Process::communicate(); ProcessFailed, unless `check` is off.
Task<CompletedProcess> run(ProcessOptions what, ProcessRunOptions how = {});

}  // namespace rondo::os
