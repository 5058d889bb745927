// SPDX-License-Identifier: Apache-2.0
// Each schedule does what it says.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/sim/run.hpp"
#include "rondo/sync/event.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

using sim::Options;

Task<> say(Log& log, std::string word, int times) {
    for (int i = 0; i < times; ++i) {
        log.say(word);
        co_await yield();
    }
}

std::string order_of(const Options& options, int times = 1) {
    Log log;
    sim::run(
        [&]() -> Task<> {
            co_await gather(say(log, "a", times), say(log, "b", times), say(log, "c", times));
        },
        options);
    return log.text();
}

class SimOrder : public LedgerTest {};

TEST_F(SimOrder, fifo_is_the_order_of_the_real_loop) {
    EXPECT_EQ(order_of(Options(), 2), "a b c a b c");
    run_sim(
        [&]() -> Task<> { co_await gather(say(log, "a", 2), say(log, "b", 2), say(log, "c", 2)); });
    EXPECT_EQ(log.text(), "a b c a b c");
}

TEST_F(SimOrder, fifo_does_not_depend_on_the_seed) {
    EXPECT_EQ(order_of(Options(Schedule::fifo, 5), 2), order_of(Options(Schedule::fifo, 6), 2));
}

TEST_F(SimOrder, reverse_runs_each_turn_backwards) {
    EXPECT_EQ(order_of(Options(Schedule::reverse)), "c b a");
    EXPECT_EQ(order_of(Options(Schedule::reverse), 2), "c b a a b c")
        << "who ran last in a turn yielded last, and so comes first in the next one";
}

TEST_F(SimOrder, random_gives_each_order_and_the_same_one_for_a_seed) {
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const std::string order = order_of(Options(Schedule::random, seed));
        EXPECT_EQ(order, order_of(Options(Schedule::random, seed)));
        ++seen[order];
    }
    EXPECT_EQ(seen.size(), 6U);
    for (const auto& [order, times] : seen) {
        EXPECT_GT(times, 25) << order;
    }
}

TEST_F(SimOrder, random_lets_a_task_overtake_by_many_steps) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        seen.insert(order_of(Options(Schedule::random, seed), 2));
    }
    EXPECT_TRUE(seen.contains("a a b b c c") || seen.contains("c c b b a a")) << seen.size();
    EXPECT_GT(seen.size(), 60U) << "of 90";
}

TEST_F(SimOrder, pct_gives_each_order_and_the_same_one_for_a_recipe) {
    std::map<std::string, int> seen;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const std::string order = order_of(sim::pct(1, seed));
        EXPECT_EQ(order, order_of(sim::pct(1, seed)));
        ++seen[order];
    }
    EXPECT_EQ(seen.size(), 6U);
}

// Without changes of priority a task runs until it waits, and goes on as soon as it can.
TEST_F(SimOrder, pct_lets_the_highest_run_until_it_waits) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Log words;
        sim::run(
            [&]() -> Task<> {
                Event event;
                auto wakes = [&]() -> Task<> {
                    words.say("sets");
                    event.set();
                    words.say("ends");
                    co_return;
                };
                auto waits = [&]() -> Task<> {
                    words.say("waits");
                    co_await event.wait();
                    words.say("woke");
                };
                auto other = [&]() -> Task<> {
                    words.say("other");
                    co_return;
                };
                co_await gather(waits(), wakes(), other());
            },
            sim::pct(1, seed));
        seen.insert(words.text());
    }
    EXPECT_TRUE(seen.contains("waits sets ends woke other"));
    EXPECT_TRUE(seen.contains("waits other sets ends woke"));
    EXPECT_FALSE(seen.contains("waits sets ends other woke"))
        << "it waited first, so it is higher than the other, which had not begun";
}

TEST_F(SimOrder, a_task_that_yields_starves_nobody_under_pct) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        bool set = false;
        sim::run(
            [&]() -> Task<> {
                auto spins = [&]() -> Task<> {
                    while (!set) {
                        co_await yield();
                    }
                };
                auto sets = [&]() -> Task<> {
                    set = true;
                    co_return;
                };
                co_await gather(spins(), sets());
            },
            sim::pct(3, seed));
        EXPECT_TRUE(set);
    }
}

TEST_F(SimOrder, the_options_of_run_choose_too) {
    RunOptions options = sim_options();
    options.schedule = Schedule::reverse;
    run([&]() -> Task<> { co_await gather(say(log, "a", 1), say(log, "b", 1)); }, options);
    EXPECT_EQ(log.text(), "b a");
}

TEST_F(SimOrder, timers_of_one_tick_wake_tasks_in_any_order) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Log words;
        auto sleeper = [&](std::string word) -> Task<> {
            co_await sleep(10ms);
            words.say(word);
        };
        sim::run([&]() -> Task<> { co_await gather(sleeper("a"), sleeper("b")); },
                 Options(Schedule::random, seed));
        seen.insert(words.text());
    }
    EXPECT_EQ(seen, (std::set<std::string>{"a b", "b a"}));
}

TEST_F(SimOrder, thousands_of_tasks_in_each_order) {
    for (const Schedule schedule : {Schedule::fifo, Schedule::random, Schedule::reverse}) {
        int ended = 0;
        sim::run(
            [&]() -> Task<> {
                std::vector<Task<>> tasks;
                for (int i = 0; i < 5000; ++i) {
                    tasks.push_back([](int& count) -> Task<> {
                        co_await yield();
                        ++count;
                    }(ended));
                }
                co_await gather(std::move(tasks));
            },
            Options(schedule));
        EXPECT_EQ(ended, 5000);
    }
}

}  // namespace
}  // namespace rondo::test
