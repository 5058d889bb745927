// SPDX-License-Identifier: Apache-2.0
/// Tasks that own something while they wait, for the scenarios of cancel_everywhere.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "rondo/coro/yield.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {

/// Runs its scenarios at every point.
class CancelEverywhereFixture : public LedgerTest {
protected:
    /// In the order of the loop, and in two that are drawn.
    static void everywhere(const Scenario& scenario) {
        for (const std::uint64_t seed : {0U, 7U, 8U}) {
            Everywhere where;
            where.seed = seed;
            cancel_everywhere(scenario, where);
        }
    }
    /// Ends after `duration`, by a value or, below, by an error.
    static Task<int> holds(Duration duration, int value) {
        const Tracked held(value);
        co_await sleep(duration);
        co_return held.number();
    }
    static Task<int> turns(int count) {
        const Tracked held(count);
        for (int i = 0; i < count; ++i) {
            co_await yield();
        }
        co_return count;
    }
    static Task<int> fails(Duration duration) {
        const Tracked held(0);
        co_await sleep(duration);
        throw std::runtime_error("fails");
    }
};

}  // namespace rondo::test
