// SPDX-License-Identifier: Apache-2.0
// The program rondo: the command line, and what it ends with.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <rondo/rondo.hpp>
#include <sstream>
#include <string>

#include "commands.hpp"
#include "exit_code.hpp"
#include "output.hpp"
#include "terminal.hpp"

namespace rondo::cli {
namespace {

constexpr const char* program_footer = R"(
RONDO_DRIVER=uring|epoll chooses how rondo talks to the kernel; `rondo doctor` says what runs here.
`rondo COMMAND --help` tells more about each command.)";

/// Help and version go to stdout, complaints to stderr with a hint where to read on.
int end_of_parsing(const CLI::App& program, const CLI::ParseError& end) {
    if (end.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
        std::ostringstream out;
        program.exit(end, out, out);
        print(out.str());
        return static_cast<int>(ExitCode::ok);
    }
    std::string command = "rondo";
    for (const CLI::App* chosen : program.get_subcommands()) {
        command += " " + chosen->get_name();
    }
    complain(fmt::format("{}: {}\nSee `{} --help`.\n", command, printable(end.what()), command));
    return static_cast<int>(ExitCode::failed);
}

int run_program(int argc, char** argv) {
    CLI::App program("Rondo: while one call waits, the thread does other work.", "rondo");
    program.set_version_flag("--version", fmt::format("rondo {}", version));
    program.require_subcommand(0, 1);
    program.footer(program_footer);
    Action action;
    add_demo(program, action);
    add_fetch(program, action);
    add_doctor(program, action);
    try {
        program.parse(argc, argv);
        if (!action) {
            throw CLI::ValidationError("a command is missing: demo, fetch or doctor");
        }
    } catch (const CLI::ParseError& end) {
        return end_of_parsing(program, end);
    }
    return action();
}

int guarded(int argc, char** argv) {
    try {
        return run_program(argc, argv);
    } catch (const Interrupted& interrupted) {
        return exit_code_of_signal(interrupted.signal());
    } catch (const OutputError& error) {
        if (error.reader_gone()) {
            return static_cast<int>(ExitCode::reader_gone);
        }
        complain(fmt::format("rondo: {}\n", error.what()));
    } catch (const std::exception& error) {
        complain(fmt::format("rondo: {}\n", printable(error.what())));
    }
    return static_cast<int>(ExitCode::failed);
}

}  // namespace
}  // namespace rondo::cli

int main(int argc, char** argv) {
    rondo::cli::occupy_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);  // a closed stdout or socket is an error of the write
    return rondo::cli::guarded(argc, argv);
}
