// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/options.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "rondo/base/error.hpp"

namespace rondo::test {
namespace {

using sim::Options;

TEST(Recipe, says_schedule_and_seed) {
    EXPECT_EQ(sim::to_recipe(Options()), "fifo:1");
    EXPECT_EQ(sim::to_recipe(Options(Schedule::random, 77)), "random:77");
    EXPECT_EQ(sim::to_recipe(Options(Schedule::reverse, 2)), "reverse:2");
    EXPECT_EQ(sim::to_recipe(sim::pct(2, 9)), "pct:2:9");
    EXPECT_EQ(sim::to_recipe(sim::pct(2, 9, 340)), "pct:2:9:340");
}

TEST(Recipe, is_read_back) {
    const char* const recipes[] = {"fifo:1", "random:18446744073709551615", "reverse:2", "pct:2:9",
                                   "pct:3:12:400"};
    for (const char* recipe : recipes) {
        EXPECT_EQ(sim::to_recipe(sim::from_recipe(recipe)), recipe);
    }
}

TEST(Recipe, says_what_goes_wrong_in_the_network_if_the_options_do) {
    Options options(Schedule::random, 5);
    options.faults = sim::Faults{sim::Fault::resets, sim::Fault::latency};
    EXPECT_EQ(sim::to_recipe(options), "random:5/lies+latency+resets");
    options.network_lies = false;
    EXPECT_EQ(sim::to_recipe(options), "random:5/latency+resets");
    options.faults = sim::Faults();
    EXPECT_EQ(sim::to_recipe(options), "random:5/none");
    options.faults = sim::Faults::all();
    EXPECT_EQ(sim::to_recipe(options),
              "random:5/latency+bandwidth+loss+buffers+short_io+resets+refusals+black_holes+"
              "partitions+calls");
    EXPECT_EQ(sim::from_recipe(sim::to_recipe(options)).faults, sim::Faults::all());
}

TEST(Recipe, that_says_it_replaces_what_the_program_set) {
    Options base;
    base.faults = sim::Faults::all();
    base.network.buffer = 77;
    EXPECT_EQ(sim::from_recipe("random:3", base).faults, sim::Faults::all());
    const Options some = sim::from_recipe("random:3/lies+calls", base);
    EXPECT_EQ(some.faults, sim::Faults{sim::Fault::calls});
    EXPECT_TRUE(some.lies());
    EXPECT_EQ(some.network.buffer, 77U);
    const Options none = sim::from_recipe("pct:2:3/none", base);
    EXPECT_TRUE(none.faults.empty());
    EXPECT_FALSE(none.lies());
}

TEST(Faults, are_a_set) {
    using sim::Fault;
    using sim::Faults;
    EXPECT_TRUE(Faults().empty());
    const Faults two = Faults{Fault::latency}.with(Fault::calls);
    EXPECT_TRUE(two.has(Fault::latency) && two.has(Fault::calls) && !two.has(Fault::loss));
    EXPECT_EQ(two.without(Fault::calls), Faults{Fault::latency});
    Faults all;
    for (const Fault fault : sim::all_faults) {
        all = all.with(fault);
        EXPECT_NE(sim::to_string(fault), "?");
    }
    EXPECT_EQ(all, Faults::all());
}

TEST(Recipe, may_leave_the_seed_out) {
    EXPECT_EQ(sim::to_recipe(sim::from_recipe("random")), "random:1");
    EXPECT_EQ(sim::to_recipe(sim::from_recipe("pct:4")), "pct:4:1");
}

TEST(Recipe, leaves_what_it_does_not_hold) {
    Options base;
    base.steps_max = 5;
    base.network_lies = false;
    const Options options = sim::from_recipe("random:3", base);
    EXPECT_EQ(options.steps_max, 5U);
    EXPECT_FALSE(options.lies());
}

TEST(Recipe, refuses_what_is_none) {
    const char* const wrong[] = {"",
                                 "best",
                                 "random:",
                                 "random:x",
                                 "random:1:2",
                                 "pct",
                                 "pct:0:1",
                                 "pct:101:1",
                                 "pct:2:1:3:4",
                                 "fifo:-1",
                                 "random;1",
                                 "random:1 ",
                                 "random:1/",
                                 "random:1/latency+",
                                 "random:1/latency,loss",
                                 "random:1/none+loss",
                                 "random/thunder",
                                 "random:18446744073709551616"};
    for (const char* recipe : wrong) {
        EXPECT_THROW(sim::from_recipe(recipe), Error) << recipe;
    }
}

TEST(Recipe, comes_from_the_variable) {
    unsetenv("RONDO_SIM");
    EXPECT_FALSE(sim::from_environment());
    setenv("RONDO_SIM", "pct:2:5", 1);
    EXPECT_EQ(sim::to_recipe(*sim::from_environment()), "pct:2:5");
    setenv("RONDO_SIM", "nonsense", 1);
    EXPECT_THROW(sim::from_environment(), Error);
    unsetenv("RONDO_SIM");
}

TEST(SimOptions, the_network_tells_the_truth_in_the_order_of_the_real_loop_only) {
    EXPECT_FALSE(Options().lies());
    EXPECT_TRUE(Options(Schedule::random).lies());
    EXPECT_TRUE(Options(Schedule::reverse).lies());
    EXPECT_TRUE(sim::pct(2, 1).lies());
    Options options;
    options.network_lies = true;
    EXPECT_TRUE(options.lies());
}

}  // namespace
}  // namespace rondo::test
