// SPDX-License-Identifier: Apache-2.0
/// Many trials, in child processes: a crash or a hang costs the child, and the next one goes on
/// behind it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <vector>

#include "torture/trial.hpp"

namespace rondo::test {

/// What came of them. Shared with the children.
struct Tally {
    std::atomic<std::size_t> at{0};                      ///< the trial that runs
    std::array<std::atomic<long>, call_kinds> struck{};  ///< faults, by kind of call
    std::atomic<long> missed{0};                         ///< trials that did not come to the call
    std::atomic<long> passed{0};
    std::atomic<long> failed{0};  ///< with the error, as they may
    std::atomic<long> wrong{0};

    long struck_in_all() const noexcept;
};

/// In memory that children share.
Tally& make_shared_tally();

/// Performs `trials` and adds them to `tally`; prints what is wrong.
void perform_all(const std::vector<Trial>& trials, Tally& tally);

}  // namespace rondo::test
