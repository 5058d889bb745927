// SPDX-License-Identifier: Apache-2.0
/// The drivers a test runs on: the two real ones and the simulation in several orders. With
/// RONDO_DRIVER=uring or epoll the other real one is left out.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "support/driver_choice.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {

/// The first words of a driver's name that gtest can print.
inline std::string driver_name(const RunOptions& options) {
    switch (options.driver) {
        case DriverKind::uring: return "uring";
        case DriverKind::epoll: return "epoll";
        default: break;
    }
    return options.schedule == Schedule::fifo ? "sim" : "sim_seed_" + std::to_string(options.seed);
}

inline std::vector<RunOptions> real_drivers() {
    std::vector<RunOptions> drivers;
    for (const DriverKind kind : {DriverKind::uring, DriverKind::epoll}) {
        RunOptions options;
        options.driver = kind;
        options.handle_signals = false;
        try {
            make_driver(DriverOptions{kind, Schedule::fifo, 1});
        } catch (const Error&) {
            continue;
        }
        if (!is_left_out(kind)) {
            drivers.push_back(options);
        }
    }
    return drivers;
}

inline std::vector<RunOptions> simulated_drivers() {
    std::vector<RunOptions> drivers;
    for (std::uint64_t seed = 0; seed <= 6; ++seed) {
        drivers.push_back(sim_options(seed));
    }
    return drivers;
}

inline std::vector<RunOptions> all_drivers() {
    std::vector<RunOptions> drivers = real_drivers();
    for (const RunOptions& simulated : simulated_drivers()) {
        drivers.push_back(simulated);
    }
    return drivers;
}

inline std::string param_name(const testing::TestParamInfo<RunOptions>& info) {
    return driver_name(info.param);
}

}  // namespace rondo::test

namespace rondo {

/// For GoogleTest, which looks where the type is.
inline void PrintTo(const RunOptions& options, std::ostream* out) {
    *out << test::driver_name(options);
}

}  // namespace rondo
