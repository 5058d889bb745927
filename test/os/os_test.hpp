// SPDX-License-Identifier: Apache-2.0
/// Tests of processes, on each driver of a real kernel. Each ends without a child, living or dead.
#pragma once

#include <sys/wait.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "net/net_test.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/os/process.hpp"
#include "rondo/os/run.hpp"

namespace rondo::test {

using os::command;
using os::CommunicateOptions;
using os::CompletedProcess;
using os::Environment;
using os::ExitStatus;
using os::Output;
using os::PipeStream;
using os::Process;
using os::ProcessFailed;
using os::ProcessOptions;
using os::ProcessRunOptions;
using os::shell;
using os::spawn;
using os::Stdio;

/// True when this process has no child, not even a zombie.
inline bool has_no_child() { return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

class OsTest : public NetTest {
protected:
    void TearDown() override {
        EXPECT_TRUE(has_no_child()) << "children left";
        NetTest::TearDown();
    }

    /// What a shell script writes.
    static Task<std::string> says(ProcessOptions what) {
        CompletedProcess completed = co_await os::run(std::move(what));
        co_return completed.out;
    }

    /// The error of spawn(), which must fail.
    static std::string spawn_error(const ProcessOptions& options) {
        try {
            Process process = spawn(options);
            return "no error";
        } catch (const Error& error) {
            return error.what();
        }
    }

    static Task<std::string> read_all(PipeStream& pipe) {
        std::string text;
        std::string buffer(65536, '\0');
        for (;;) {
            const std::size_t got = co_await pipe.read_some(buffer);
            if (got == 0) {
                co_return text;
            }
            text.append(buffer, 0, got);
        }
    }

    /// Reads one line, byte by byte.
    static Task<std::string> read_line(PipeStream& pipe) {
        std::string line;
        std::string letter(1, '\0');
        for (;;) {
            const std::size_t got = co_await pipe.read_some(letter);
            if (got == 0 || letter[0] == '\n') {
                co_return line;
            }
            line += letter;
        }
    }
};

}  // namespace rondo::test
