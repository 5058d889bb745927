// SPDX-License-Identifier: Apache-2.0
/// Small distributed programs, each with a bug that only a network shows that takes its time, or
/// fails. A run in which the bug shows throws, or deadlocks; the program without it never does.
#pragma once

#include <vector>

#include "rondo/sim/faults.hpp"
#include "rondo/sim/run.hpp"

namespace rondo::test {

struct PlantedNetworkBug {
    const char* name;
    sim::Faults faults;  ///< that show it
    sim::Scenario with_bug;
    sim::Scenario without;
};

std::vector<PlantedNetworkBug> planted_network_bugs();

}  // namespace rondo::test
