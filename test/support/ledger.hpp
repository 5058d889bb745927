// SPDX-License-Identifier: Apache-2.0
/// What a test must leave behind: nothing.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>

#include "support/recorder.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {

/// How many descriptors this process has open.
std::ptrdiff_t open_descriptors();

/// What may leak, counted.
struct Ledger {
    long frames;
    long tracked;
    std::ptrdiff_t descriptors;

    static Ledger now();
    bool operator==(const Ledger&) const = default;
};

/// Fails the test for each count of `stats` beyond the tasks that are meant to live.
void expect_idle(const LoopStats& stats, std::size_t tasks = 1);

/// Each test ends with the frames, objects and descriptors it began with.
class LedgerTest : public testing::Test {
protected:
    LedgerTest();
    ~LedgerTest() override;
    void TearDown() override;

    Log log;

private:
    Ledger before_;
};

}  // namespace rondo::test
