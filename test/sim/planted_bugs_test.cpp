// SPDX-License-Identifier: Apache-2.0
// How many seeds each schedule needs for bugs that people write. Prints the table.
#include "sim/planted_bugs.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "sim/planted.hpp"

namespace rondo::test {
namespace {

struct Way {
    const char* name;
    Schedule schedule;
    unsigned depth;
};

constexpr Way ways[] = {
    {"random", Schedule::random, 0},
    {"pct d=2", Schedule::pct, 2},
    {"pct d=3", Schedule::pct, 3},
};

std::size_t runs_needed(const sim::Scenario& scenario, const Way& way) {
    sim::Plan plan(planted_runs_max, way.schedule);
    plan.options.pct_depth = way.depth;
    return median_runs(plan, scenario);
}

std::string cell(std::size_t runs) { return runs == 0 ? "-" : std::to_string(runs); }

TEST(PlantedBugs, are_found_by_the_drawn_orders_and_seldom_by_the_real_one) {
    std::printf("%-32s %6s %8s %8s %8s %8s\n", "median of runs needed", "fifo", "reverse",
                ways[0].name, ways[1].name, ways[2].name);
    for (const PlantedBug& bug : planted_bugs()) {
        const bool fifo = sim::find_failure({1, Schedule::fifo}, bug.with_bug).has_value();
        const bool reverse = sim::find_failure({1, Schedule::reverse}, bug.with_bug).has_value();
        EXPECT_EQ(fifo, bug.fifo_shows_it) << bug.name;
        std::size_t needed[std::size(ways)] = {};
        for (std::size_t i = 0; i < std::size(ways); ++i) {
            needed[i] = runs_needed(bug.with_bug, ways[i]);
            const bool found = ways[i].schedule == Schedule::random ? bug.random_shows_it
                                                                    : bug.depth <= ways[i].depth;
            EXPECT_EQ(needed[i] != 0, found) << bug.name << ", by " << ways[i].name;
        }
        std::printf("%-32s %6s %8s %8s %8s %8s\n", bug.name, cell(fifo ? 1 : 0).c_str(),
                    cell(reverse ? 1 : 0).c_str(), cell(needed[0]).c_str(), cell(needed[1]).c_str(),
                    cell(needed[2]).c_str());
    }
}

TEST(PlantedBugs, the_programs_without_them_pass_in_every_order) {
    for (const PlantedBug& bug : planted_bugs()) {
        const auto failure = sim::find_failure(500, bug.without);
        EXPECT_FALSE(failure.has_value()) << bug.name << ": " << failure->message();
    }
}

}  // namespace
}  // namespace rondo::test
