// SPDX-License-Identifier: Apache-2.0
// Random trees of tasks, by seed. RONDO_FUZZ_SEEDS says how many, RONDO_FUZZ_FROM which comes
// first. Each coroutine checks that its children's frames died before its own, an operation whose
// memory dies in flight ends the program, and so does a stop that a handler sees.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "coro/fuzz_tree.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Runs one tree; odd seeds draw the order of ready tasks too, and every fourth run is cancelled
/// from outside. True: it was stopped.
bool run_seed(std::uint64_t seed) {
    FuzzTree tree(seed);
    auto main = [&]() -> Task<> {
        if (seed % 4 == 0) {
            std::optional<TaskHandle<>> work;
            work.emplace(create_task(tree.main()));
            create_task([&, after = std::chrono::microseconds(seed * 37 % 6000)]() -> Task<> {
                co_await sleep(after);
                work->cancel();
            }).detach();
            co_await *work;
        } else {
            co_await tree.main();
        }
    };
    bool stopped = false;
    try {
        run_sim(main, seed % 2 == 1 ? seed : 0);
    } catch (const Cancelled&) {
        stopped = true;
    }
    return stopped;
}

class FuzzTest : public LedgerTest {};

TEST_F(FuzzTest, random_trees_of_tasks_leave_nothing_behind) {
    const std::uint64_t first = from_environment("RONDO_FUZZ_FROM", 0);
    const std::uint64_t count = from_environment("RONDO_FUZZ_SEEDS", 100);
    const long frames = detail::local.pool.live;
    std::uint64_t stopped = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        stopped += run_seed(seed) ? 1 : 0;
        ASSERT_EQ(detail::local.pool.live, frames) << "frames leaked by seed " << seed;
        ASSERT_EQ(Living::count(), 0) << "objects leaked by seed " << seed;
        ASSERT_FALSE(detail::local.has_ready()) << "seed " << seed;
        ASSERT_EQ(detail::local.stops, nullptr) << "seed " << seed;
    }
    std::printf("%llu seeds, %llu stopped, %ld destructors checked\n",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(stopped),
                Living::checks());
}

}  // namespace
}  // namespace rondo::test
