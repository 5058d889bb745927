// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/determinism.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/retry.hpp"
#include "sim/random.hpp"
#include "support/ledger.hpp"
#include "support/wire.hpp"

namespace rondo::test {
namespace {

using sim::check_determinism;
using sim::Options;

class DeterminismTest : public LedgerTest {};

Task<> steps(int count) {
    for (int i = 0; i < count; ++i) {
        co_await yield();
    }
}

Task<> talk() {
    const Pair pair = socket_pair();
    auto [sent, got] =
        co_await gather(send_all(pair.first, std::string(5000, 'x')), receive(pair.second, 5000));
    EXPECT_EQ(sent, 5000);
    EXPECT_EQ(got, 5000U);
}

TEST_F(DeterminismTest, the_simulation_is) {
    for (const char* recipe : {"fifo", "random:3", "reverse", "pct:3:5"}) {
        const sim::Determinism result = check_determinism(
            []() -> Task<> {
                co_await gather(talk(), talk(), steps(5), sleep(3s));
                co_await steps(static_cast<int>(current_loop().driver().entropy() % 5));
            },
            sim::from_recipe(recipe));
        EXPECT_TRUE(result.same) << recipe << ": " << result.difference;
        EXPECT_GT(result.first.steps, 10U);
    }
}

TEST_F(DeterminismTest, finds_dice_that_are_not_the_loops) {
    const sim::Determinism result = check_determinism([]() -> Task<> {
        std::random_device dice;
        for (int i = 0; i < 64; ++i) {
            if (dice() % 2 == 0) {
                co_await yield();
            } else {
                co_await sleep(1ms);
            }
        }
    });
    EXPECT_FALSE(result);
    EXPECT_NE(result.difference.find("first run:  at"), std::string::npos) << result.difference;
    EXPECT_NE(result.difference.find("second run: at"), std::string::npos) << result.difference;
}

TEST_F(DeterminismTest, finds_an_order_by_addresses) {
    const sim::Determinism result = check_determinism([]() -> Task<> {
        std::vector<std::unique_ptr<int>> owned;
        std::set<const int*> by_address;
        for (int i = 0; i < 64; ++i) {
            owned.push_back(std::make_unique<int>(i));
            by_address.insert(owned.back().get());
        }
        std::vector<Task<>> tasks;
        for (const int* number : by_address) {
            tasks.push_back(steps(*number));
        }
        co_await gather(std::move(tasks));
    });
#if RONDO_ASAN
    // It gives addresses in an order of its own, whatever was freed before.
    static_cast<void>(result);
#else
    EXPECT_FALSE(result);
#endif
}

TEST_F(DeterminismTest, finds_a_dependence_on_an_address) {
    std::vector<std::unique_ptr<int[]>> owned;  // by all runs: no address is given twice
    const sim::Determinism result = check_determinism([&]() -> Task<> {
        for (int i = 0; i < 64; ++i) {
            owned.push_back(std::make_unique<int[]>(16));
            rondo::detail::SimRandom dice(reinterpret_cast<std::uintptr_t>(owned.back().get()));
            co_await steps(static_cast<int>(dice.below(8)));
            co_await sleep(1ms);  // or the sum of all draws would be what is compared
        }
    });
    EXPECT_FALSE(result);
}

TEST_F(DeterminismTest, names_the_first_step_that_differs) {
    int runs = 0;
    const sim::Determinism result = check_determinism([&]() -> Task<> {
        ++runs;
        co_await steps(3);
        sim::note("run " + std::to_string(runs));
    });
    EXPECT_EQ(result.difference,
              "step 5\n  first run:  at 0.000000000 s: note: run 1\n"
              "  second run: at 0.000000000 s: note: run 2");
}

TEST_F(DeterminismTest, names_the_task_that_runs_in_one_run_only) {
    int runs = 0;
    const sim::Determinism result = check_determinism([&]() -> Task<> {
        if (++runs == 2) {
            create_task(value_after(1s, 0), "stray").detach();
        }
        co_await sleep(2s);
    });
    EXPECT_NE(result.difference.find("second run: at 0.000000000 s: task 2 \"stray\" begins"),
              std::string::npos)
        << result.difference;
}

TEST_F(DeterminismTest, compares_how_the_runs_end) {
    int runs = 0;
    const sim::Determinism result = check_determinism([&]() -> Task<> {
        if (++runs == 2) {
            throw std::runtime_error("only the second time");
        }
        co_return;
    });
    EXPECT_NE(result.difference.find("note: only the second time"), std::string::npos)
        << result.difference;
}

TEST_F(DeterminismTest, whatever_the_runs_throw) {
    int runs = 0;
    const auto throw_in = [&](int which) {
        runs = 0;
        return check_determinism([&runs, which]() -> Task<> {
            if (++runs == which || which == 0) {
                throw 17;
            }
            co_return;
        });
    };
    EXPECT_TRUE(throw_in(0)) << "both do";
    EXPECT_FALSE(throw_in(1));
    EXPECT_FALSE(throw_in(2));
}

TEST_F(DeterminismTest, a_run_that_is_longer_differs) {
    int runs = 0;
    for (const int longer : {1, 2}) {
        runs = 0;
        const sim::Determinism result =
            check_determinism([&]() -> Task<> { co_await steps(++runs == longer ? 4 : 2); });
        EXPECT_FALSE(result) << longer;
    }
}

}  // namespace
}  // namespace rondo::test
