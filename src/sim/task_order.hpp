// SPDX-License-Identifier: Apache-2.0
/// Which ready task runs next in the simulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "rondo/loop/driver.hpp"
#include "rondo/sim/options.hpp"
#include "sim/random.hpp"

namespace rondo::detail {

class TaskOrder {
public:
    explicit TaskOrder(const sim::Options& options);

    /// A place below `count`, or `count`: the turn is over.
    std::size_t choose(const ReadyTask* ready, std::size_t count);

private:
    struct Priority {
        std::int64_t value;
        int yields;  ///< in a row, since the priority was given
        bool ran;    ///< since it was last seen ready
    };

    std::size_t highest(const ReadyTask* ready, std::size_t count);
    std::int64_t priority_of(const ReadyTask& task);
    void draw_changes(const sim::Options& options);

    Schedule schedule_;
    SimRandom dice_;
    bool turn_over_ = false;

    std::uint64_t step_ = 0;
    std::vector<std::uint64_t> changes_;  ///< steps at which priorities change, the last one first
    std::unordered_map<std::uint64_t, Priority> priorities_;
    std::int64_t lowest_ = 0;
};

}  // namespace rondo::detail
