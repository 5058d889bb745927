// SPDX-License-Identifier: Apache-2.0
// Random trees of tasks, by seed, one in four in the loop's own order and the others in one that
// the seed chooses. RONDO_FUZZ_SEEDS says how many, RONDO_FUZZ_FROM which comes first. Each
// coroutine checks that its children's frames died before its own, an operation whose memory dies
// in flight ends the program, and so do a stop that a handler sees and a lock that two tasks hold.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "coro/fuzz_tree.hpp"
#include "rondo/base/config.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/run.hpp"
#include "rondo/sim/run.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

bool is_in_own_order(std::uint64_t seed) { return seed % 4 == 0; }

sim::Options options_of(std::uint64_t seed) {
    switch (seed % 4) {
        case 1: return sim::Options(Schedule::random, seed);
        case 2: return sim::Options(Schedule::reverse, seed);
        default: return sim::pct(static_cast<unsigned>(2 + seed / 4 % 3), seed);
    }
}

/// The main task of one tree; one in three is cancelled from outside. `work` outlives it, for the
/// task that cancels may run once more in the turn in which it ends.
Task<> main_of(FuzzTree& tree, std::uint64_t seed, std::optional<TaskHandle<>>& work) {
    if (seed / 4 % 3 != 0) {
        co_await tree.main();
        co_return;
    }
    work.emplace(create_task(tree.main()));
    create_task([&work, after = std::chrono::microseconds(seed * 37 % 6000)]() -> Task<> {
        co_await sleep(after);
        ++FuzzTree::counts().cancels;
        work->cancel();
    }).detach();
    co_await *work;
}

struct Totals {
    std::uint64_t stopped = 0;
    std::uint64_t steps = 0;
};

void expect_all_gone(EventLoop& loop) {
    expect_idle(loop.stats(), 0);
    EXPECT_EQ(loop.root().first, nullptr) << "scopes";
    EXPECT_FALSE(detail::local.has_ready()) << "ready chains";
    EXPECT_EQ(detail::local.stops, nullptr) << "stopped chains";
}

/// A loop that is watched, as a session's is, takes chains from a list of its own; this one does
/// not.
void run_in_own_order(FuzzTree& tree, std::uint64_t seed, Totals& totals) {
    const long frames = detail::local.pool.live();
    {
        Runner runner(sim_options());
        std::optional<TaskHandle<>> work;
        try {
            runner.run([&] { return main_of(tree, seed, work); });
        } catch (const Cancelled&) {
            ++totals.stopped;
        }
        runner.close();
        expect_all_gone(runner.loop());
    }
    EXPECT_EQ(detail::local.pool.live(), frames);
}

void run_in_drawn_order(FuzzTree& tree, std::uint64_t seed, Totals& totals) {
    sim::Report report;
    {
        sim::detail::Session session(options_of(seed), report);
        std::optional<TaskHandle<>> work;
        auto main = [&] { return main_of(tree, seed, work); };
        try {
            sim::detail::run_in(session, main);
        } catch (const Cancelled&) {
            ++totals.stopped;
        }
        expect_all_gone(session.loop());
    }
    totals.steps += report.steps;
    EXPECT_EQ(report.frames_leaked, 0);
    EXPECT_EQ(report.descriptors_leaked, 0U);
}

/// Runs one tree, and looks at the loop before it goes.
void run_seed(std::uint64_t seed, Totals& totals) {
    FuzzTree tree(seed);
    if (is_in_own_order(seed)) {
        run_in_own_order(tree, seed, totals);
    } else {
        run_in_drawn_order(tree, seed, totals);
    }
    EXPECT_EQ(Living::count(), 0) << "objects";
    tree.expect_nothing_lost();
}

// Sanitizers see most, so they look at most.
constexpr std::uint64_t usual_count = RONDO_ASAN ? 3000 : 200;

class FuzzTest : public LedgerTest {};

TEST_F(FuzzTest, random_trees_of_tasks_leave_nothing_behind) {
    const std::uint64_t first = from_environment("RONDO_FUZZ_FROM", 0);
    const std::uint64_t count = from_environment("RONDO_FUZZ_SEEDS", usual_count);
    Totals totals;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        run_seed(seed, totals);
        ASSERT_FALSE(HasFailure())
            << "RONDO_FUZZ_FROM=" << seed << " RONDO_FUZZ_SEEDS=1, in "
            << (is_in_own_order(seed) ? "the loop's own order" : sim::to_recipe(options_of(seed)));
    }
    const FuzzTree::Counts& drawn = FuzzTree::counts();
    std::printf(
        "%llu trees: %ld nodes, at most %d deep and %d wide; %ld failures, %ld cancels, %llu trees "
        "stopped; %llu steps; left: 0 frames, 0 scopes, 0 timers, %ld destructors checked\n",
        static_cast<unsigned long long>(count), drawn.nodes, drawn.deepest, drawn.widest,
        drawn.failures, drawn.cancels, static_cast<unsigned long long>(totals.stopped),
        static_cast<unsigned long long>(totals.steps), Living::checks());
    if (count >= 100) {
        EXPECT_EQ(drawn.deepest, FuzzTree::depth_max);
        EXPECT_EQ(drawn.widest, FuzzTree::fan_out_max);
    }
}

}  // namespace
}  // namespace rondo::test
