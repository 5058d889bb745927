// SPDX-License-Identifier: Apache-2.0
/// Runs a program in the simulation: on virtual time, in a chosen order, with a network in memory.
///
/// Everything of it is deterministic but what the program itself takes from elsewhere: threads of
/// its own, clocks and dice that are not the loop's, addresses as keys, uninitialised memory.
/// check_determinism() finds these. to_thread runs its function on the loop; files are real.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/loop/run.hpp"
#include "rondo/sim/options.hpp"

namespace rondo::detail {
class SimDriver;
class TraceListener;
}  // namespace rondo::detail

namespace rondo::sim {

/// What is tested: called once for each run, and must make all it uses anew.
using Scenario = std::function<Task<>()>;

/// What there is to know of a run that ended.
struct Report {
    Options options;
    std::uint64_t steps = 0;       ///< tasks resumed, calls to the network, arrivals
    std::uint64_t calls = 0;       ///< of them, calls to the network
    Duration elapsed{0};           ///< virtual time
    std::uint64_t trace_hash = 0;  ///< of all that happened, in order
    /// The tree of tasks, if some still ran when the main task had ended and nobody had cancelled
    /// them; then they were.
    std::string left_running;
    long frames_leaked = 0;              ///< frames of this thread after the run, less those before
    std::size_t descriptors_leaked = 0;  ///< of the simulated network

    bool leaked() const noexcept { return frames_leaked > 0 || descriptors_leaked != 0; }
};

namespace detail {

/// One run: the loop on its driver, and the books before and after.
class Session {
public:
    Session(const Options& options, Report& report,
            rondo::detail::TraceListener* listener = nullptr);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    /// Writes the report.
    ~Session();

    EventLoop& loop() noexcept { return *loop_; }
    /// Runs until `main` and all others ended.
    void run(rondo::detail::Scope& main);

private:
    Report& report_;
    long frames_before_;
    rondo::detail::SimDriver* driver_;
    std::unique_ptr<EventLoop> loop_;
};

template <class F>
rondo::detail::result_of_start<F> run_in(Session& session, F&& main) {
    using Result = rondo::detail::result_of_start<F>;
    rondo::detail::MainScope<Result, rondo::detail::StarterOf<F>> scope(std::in_place,
                                                                        std::forward<F>(main));
    scope.start(session.loop());
    session.run(scope);
    session.loop().throw_deadlock();
    if (scope.state == rondo::detail::ScopeState::stopped) {
        throw Cancelled(scope.reason);
    }
    if constexpr (std::is_void_v<Result>) {
        scope.get();
    } else {
        return scope.get();
    }
}

}  // namespace detail

/// As rondo::run(), in the simulation, whatever RONDO_DRIVER says; signals are left alone. `report`
/// is complete when the call has returned or thrown.
///
/// Requires: no loop runs on this thread.
/// Errors: throws what `main` threw; Deadlock, when all wait for ever; LimitReached; Cancelled.
template <class F>
    requires rondo::detail::Startable<F>
rondo::detail::result_of_start<F> run(F&& main, const Options& options, Report& report) {
    detail::Session session(options, report);
    return detail::run_in(session, std::forward<F>(main));
}
template <class F>
    requires rondo::detail::Startable<F>
rondo::detail::result_of_start<F> run(F&& main, const Options& options = Options()) {
    Report report;
    return run(std::forward<F>(main), options, report);
}

/// Adds `text` to what check_determinism() compares and the trace hash covers. No effect outside of
/// the simulation.
void note(std::string_view text);

}  // namespace rondo::sim
