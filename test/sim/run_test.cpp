// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/run.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/task_info.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/event.hpp"
#include "support/ledger.hpp"
#include "support/wire.hpp"

namespace rondo::test {
namespace {

using sim::Options;
using sim::Report;

class SimRun : public LedgerTest {
protected:
    Report report;
};

TEST_F(SimRun, gives_the_result_and_the_virtual_time) {
    const int value = sim::run(value_after(3h, 7), Options(), report);
    EXPECT_EQ(value, 7);
    EXPECT_EQ(report.elapsed, 3h);
    EXPECT_GT(report.steps, 0U);
    EXPECT_TRUE(report.left_running.empty());
    EXPECT_FALSE(report.leaked());
}

TEST_F(SimRun, the_report_is_complete_when_it_throws) {
    EXPECT_THROW(sim::run(fail_after(2s, "boom"), Options(Schedule::random, 4), report),
                 std::runtime_error);
    EXPECT_EQ(report.elapsed, 2s);
    EXPECT_EQ(sim::to_recipe(report.options), "random:4");
}

TEST_F(SimRun, the_clock_is_exact) {
    sim::run([]() -> Task<> {
        const TimePoint start = now();
        co_await sleep(1s);
        EXPECT_EQ(now() - start, 1s);
        for (int i = 0; i < 1000; ++i) {
            co_await yield();
        }
        EXPECT_EQ(now() - start, 1s) << "running takes no time";
        co_await sleep(1500us);
        EXPECT_EQ(now() - start, 1s + 2ms) << "timers are rounded up to a millisecond";
        co_await gather(sleep(5s), sleep(3s), sleep(4s));
        EXPECT_EQ(now() - start, 6s + 2ms);
        const auto late = co_await move_on_after(30s, sleep(100h));
        EXPECT_FALSE(late.has_value());
        EXPECT_EQ(now() - start, 36s + 2ms);
    });
}

TEST_F(SimRun, a_step_may_cost_time) {
    Options options;
    options.step_cost = 1us;
    sim::run(
        []() -> Task<> {
            const TimePoint end = now() + 5ms;
            while (now() < end) {
                co_await yield();
            }
        },
        options, report);
    EXPECT_GE(report.elapsed, 5ms);
    EXPECT_LT(report.elapsed, 6ms);
}

TEST_F(SimRun, tells_the_tree_when_all_wait) {
    try {
        sim::run([]() -> Task<> {
            Event never;
            co_await gather(never.wait(), never.wait());
        });
        FAIL() << "it cannot end";
    } catch (const Deadlock& deadlock) {
        EXPECT_NE(std::string(deadlock.what()).find("gather"), std::string::npos);
    }
}

TEST_F(SimRun, ends_a_livelock_with_a_report) {
    for (const Schedule schedule :
         {Schedule::fifo, Schedule::random, Schedule::reverse, Schedule::pct}) {
        Options options(schedule);
        options.steps_max = 10'000;
        try {
            sim::run(
                []() -> Task<> {
                    set_task_name("spinner");
                    for (;;) {
                        co_await yield();
                    }
                },
                options, report);
            FAIL() << "it cannot end";
        } catch (const LimitReached& limit) {
            EXPECT_NE(std::string(limit.what()).find("spinner"), std::string::npos);
        }
        EXPECT_GE(report.steps, 10'000U);
        EXPECT_LT(report.steps, 10'100U);
    }
}

TEST_F(SimRun, ends_a_livelock_behind_a_shield) {
    Options options;
    options.steps_max = 1000;
    auto spin = []() -> Task<> {
        for (;;) {
            co_await yield();
        }
    };
    EXPECT_THROW(sim::run([&]() -> Task<> { co_await shield(spin(), 1h); }, options), LimitReached);
}

TEST_F(SimRun, ends_at_the_limit_of_virtual_time) {
    Options options;
    options.time_max = 10s;
    EXPECT_NO_THROW(sim::run(sleep(10s), options));
    auto beats = []() -> Task<> {
        for (;;) {
            co_await sleep(3s);
        }
    };
    EXPECT_THROW(sim::run(beats(), options, report), LimitReached);
    EXPECT_GE(report.elapsed, 10s);
    EXPECT_LT(report.elapsed, 11s);
}

TEST_F(SimRun, tells_what_was_left_running) {
    sim::run(
        []() -> Task<> {
            create_task(value_after(1h, 0), "heartbeat").detach();
            co_await yield();
        },
        Options(), report);
    EXPECT_NE(report.left_running.find("heartbeat"), std::string::npos) << report.left_running;
}

TEST_F(SimRun, a_task_whose_handle_was_dropped_is_not_left_running) {
    sim::run(
        []() -> Task<> {
            const TaskHandle<> beats = create_task(sleep(1h));
            co_await yield();
        },
        Options(), report);
    EXPECT_EQ(report.left_running, "");
}

TEST_F(SimRun, counts_the_descriptors_that_nobody_closed) {
    sim::run(
        []() -> Task<> {
            int fds[2];
            EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
            co_return;
        },
        Options(), report);
    EXPECT_EQ(report.descriptors_leaked, 2U);
    EXPECT_TRUE(report.leaked());
}

TEST_F(SimRun, counts_the_frames_that_live_on) {
    std::vector<Task<int>> kept;
    sim::run(
        [&]() -> Task<> {
            kept.push_back(ready_value(1));
            co_return;
        },
        Options(), report);
    EXPECT_EQ(report.frames_leaked, 1);
}

Task<> exchange() {
    const Pair pair = socket_pair();
    auto [sent, got] = co_await gather(send_all(pair.first, std::string(100'000, 'x')),
                                       receive(pair.second, 100'000));
    EXPECT_EQ(sent, 100'000);
    EXPECT_EQ(got, 100'000U);
}

TEST_F(SimRun, the_trace_is_a_function_of_the_recipe) {
    std::set<std::uint64_t> hashes;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        sim::run(exchange, Options(Schedule::random, seed), report);
        const Report again = std::exchange(report, Report());
        sim::run(exchange, Options(Schedule::random, seed), report);
        EXPECT_EQ(report.trace_hash, again.trace_hash);
        EXPECT_EQ(report.steps, again.steps);
        hashes.insert(report.trace_hash);
    }
    EXPECT_EQ(hashes.size(), 20U);
}

TEST_F(SimRun, a_network_that_does_not_lie_delivers_all_at_once) {
    Options options(Schedule::random, 3);
    sim::run(exchange, options, report);
    const std::uint64_t lying = report.steps;
    options.network_lies = false;
    sim::run(exchange, options, report);
    EXPECT_LT(report.steps, lying);
}

TEST_F(SimRun, a_note_is_part_of_the_trace) {
    auto noting = [&](std::string text) {
        sim::run(
            [&]() -> Task<> {
                sim::note(text);
                co_return;
            },
            Options(), report);
        return report.trace_hash;
    };
    EXPECT_EQ(noting("one"), noting("one"));
    EXPECT_NE(noting("one"), noting("two"));
    sim::note("outside of a run it does nothing");
}

}  // namespace
}  // namespace rondo::test
