// SPDX-License-Identifier: Apache-2.0
// Children and signals.
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

Task<> processes() {
    os::ProcessOptions echo = os::command("/bin/echo", "hello");
    echo.out = os::Stdio::pipe();
    const os::CompletedProcess done = co_await os::run(std::move(echo));
    require(done.out == "hello\n", "another output than the child's");
}

Task<> dialogue() {
    os::ProcessOptions cat = os::command("/bin/cat");
    cat.in = os::Stdio::pipe();
    cat.out = os::Stdio::pipe();
    cat.err = os::Stdio::output();
    os::Process child = os::spawn(cat);
    const std::string text(100'000, 'd');
    os::CommunicateOptions options;
    options.input = text;
    const os::Output output = co_await child.communicate(options);
    require(output.status.ok(), "a child that failed");
    if (output.out.size() < text.size() && text.starts_with(output.out)) {
        throw Error("write", "cat", EPIPE);  // it got a part, which is no error of communicate()
    }
    require(output.out == text, "another output than the child's");
}

// It has ended while another process holds its pipe: what lies there is read, and no more.
Task<> left_behind() {
    const os::CompletedProcess done =
        co_await os::run(os::shell("/bin/sleep 0.1 2>/dev/null & echo said"));
    require(done.out == "said\n", "another output than the child's");
}

Task<> wait_for(os::Process& child) { co_await child.wait(); }

Task<> stopped_process() {
    os::ProcessOptions options = os::command("/bin/sleep", "100");
    options.group = os::ProcessGroup::own;
    os::Process child = os::spawn(options);
    const auto none = co_await move_on_after(1ms, wait_for(child));
    require(!none, "a child that ended early");
    const os::ExitStatus status = co_await child.stop(10s);
    require(!status.ok(), "a child that was not stopped");
}

Task<> signalled_process() {
    os::Process child = os::spawn(os::command("/bin/sleep", "100"));
    child.terminate();
    const os::ExitStatus status = co_await child.wait();
    require(!status.ok(), "a child that was not stopped");
}

// Every call that a child makes for itself before it executes its program.
Task<> prepared_process() {
    os::ProcessOptions options = os::shell("pwd; ulimit -c");
    options.directory = std::string("/");
    options.group = os::ProcessGroup::session;
    options.limits.push_back(os::ResourceLimit(RLIMIT_CORE, 0));
    const os::CompletedProcess done = co_await os::run(std::move(options));
    require(done.out == "/\n0\n", "another output than the child's");
}

Task<> run_for_long() {
    os::ProcessOptions options = os::command("/bin/sleep", "100");
    options.out = os::Stdio::pipe();
    co_await os::run(std::move(options));
}

Task<> timed_out_process() {
    const auto none = co_await move_on_after(2ms, run_for_long());
    require(!none, "a child that ended early");
}

Task<> dropped_process() {
    os::ProcessOptions options = os::command("/bin/sleep", "100");
    options.directory = std::string("/");
    options.environment.clear().set("NAME", "value");
    os::Process child = os::spawn(options);
    co_await yield();
}

Task<> missing_program() {
    bool missing = false;
    try {
        const os::Process child = os::spawn(os::command("/nonexistent/program"));
    } catch (const Error& error) {
        if (error.code() != Errc::not_found) {
            throw;
        }
        missing = true;
    }
    require(missing, "a program that is not there");
    co_await yield();
}

Task<> received_signals() {
    os::Signals signals({SIGUSR1, SIGUSR2});
    kill(getpid(), SIGUSR2);
    const os::ReceivedSignal early = co_await signals.next();
    require(early.number == SIGUSR2 && early.count == 1, "another signal");
    auto hear = [&signals]() -> Task<> {
        const os::ReceivedSignal received = co_await signals.next();
        require(received.number == SIGUSR1, "another signal");
    };
    auto send = []() -> Task<> {
        co_await sleep(1ms);
        kill(getpid(), SIGUSR1);
    };
    co_await gather(hear(), send());
}

// When the child has ended, a read that still waits is not needed any more.
const std::vector<std::string_view> last_reads = {"entry read", "preadv2", "read"};

// Nobody hears of the signal to a process that is given up, or to what it left of its group.
const std::vector<std::string_view> last_signal = {"pidfd_send_signal"};
const std::vector<std::string_view> last_reads_and_signal = {"entry read", "preadv2", "read",
                                                             "pidfd_send_signal"};

}  // namespace

Scenarios process_scenarios() {
    return {
        {"processes", &processes},
        {"dialogue", &dialogue, 0, last_reads},
        {"left behind", &left_behind, 0, last_reads},
        {"signalled process", &signalled_process},
        {"stopped process", &stopped_process, 0, last_signal},
        {"timed out process", &timed_out_process, 0, last_signal},
        {"dropped process", &dropped_process, 0, last_signal},
        {"prepared process", &prepared_process, 0, last_reads_and_signal},
        {"missing program", &missing_program, ENOENT},
        {"received signals", &received_signals},
    };
}

}  // namespace rondo::test
