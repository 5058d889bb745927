// SPDX-License-Identifier: Apache-2.0
// Child processes: how they begin and how they end. What is expected stands in execve(2),
// waitpid(2), signal(7), sh(1).
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "conformance/over_files.hpp"
#include "conformance/over_processes.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR_REAL(process, "exit codes arrive", "0, 1, 255", no_processes) {
    const ExitStatus none = co_await status_of(shell("exit 0"));
    const ExitStatus one = co_await status_of(shell("exit 1"));
    const ExitStatus most = co_await status_of(shell("exit 255"));
    co_return in_order(none.code(), one.code(), most.code());
}

// waitpid(2): the least significant 8 bits.
RONDO_BEHAVIOUR_REAL(process, "an exit code has 8 bits", "1", no_processes) {
    const ExitStatus status = co_await status_of(shell("exit 257"));
    co_return observed(status.code());
}

RONDO_BEHAVIOUR_REAL(process, "a signal that ended it is told", "9, 137, -9", no_processes) {
    const ExitStatus status = co_await status_of(shell("kill -KILL $$"));
    co_return in_order(status.signal(), status.code(), status.returncode());
}

RONDO_BEHAVIOUR_REAL(process, "kill and terminate send what they say", "9, 15", no_processes) {
    Process one = spawn(command("sleep", "1000"));
    Process other = spawn(command("sleep", "1000"));
    one.kill();
    other.terminate();
    const ExitStatus killed = co_await one.wait();
    const ExitStatus terminated = co_await other.wait();
    co_return in_order(killed.signal(), terminated.signal());
}

RONDO_BEHAVIOUR_REAL(process, "a process that has ended gets no signal", "false, false",
                     no_processes) {
    Process process = spawn(command("true"));
    co_await process.wait();
    const bool signalled = process.send_signal(SIGTERM);
    co_return in_order(signalled, process.kill());
}

RONDO_BEHAVIOUR_REAL(process, "it can be waited for twice", "7, 7", no_processes) {
    Process process = spawn(shell("exit 7"));
    const ExitStatus first = co_await process.wait();
    const ExitStatus second = co_await process.wait();
    co_return in_order(first.code(), second.code());
}

RONDO_BEHAVIOUR_REAL(process, "all who wait are told", "3, 3, 3", no_processes) {
    Process process = spawn(shell("sleep 0.01; exit 3"));
    auto wait = [&process]() -> Task<int> {
        const ExitStatus status = co_await process.wait();
        co_return status.code();
    };
    auto [a, b, c] = co_await gather(wait(), wait(), wait());
    co_return in_order(a, b, c);
}

RONDO_BEHAVIOUR_REAL(process, "a cancelled wait leaves the process alone", "true, 9",
                     no_processes) {
    Process process = spawn(command("sleep", "1000"));
    const auto early = co_await move_on_after(1ms, process.wait());
    const bool runs = !early && ::kill(process.pid(), 0) == 0;
    process.kill();
    const ExitStatus status = co_await process.wait();
    co_return in_order(runs, status.signal());
}

RONDO_BEHAVIOUR_REAL(process, "it is collected though nobody waits", "true", no_processes) {
    Process process = spawn(command("true"));
    while (!process.status()) {
        co_await sleep(1ms);
    }
    co_return observed(has_no_child());
}

RONDO_BEHAVIOUR_REAL(process, "one that is dropped is killed and collected", "true", no_processes) {
    {
        const Process process = spawn(command("sleep", "1000"));
    }
    for (int tries = 0; !has_no_child() && tries < 5000; ++tries) {
        co_await sleep(1ms);
    }
    co_return observed(has_no_child());
}

RONDO_BEHAVIOUR_REAL(process, "stop asks first", "3", no_processes) {
    ProcessOptions polite = shell("trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done");
    polite.out = Stdio::pipe();
    Process process = spawn(polite);
    co_await read_text(process.out, 6);
    const ExitStatus status = co_await process.stop();
    co_return observed(status.code());
}

RONDO_BEHAVIOUR_REAL(process, "stop insists after the grace", "9", no_processes) {
    ProcessOptions stubborn = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    stubborn.out = Stdio::pipe();
    Process process = spawn(stubborn);
    co_await read_text(process.out, 6);
    const ExitStatus status = co_await process.stop(20ms);
    co_return observed(status.signal());
}

// --------------------------------------------------------------------------- the beginning

RONDO_BEHAVIOUR_REAL(process, "no such program: not found, by path and by name",
                     "not_found, not_found", no_processes) {
    const std::string path = outcome_of_spawn(command("/nowhere/nosuch"));
    const std::string name = outcome_of_spawn(command("nosuch_program"));
    co_return in_order(path, name);
}

// EACCES, ENOEXEC.
RONDO_BEHAVIOUR_REAL(process, "what is not to be executed, and what cannot be",
                     "no_permission, no_permission, invalid", no_processes) {
    const TemporaryFolder folder(true);
    make_file(folder / "locked", "#!/bin/sh\n");
    make_file(folder / "text", "no program");
    ::chmod((folder / "text").c_str(), 0755);
    const std::string locked = outcome_of_spawn(command(folder / "locked"));
    const std::string directory = outcome_of_spawn(command(folder.path()));
    const std::string text = outcome_of_spawn(command(folder / "text"));
    co_return in_order(locked, directory, text);
}

// E2BIG.
RONDO_BEHAVIOUR_REAL(process, "too long an argument is invalid", "invalid", no_processes) {
    co_return outcome_of_spawn(command("true", std::string(3'000'000, 'x')));
}

RONDO_BEHAVIOUR_REAL(process, "a spawn that failed leaves no child", "true", no_processes) {
    outcome_of_spawn(command("/nowhere/nosuch"));
    co_return observed(has_no_child());
}

RONDO_BEHAVIOUR_REAL(process, "arguments arrive as they are", "a 'b' $HOME `id` *||x|",
                     no_processes) {
    const os::CompletedProcess done =
        co_await os::run(command("printf", "%s|", "a 'b' $HOME `id` *", "", "x"));
    co_return done.out;
}

RONDO_BEHAVIOUR_REAL(process, "it starts in its directory", "/usr, not_found", no_processes) {
    ProcessOptions options = command("pwd");
    options.directory = "/usr";
    const std::string there = co_await says(options);
    options.directory = "/nowhere";
    co_return in_order(there, outcome_of_spawn(options));
}

RONDO_BEHAVIOUR_REAL(process, "the environment is inherited, but for changes", "kept new",
                     no_processes) {
    ::setenv("RONDO_KEPT", "kept", 1);
    ::setenv("RONDO_GONE", "gone", 1);
    ProcessOptions options = shell("echo $RONDO_KEPT $RONDO_NEW $RONDO_GONE");
    options.environment.set("RONDO_NEW", "new").unset("RONDO_GONE");
    std::string seen = co_await says(options);
    ::unsetenv("RONDO_KEPT");
    ::unsetenv("RONDO_GONE");
    co_return seen;
}

RONDO_BEHAVIOUR_REAL(process, "an environment of its own has nothing else", "ONLY=1",
                     no_processes) {
    ProcessOptions options = command("env");
    options.environment.clear().set("ONLY", "1");
    co_return co_await says(options);
}

RONDO_BEHAVIOUR_REAL(process, "limits hold in the child", "77", no_processes) {
    ProcessOptions options = shell("ulimit -n");
    options.limits.emplace_back(RLIMIT_NOFILE, 77);
    co_return co_await says(options);
}

RONDO_BEHAVIOUR_REAL(process, "a group of its own is led by the child", "true", no_processes) {
    ProcessOptions options = command("sleep", "1000");
    options.group = os::ProcessGroup::own;
    Process process = spawn(options);
    const bool leads = getpgid(process.pid()) == process.pid();
    process.kill();
    co_await process.wait();
    co_return observed(leads);
}

}  // namespace
}  // namespace rondo::test
