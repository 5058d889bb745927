// SPDX-License-Identifier: Apache-2.0
// How many seeds it takes to find bugs that only a slow or failing network shows. Prints the table.
#include "sim/planted_network_bugs.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "sim/planted.hpp"

namespace rondo::test {
namespace {

std::size_t runs_needed(const PlantedNetworkBug& bug, Schedule schedule) {
    sim::Plan plan(planted_runs_max, schedule);
    plan.options.faults = bug.faults;
    return median_runs(plan, bug.with_bug);
}

TEST(PlantedNetworkBugs, are_found_by_their_faults_only) {
    std::printf("%-28s %6s %8s  %s\n", "median of runs needed", "fifo", "random", "faults");
    for (const PlantedNetworkBug& bug : planted_network_bugs()) {
        const auto plain = sim::find_failure(300, bug.with_bug);
        EXPECT_FALSE(plain.has_value()) << bug.name << ": " << plain->message();
        const std::size_t fifo = runs_needed(bug, Schedule::fifo);
        const std::size_t random = runs_needed(bug, Schedule::random);
        EXPECT_NE(fifo, 0U) << bug.name;
        EXPECT_NE(random, 0U) << bug.name;
        std::printf("%-28s %6zu %8zu  %s\n", bug.name, fifo, random,
                    sim::to_string(bug.faults).c_str());
    }
}

TEST(PlantedNetworkBugs, the_programs_without_them_pass) {
    for (const PlantedNetworkBug& bug : planted_network_bugs()) {
        sim::Plan plan(500);
        plan.options.faults = bug.faults;
        const auto failure = sim::find_failure(plan, bug.without);
        EXPECT_FALSE(failure.has_value()) << bug.name << ": " << failure->message();
    }
}

// With more faults than it needs, the failure is cut down to those that it needs.
TEST(PlantedNetworkBugs, a_failure_shrinks_to_what_shows_it) {
    for (const PlantedNetworkBug& bug : planted_network_bugs()) {
        sim::Plan plan(planted_runs_max, Schedule::random);
        plan.options.faults = bug.faults.with(sim::Fault::bandwidth).with(sim::Fault::buffers);
        auto failure = sim::find_failure(plan, bug.with_bug);
        ASSERT_TRUE(failure.has_value()) << bug.name;
        std::size_t runs = 0;
        sim::shrink(*failure, [&] {
            ++runs;
            return bug.with_bug();
        });
        EXPECT_LE(runs, 12U);
        ASSERT_TRUE(failure->smaller.has_value()) << bug.name;
        EXPECT_EQ(failure->smaller->seed, failure->report.options.seed);
        const std::string recipe = sim::to_recipe(*failure->smaller);
        EXPECT_LT(sim::to_string(failure->smaller->faults).size(),
                  sim::to_string(plan.options.faults).size());
        EXPECT_NE(failure->message().find("RONDO_SIM=" + recipe), std::string::npos);
        sim::Report report;
        EXPECT_ANY_THROW(sim::run(bug.with_bug, sim::from_recipe(recipe), report)) << recipe;
    }
}

}  // namespace
}  // namespace rondo::test
