// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/explore.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/net/tcp_listener.hpp"
#include "rondo/net/tcp_stream.hpp"
#include "rondo/sync/event.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

using sim::Options;
using sim::Plan;

// Fails exactly when `b` comes first.
Task<> needs_an_order() {
    std::string first;
    auto come = [&](std::string name) -> Task<> {
        if (first.empty()) {
            first = std::move(name);
        }
        co_return;
    };
    co_await gather(come("a"), come("b"));
    if (first == "b") {
        throw std::runtime_error("b came first");
    }
}

class Explore : public LedgerTest {
protected:
    void SetUp() override { unsetenv("RONDO_SIM"); }
    void TearDown() override {
        unsetenv("RONDO_SIM");
        LedgerTest::TearDown();
    }
};

TEST_F(Explore, makes_as_many_runs_as_planned) {
    int runs = 0;
    sim::explore(57, [&]() -> Task<> {
        ++runs;
        co_return;
    });
    EXPECT_EQ(runs, 57);
}

TEST_F(Explore, begins_with_the_real_order_and_the_reverse_and_mixes_the_rest) {
    sim::PlannedRuns runs(Plan(10));
    std::string recipes;
    while (const auto options = runs.next()) {
        recipes += sim::to_recipe(*options) + " ";
    }
    EXPECT_EQ(recipes,
              "fifo:1 reverse:2 random:3 pct:2:4 random:5 pct:3:6 random:7 pct:2:8 random:9 "
              "pct:3:10 ");
}

TEST_F(Explore, tells_pct_how_long_a_run_is) {
    sim::PlannedRuns runs(Plan(2, Schedule::pct));
    runs.next();
    sim::Report report;
    report.steps = 40;
    runs.measured(report);
    EXPECT_EQ(sim::to_recipe(*runs.next()), "pct:3:2:40");
}

TEST_F(Explore, says_how_to_repeat_what_failed) {
    try {
        sim::explore(100, needs_an_order);
        FAIL() << "the second run is in reverse";
    } catch (const sim::ExplorationFailed& failed) {
        EXPECT_STREQ(failed.what(),
                     "run 2 of 100 failed, in order reverse:2:\nb came first\n"
                     "to repeat it, set RONDO_SIM=reverse:2");
        EXPECT_THROW(std::rethrow_exception(failed.failure().error), std::runtime_error);
    }
}

TEST_F(Explore, makes_only_the_run_that_the_variable_asks_for) {
    const auto failure = sim::find_failure({100, Schedule::random}, needs_an_order);
    ASSERT_TRUE(failure);
    const std::string recipe = sim::to_recipe(failure->report.options);
    int runs = 0;
    std::uint64_t seed = 0;
    setenv("RONDO_SIM", recipe.c_str(), 1);
    const auto again = sim::find_failure(100, [&]() -> Task<> {
        ++runs;
        return needs_an_order();
    });
    ASSERT_TRUE(again);
    EXPECT_EQ(runs, 1);
    seed = again->report.options.seed;
    EXPECT_EQ(seed, failure->report.options.seed);
    EXPECT_EQ(again->report.trace_hash, failure->report.trace_hash);
}

TEST_F(Explore, the_variable_also_rules_a_program_that_runs_in_the_simulation) {
    setenv("RONDO_DRIVER", "sim", 1);
    setenv("RONDO_SIM", "reverse", 1);
    RunOptions options;
    options.handle_signals = false;
    EXPECT_THROW(run(needs_an_order, options), std::runtime_error);
    unsetenv("RONDO_SIM");
    EXPECT_NO_THROW(run(needs_an_order, options));
    unsetenv("RONDO_DRIVER");
}

TEST_F(Explore, counts_a_deadlock_a_livelock_and_a_leak_as_failures) {
    const auto stuck = sim::find_failure(3, []() -> Task<> {
        Event never;
        co_await never.wait();
    });
    ASSERT_TRUE(stuck);
    EXPECT_NE(stuck->message().find("deadlock"), std::string::npos);

    Plan plan(3);
    plan.options.steps_max = 500;
    const auto spinning = sim::find_failure(plan, []() -> Task<> {
        for (;;) {
            co_await yield();
        }
    });
    ASSERT_TRUE(spinning);
    EXPECT_NE(spinning->message().find("limit"), std::string::npos);

    const auto leak = sim::find_failure(3, []() -> Task<> {
        int fds[2];
        EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
        co_return;
    });
    ASSERT_TRUE(leak);
    EXPECT_NE(leak->message().find("2 descriptors"), std::string::npos);
}

// Fails when a reply takes longer than a quarter of a second.
Task<> needs_a_slow_network() {
    auto listener = net::TcpListener::listen(net::Address::loopback(0));
    auto serve = [&]() -> Task<> {
        net::TcpStream stream = co_await listener.accept();
        char byte[1];
        const std::size_t got = co_await stream.read_some(byte);
        EXPECT_EQ(got, 1U);
    };
    auto call = [&]() -> Task<> {
        net::TcpStream stream = co_await net::TcpStream::connect(listener.local_address());
        co_await stream.write_all("x");
    };
    co_await timeout(250ms, gather(serve(), call()));
}

TEST_F(Explore, finds_less_that_fails_too) {
    Plan plan(200);
    plan.options.faults = sim::Faults{sim::Fault::latency, sim::Fault::buffers,
                                      sim::Fault::short_io, sim::Fault::bandwidth};
    try {
        sim::explore(plan, needs_a_slow_network);
        FAIL() << "some network is slow";
    } catch (const sim::ExplorationFailed& failed) {
        ASSERT_TRUE(failed.failure().smaller);
        const std::string recipe = sim::to_recipe(*failed.failure().smaller);
        EXPECT_EQ(recipe.substr(0, 5), "fifo:") << recipe;
        EXPECT_EQ(recipe.substr(recipe.find('/')), "/latency") << recipe;
        const std::string what = failed.what();
        EXPECT_NE(what.find("less fails too: set RONDO_SIM=" + recipe), what.npos) << what;
        setenv("RONDO_SIM", recipe.c_str(), 1);
        const auto again = sim::find_failure(plan, needs_a_slow_network);
        ASSERT_TRUE(again);
        EXPECT_EQ(again->runs, 1U);
    }
}

TEST_F(Explore, the_recipe_of_a_run_without_faults_says_so) {
    for (const bool only_fifo : {true, false}) {
        Plan plan(1, only_fifo ? Schedule::fifo : Schedule::random);
        plan.options.faults = sim::Faults::slow();
        const auto always = []() -> Task<> {
            co_await yield();
            throw std::runtime_error("whatever the network does");
        };
        auto failure = sim::find_failure(plan, always);
        ASSERT_TRUE(failure);
        sim::shrink(*failure, always);
        ASSERT_TRUE(failure->smaller);
        const std::string recipe = sim::to_recipe(*failure->smaller);
        const Options again = sim::from_recipe(recipe, plan.options);
        EXPECT_TRUE(again.faults.empty()) << recipe;
        EXPECT_EQ(again.lies(), failure->smaller->lies()) << recipe;
    }
}

TEST_F(Explore, looks_for_nothing_less_when_the_variable_asks_for_a_run) {
    setenv("RONDO_SIM", "random:3/latency+buffers", 1);
    int runs = 0;
    sim::Failure failure;
    failure.report.options.faults = sim::Faults::all();
    sim::shrink(failure, [&]() -> Task<> {
        ++runs;
        co_return;
    });
    EXPECT_EQ(runs, 0);
    EXPECT_FALSE(failure.smaller);
}

TEST_F(Explore, different_seeds_are_different_runs) {
    std::set<std::uint64_t> traces;
    sim::PlannedRuns runs(Plan(50, Schedule::random));
    while (const auto options = runs.next()) {
        sim::Report report;
        sim::run(
            []() -> Task<> {
                auto some = []() -> Task<> {
                    for (int i = 0; i < 10; ++i) {
                        co_await yield();
                    }
                };
                co_await gather(some(), some(), some());
            },
            *options, report);
        traces.insert(report.trace_hash);
    }
    EXPECT_EQ(traces.size(), 50U);
}

}  // namespace
}  // namespace rondo::test
