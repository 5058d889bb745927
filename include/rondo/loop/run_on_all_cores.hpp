// SPDX-License-Identifier: Apache-2.0
/// run_on_all_cores(): a loop on each of many threads.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/loop/run.hpp"

namespace rondo {

/// How run_on_all_cores() runs. Members are trivially destructible: safe in any call on g++ 12.
struct AllCoresOptions {
    unsigned threads = 0;  ///< 0: one for each processor that this process may use
    bool pin = false;      ///< each thread stays on one of these processors, in turn
    RunOptions run;        ///< of each loop
};

namespace detail {

template <class F>
struct CoreCall;
template <class F>
    requires std::is_invocable_v<const F&, unsigned>
struct CoreCall<F> {
    static decltype(auto) call(const F& function, unsigned core) { return function(core); }
};
template <class F>
    requires(!std::is_invocable_v<const F&, unsigned> && std::is_invocable_v<const F&>)
struct CoreCall<F> {
    static decltype(auto) call(const F& function, unsigned) { return function(); }
};

/// One core's call, kept by its loop until its main task has ended.
template <class F>
struct CoreMain {
    const F* function;
    unsigned core;

    decltype(auto) operator()() const { return CoreCall<F>::call(*function, core); }
};

/// What each thread does, on its loop: throws what the main task threw.
struct CoreBody {
    void* self;
    void (*run)(void* self, unsigned core, Runner& runner);
};

/// How many loops `options` ask for.
unsigned count_cores(const AllCoresOptions& options);
/// Runs `body` on `cores` threads, and returns when all have ended; throws the first failure.
void run_cores(const AllCoresOptions& options, unsigned cores, CoreBody body);

}  // namespace detail

/// Runs `function` on many threads at once, each with a loop of its own, and returns when all have
/// ended. The main task of each loop is what `function(core)` or `function()` gives: a task, or
/// what else run() takes; `core` counts from 0. Results come as a vector, in order of cores.
///
/// Everything that run() says holds for each loop. `function` is called by all threads at once, as
/// a constant; what it refers to is shared by them. This thread only waits.
///
/// The first failure cancels the main tasks of the other loops, and is thrown when all have ended;
/// later ones are suppressed_errors(). SIGINT and SIGTERM: the first cancels all main tasks; a
/// second one exits at once.
///
/// In the simulation there is one loop, whatever `threads` says: simulated worlds do not meet.
///
/// Requires: no loop runs on this thread.
/// Errors: what a main task threw; Interrupted; Cancelled, when a main task was stopped otherwise;
/// Error (exhausted), when a thread cannot be started; Error, when the driver cannot be had.
template <class F>
    requires detail::Startable<detail::CoreMain<F>>
auto run_on_all_cores(const F& function, AllCoresOptions options = {}) {
    using T = detail::result_of_start<detail::CoreMain<F>>;
    constexpr bool gives_nothing = std::is_void_v<T>;
    struct State {
        const F* function;
        std::vector<std::optional<detail::Value<T>>> results;
    };
    State state{&function, {}};
    const unsigned cores = detail::count_cores(options);
    state.results.resize(cores);
    const auto run_one = [](void* self, unsigned core, Runner& runner) {
        auto& shared = *static_cast<State*>(self);
        const detail::CoreMain<F> main{shared.function, core};
        if constexpr (gives_nothing) {
            runner.run_and_close(main);
        } else {
            shared.results[core].emplace(runner.run_and_close(main));
        }
    };
    detail::run_cores(options, cores, detail::CoreBody{&state, run_one});
    if constexpr (!gives_nothing) {
        std::vector<detail::Value<T>> values;
        values.reserve(cores);
        for (std::optional<detail::Value<T>>& result : state.results) {
            values.push_back(std::move(*result));
        }
        return values;
    }
}

}  // namespace rondo
