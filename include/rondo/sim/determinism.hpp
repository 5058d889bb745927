// SPDX-License-Identifier: Apache-2.0
/// Whether a scenario does the same when nothing but the memory it gets is different.
#pragma once

#include <cstdint>
#include <string>

#include "rondo/sim/run.hpp"

namespace rondo::sim {

struct Determinism {
    bool same = true;
    Report first;            ///< of the first of the two runs
    std::string difference;  ///< empty, or the first step that differed, of both runs

    explicit operator bool() const noexcept { return same; }
};

/// Runs `scenario` twice under `options` and compares them step by step: which task ran when, each
/// call to the network with its result, each note(). The second run gets other memory, so that an
/// order by addresses shows. What the scenario throws is compared too, and not thrown.
///
/// Not promised: that it finds what depends on the process, the machine or the hour. Compare
/// Report::trace_hash between processes for that.
Determinism check_determinism(const Scenario& scenario, const Options& options = Options());

}  // namespace rondo::sim
