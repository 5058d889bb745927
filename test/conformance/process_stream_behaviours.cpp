// SPDX-License-Identifier: Apache-2.0
// What goes into child processes and comes out of them, and descriptors that they get. See
// pipe(7), dup(2), execve(2).
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "conformance/over_processes.hpp"

namespace rondo::test {
namespace {

constexpr std::size_t mib = 1024 * 1024;

// The error of os::run.
Task<std::string> outcome_of_run(ProcessOptions what, ProcessRunOptions how = {}) {
    auto run = [&]() -> Task<> { co_await os::run(std::move(what), how); };
    std::string seen = co_await outcome(run);
    co_return seen;
}

RONDO_BEHAVIOUR_REAL(process, "input, output and errors are pipes", "got bread, no", no_processes) {
    ProcessOptions options = shell("read line; printf \"got $line\"; printf no >&2");
    options.in = options.out = options.err = Stdio::pipe();
    Process process = spawn(options);
    co_await process.in.write_all("bread\n");
    const std::string out = co_await read_text(process.out);
    const std::string err = co_await read_text(process.err);
    co_await process.wait();
    co_return in_order(out, err);
}

RONDO_BEHAVIOUR_REAL(process, "closing its input is an end for it", "0", no_processes) {
    ProcessOptions options = command("cat");
    options.in = Stdio::pipe();
    Process process = spawn(options);
    process.in.close();
    const ExitStatus status = co_await process.wait();
    co_return observed(status.code());
}

RONDO_BEHAVIOUR_REAL(process, "run gives it an empty input, or the given one", "0, LOUD",
                     no_processes) {
    const CompletedProcess empty = co_await os::run(command("cat"));
    const CompletedProcess given = co_await os::run(command("tr", "a-z", "A-Z"), Bytes("loud"));
    co_return in_order(empty.out.size(), given.out);
}

RONDO_BEHAVIOUR_REAL(process, "megabytes go through it both ways at once", "true", no_processes) {
    const std::string text = numbered_text(4 * mib);
    ProcessRunOptions how{Bytes(text)};
    const CompletedProcess done = co_await os::run(command("cat"), how);
    co_return observed(done.out == text);
}

RONDO_BEHAVIOUR_REAL(process, "both outputs are read at once", "true, true", no_processes) {
    const std::string text = numbered_text(mib);
    ProcessRunOptions how{Bytes(text)};
    const CompletedProcess done = co_await os::run(shell("tee /dev/stderr"), how);
    co_return in_order(done.out == text, done.err == text);
}

RONDO_BEHAVIOUR_REAL(process, "an input that is read in part is no error", "xxxxx", no_processes) {
    const std::string text(mib, 'x');
    ProcessRunOptions how{Bytes(text)};
    const CompletedProcess done = co_await os::run(command("head", "-c", "5"), how);
    co_return done.out;
}

RONDO_BEHAVIOUR_REAL(process, "a write to one that has ended fails, without a signal", "closed",
                     no_processes) {
    std::signal(SIGPIPE, SIG_DFL);
    ProcessOptions options = command("true");
    options.in = Stdio::pipe();
    Process process = spawn(options);
    co_await process.wait();
    co_return co_await outcome_of_write(process.in);
}

RONDO_BEHAVIOUR_REAL(process, "what it wrote is there after its end", "late, 0", no_processes) {
    ProcessOptions options = command("printf", "late");
    options.out = Stdio::pipe();
    Process process = spawn(options);
    co_await process.wait();
    const std::string text = co_await read_text(process.out, 4);
    const std::string end = co_await outcome_of_read(process.out);
    co_return in_order(text, end);
}

RONDO_BEHAVIOUR_REAL(process, "errors go where output goes when asked", "abc", no_processes) {
    ProcessOptions options = shell("printf a; printf b >&2; printf c");
    options.err = Stdio::output();
    co_return co_await says(options);
}

RONDO_BEHAVIOUR_REAL(process, "null reads as empty and takes all", "0, 0", no_processes) {
    ProcessOptions options = shell("cat >&2; echo lost; cat >&2");
    options.in = options.out = options.err = Stdio::null();
    const ExitStatus status = co_await status_of(options);
    co_return in_order(status.code(), status.signal());
}

RONDO_BEHAVIOUR_REAL(process, "a failing run tells the code; unchecked it does not fail",
                     "unexpected, done", no_processes) {
    ProcessRunOptions unchecked;
    unchecked.check = false;
    const std::string checked = co_await outcome_of_run(shell("exit 3"));
    const std::string other = co_await outcome_of_run(shell("exit 3"), unchecked);
    co_return in_order(checked, other);
}

RONDO_BEHAVIOUR_REAL(process, "more output than allowed is an error, and ends it",
                     "exhausted, true", no_processes) {
    ProcessRunOptions how;
    how.communicate.output_max = 1000;
    const std::string seen = co_await outcome_of_run(command("yes"), how);
    co_return in_order(seen, has_no_child());
}

RONDO_BEHAVIOUR_REAL(process, "a timeout ends the program and collects it", "timed_out, true",
                     no_processes) {
    auto run = []() -> Task<> { co_await timeout(5ms, os::run(command("sleep", "1000"))); };
    const std::string seen = co_await outcome(run);
    co_return in_order(seen, has_no_child());
}

RONDO_BEHAVIOUR_REAL(process, "a timeout kills one that ignores SIGTERM", "timed_out, true",
                     no_processes) {
    ProcessRunOptions how;
    how.communicate.grace = 20ms;
    const ProcessOptions stubborn = shell("trap '' TERM; while :; do sleep 0.01; done");
    auto run = [&]() -> Task<> { co_await timeout(50ms, os::run(stubborn, how)); };
    const std::string seen = co_await outcome(run);
    co_return in_order(seen, has_no_child());
}

RONDO_BEHAVIOUR_REAL(process, "it has 0, 1, 2 and no other descriptor", "4", no_processes) {
    const int leak = ::open("/dev/null", O_RDONLY);  // inheritable
    std::string listed = co_await says(command("ls", "/proc/self/fd"));
    ::close(leak);
    co_return observed(std::count(listed.begin(), listed.end(), '\n') + 1);  // one is that of ls
}

RONDO_BEHAVIOUR_REAL(process, "a passed descriptor is the same open file", "through 7",
                     no_processes) {
    os::PipePair pipe = os::make_pipe();
    ProcessOptions options = shell("printf 'through 7' >&7");
    options.pass.emplace_back(pipe.writer.descriptor(), 7);
    Process process = spawn(options);
    pipe.writer.close();
    std::string text = co_await read_text(pipe.reader);
    co_await process.wait();
    co_return text;
}

RONDO_BEHAVIOUR_REAL(process, "descriptors may be exchanged", "zero, full", no_processes) {
    const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    const int full = ::open("/dev/full", O_RDONLY | O_CLOEXEC);
    ProcessOptions options = shell("readlink /proc/self/fd/$1 /proc/self/fd/$2",
                                   std::to_string(full), std::to_string(zero));
    options.pass.emplace_back(zero, full);
    options.pass.emplace_back(full, zero);
    const std::string seen = co_await says(options);
    ::close(zero);
    ::close(full);
    co_return seen == "/dev/zero\n/dev/full" ? "zero, full" : seen;
}

RONDO_BEHAVIOUR_REAL(process, "it blocks no signal that the program blocks", "0000000000000000",
                     no_processes) {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    std::string seen = co_await says(shell("grep SigBlk /proc/self/status | cut -f2"));
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    co_return seen;
}

}  // namespace
}  // namespace rondo::test
