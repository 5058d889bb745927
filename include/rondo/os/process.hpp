// SPDX-License-Identifier: Apache-2.0
/// Child processes.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/coro/wait_list.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/os/exit_status.hpp"
#include "rondo/os/pipe.hpp"
#include "rondo/os/process_options.hpp"

namespace rondo::os {

namespace detail {
class Child;
}

/// The awaitable of Process::wait.
class [[nodiscard]] WaitExit : rondo::detail::ListWaiter {
public:
    bool await_ready() const noexcept;
    void await_suspend(rondo::detail::Awaiting frame) noexcept;
    ExitStatus await_resume() const;

private:
    friend class Process;
    explicit WaitExit(detail::Child& child) noexcept : child_(&child) {}
    static void describe(const rondo::detail::Leaf& at, rondo::detail::Describer& out);
    static const rondo::detail::LeafKind leaf;
    detail::Child* child_;
};

/// How communicate() and os::run() feed a child and collect what it says.
struct CommunicateOptions {
    Bytes input;                                ///< for `in`, which is closed after it
    std::size_t output_max = 64 * 1024 * 1024;  ///< bytes, of `out` and of `err`
    /// When the child has ended, how long processes that it left behind, which hold the pipes open,
    /// may go on to write to them.
    Duration linger = Duration::zero();
    /// Between SIGTERM and SIGKILL, when the call is stopped or fails.
    Duration grace = std::chrono::seconds(5);
};

/// What a child said, and how it ended.
struct Output {
    ExitStatus status = ExitStatus::exited(0);
    std::string out;
    std::string err;
};

/// A child process. It does not outlive this: dropping it while it runs kills it (SIGKILL). The
/// loop collects it whenever it ends, whether somebody waits or not, and run() does not return
/// before that; so no zombie is left, and nothing blocks.
///
/// Requires: destroyed while its loop runs, and while nobody waits for it.
class Process {
public:
    Process(Process&& other) noexcept
        : in(std::move(other.in)),
          out(std::move(other.out)),
          err(std::move(other.err)),
          child_(std::exchange(other.child_, nullptr)) {}
    Process& operator=(Process&& other) noexcept;
    ~Process() { drop(); }

    // The other ends of pipes that ProcessOptions asked for; the rest is closed.
    PipeStream in;   ///< what is written here the child reads; close it to end that
    PipeStream out;  ///< what the child writes
    PipeStream err;

    /// Waits until the process has ended; any number of tasks may. Whether its pipes are still held
    /// open by processes that it left behind does not matter.
    ///
    /// A child that writes more than a pipe holds does not end until somebody reads it: see
    /// communicate(). Cancellation: the process runs on, as under asyncio.
    /// Errors: Error (unexpected) when its status is lost, because SIGCHLD is ignored, or because
    /// other code waits for every child.
    WaitExit wait() noexcept { return WaitExit(*child_); }

    /// Writes the input, reads `out` and `err` to their end, all at once, and waits. A child that
    /// reads its input only in part is no error.
    ///
    /// Cancellation: a call that had begun stops the child, as stop() does, and waits for its end;
    /// so what it said is lost, but nothing is left.
    /// Errors: Error (exhausted) when the child says more than `output_max`; it is stopped, too.
    Task<Output> communicate(CommunicateOptions options = {});

    /// Ends the process: SIGTERM, and SIGKILL when it has not ended after `grace`. Shielded: once
    /// it has begun it is not stopped.
    Task<ExitStatus> stop(Duration grace = std::chrono::seconds(5));

    /// False: it has ended already. A process that leads a group (ProcessOptions::group) takes all
    /// of it along, also what is left of the group when the process itself has ended; before Linux
    /// 6.9 only until then, for by number the group might be a stranger's.
    ///
    /// Errors: Error (no_permission) when it took on another user's identity.
    bool send_signal(int signal);
    bool terminate();  ///< SIGTERM
    bool kill();       ///< SIGKILL

    int pid() const noexcept;
    /// Known as soon as the loop has seen it.
    std::optional<ExitStatus> status() const noexcept;
    /// For people: "sleep (pid 4711)".
    const std::string& name() const noexcept;

private:
    friend Process spawn(const ProcessOptions& options);
    explicit Process(detail::Child& child) noexcept : child_(&child) {}
    void drop() noexcept;

    detail::Child* child_;
};

/// Starts a program. asyncio.create_subprocess_exec, but at once: it does not suspend, and blocks
/// the thread until the program is loaded, typically for some hundred microseconds.
///
/// The child inherits no descriptor but 0, 1 and 2 and those that `options` pass, blocks no signal,
/// and ignores only what the program ignores (but SIGPIPE, which is back at its default).
///
/// Errors: Error with the errno of the step that failed: "execute nosuch: No such file or
/// directory", "change to /nowhere: …"; not_supported in the simulation.
Process spawn(const ProcessOptions& options);

}  // namespace rondo::os
