// SPDX-License-Identifier: Apache-2.0
/// Many tasks on one primitive, with random timeouts and cancels, in an order drawn from the seed.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"

namespace rondo::test {

inline constexpr std::uint64_t stress_seeds = 60;

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    /// Evenly from 0 to `below` - 1.
    int below(int below) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(below)); }
    bool one_in(int count) { return below(count) == 0; }

private:
    std::mt19937_64 engine_;
};

/// Waits a turn, a few milliseconds, or not at all.
inline Task<> some_time(Random& random) {
    const int kind = random.below(4);
    if (kind == 1) {
        co_await yield();
    } else if (kind > 1) {
        co_await sleep(std::chrono::milliseconds(random.below(4)));
    }
}

struct StressOptions {
    int workers = 10;
    int rounds = 12;
};

/// One worker: `round(worker)` again and again, mostly within a short timeout, else a long one.
template <class Round>
Task<> stress_worker(Random& random, Round& round, int worker, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        const bool is_short = !random.one_in(3);
        const auto limit = std::chrono::milliseconds(is_short ? random.below(4) : 500);
        co_await move_on_after(limit, round(worker));
        co_await some_time(random);
    }
}

/// Runs the workers of one seed; a third of them is cancelled on the way. `done()` is called on the
/// loop when all have ended.
template <class Round, class Done>
void stress(std::uint64_t seed, Round round, Done done, StressOptions options = {}) {
    SCOPED_TRACE(seed);
    Random random(seed);
    auto main = [&]() -> Task<> {
        std::vector<TaskHandle<>> workers;
        for (int i = 0; i < options.workers; ++i) {
            workers.push_back(create_task(stress_worker(random, round, i, options.rounds)));
        }
        for (int i = 0; i < options.workers / 3; ++i) {
            co_await some_time(random);
            workers[static_cast<std::size_t>(random.below(options.workers))].cancel();
        }
        for (TaskHandle<>& worker : workers) {
            try {
                co_await worker;
            } catch (const Cancelled&) {
            }
        }
        done();
    };
    run_sim(main, seed);
}

}  // namespace rondo::test
