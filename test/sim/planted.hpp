// SPDX-License-Identifier: Apache-2.0
/// What the programs with planted bugs and their tests share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "rondo/sim/explore.hpp"

namespace rondo::test {

/// How a program says that its bug has shown.
inline void expect(bool holds, const char* otherwise) {
    if (!holds) {
        throw std::logic_error(otherwise);
    }
}

inline constexpr std::size_t planted_runs_max = 1000;

/// Runs until the first failure, the median over different first seeds; 0: none was found.
inline std::size_t median_runs(sim::Plan plan, const sim::Scenario& scenario) {
    constexpr std::size_t samples = 9;
    std::vector<std::size_t> needed;
    for (std::size_t sample = 0; sample < samples; ++sample) {
        plan.options.seed = 1 + sample * 10'000;
        const auto failure = sim::find_failure(plan, scenario);
        needed.push_back(failure ? failure->run : planted_runs_max + 1);
    }
    std::nth_element(needed.begin(), needed.begin() + samples / 2, needed.end());
    return needed[samples / 2] > planted_runs_max ? 0 : needed[samples / 2];
}

}  // namespace rondo::test
