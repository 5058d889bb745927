// SPDX-License-Identifier: Apache-2.0
/// Small programs, each with a concurrency bug that people write. A run in which the bug shows
/// throws, or deadlocks; the program without the bug never does.
#pragma once

#include <vector>

#include "rondo/sim/run.hpp"

namespace rondo::test {

struct PlantedBug {
    const char* name;
    bool fifo_shows_it;
    bool random_shows_it;  ///< in a thousand runs, as a rule
    unsigned depth;        ///< the smallest depth of pct that finds it
    sim::Scenario with_bug;
    sim::Scenario without;
};

std::vector<PlantedBug> planted_bugs();

}  // namespace rondo::test
