// SPDX-License-Identifier: Apache-2.0
/// Runs a task on virtual time: a test of an hour takes microseconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/loop/run.hpp"
#include "rondo/loop/sleep.hpp"

namespace rondo::test {

using namespace std::chrono_literals;

/// Options of the simulation. Seed 0: first come, first served; else the order is drawn.
inline RunOptions sim_options(std::uint64_t seed = 0) {
    RunOptions options;
    options.driver = DriverKind::sim;
    options.schedule = seed != 0 ? Schedule::random : Schedule::fifo;
    options.seed = seed;
    options.handle_signals = false;
    return options;
}

template <class F>
auto run_sim(F&& main, std::uint64_t seed = 0) {
    return run(std::forward<F>(main), sim_options(seed));
}

/// Gives `value` after `duration`; 0 is one turn.
template <class T>
Task<T> value_after(Duration duration, T value) {
    co_await sleep(duration);
    co_return value;
}

/// Throws std::runtime_error(what) after `duration`.
inline Task<int> fail_after(Duration duration, std::string what) {
    co_await sleep(duration);
    throw std::runtime_error(what);
}

inline Task<int> fail_at_once(std::string what) {
    throw std::runtime_error(what);
    co_return 0;
}

inline Task<int> ready_value(int value) { co_return value; }

/// Waits for something that does not come.
inline Task<int> forever() {
    co_await sleep(10'000h);
    co_return 0;
}

}  // namespace rondo::test
