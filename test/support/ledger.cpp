// SPDX-License-Identifier: Apache-2.0
#include "support/ledger.hpp"

#include <dirent.h>

namespace rondo::test {

std::ptrdiff_t open_descriptors() {
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

Ledger Ledger::now() { return {detail::local.pool.live, Tracked::live(), open_descriptors()}; }

void expect_idle(const LoopStats& stats, std::size_t tasks) {
    EXPECT_EQ(stats.operations, 0U);
    EXPECT_EQ(stats.timers, 0U);
    EXPECT_EQ(stats.thread_jobs, 0U);
    EXPECT_EQ(stats.tasks, tasks);
}

LedgerTest::LedgerTest() : before_(Ledger::now()) {}
LedgerTest::~LedgerTest() = default;

void LedgerTest::TearDown() {
    const Ledger after = Ledger::now();
    EXPECT_EQ(after.frames, before_.frames) << "coroutine frames or task nodes leaked";
    EXPECT_EQ(after.tracked, before_.tracked) << "objects leaked, or died twice";
    EXPECT_EQ(after.descriptors, before_.descriptors) << "descriptors leaked";
}

}  // namespace rondo::test
