// SPDX-License-Identifier: Apache-2.0
/// What a test must leave behind: nothing.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "support/recorder.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {

/// How many descriptors this process has open.
inline std::ptrdiff_t descriptors_open() {
    DIR* const folder = opendir("/proc/self/fd");
    if (folder == nullptr) {
        return -1;
    }
    std::ptrdiff_t count = 0;
    while (readdir(folder) != nullptr) {
        ++count;
    }
    closedir(folder);
    return count;
}

/// What may leak, counted.
struct Ledger {
    long frames;
    long tracked;
    std::ptrdiff_t descriptors;

    static Ledger now() { return {detail::local.pool.live(), Tracked::live(), descriptors_open()}; }
};

/// Fails the test for each count of `stats` beyond the tasks that are meant to live.
inline void expect_idle(const LoopStats& stats, std::size_t tasks = 1) {
    EXPECT_EQ(stats.operations, 0U);
    EXPECT_EQ(stats.timers, 0U);
    EXPECT_EQ(stats.thread_jobs, 0U);
    EXPECT_EQ(stats.tasks, tasks);
}

/// Each test ends with the frames, objects and descriptors it began with.
class LedgerTest : public testing::Test {
protected:
    void TearDown() override {
        const Ledger after = Ledger::now();
        EXPECT_EQ(after.frames, before_.frames) << "coroutine frames or task nodes leaked";
        EXPECT_EQ(after.tracked, before_.tracked) << "objects leaked, or died twice";
        EXPECT_EQ(after.descriptors, before_.descriptors) << "descriptors leaked";
    }

    Log log;

private:
    Ledger before_ = Ledger::now();
};

}  // namespace rondo::test
