// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/run_on_all_cores.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "loop/all_cores_fixture.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/shield.hpp"
#include "support/reports.hpp"

namespace rondo::test {
namespace {

TEST_F(AllCoresTest, each_loop_has_a_thread_of_its_own_and_all_run_at_once) {
    Meeting meeting(4);
    std::mutex mutex;
    std::set<std::thread::id> threads;
    std::set<unsigned> indexes;
    run_on_all_cores(
        [&](unsigned core) -> Task<> {
            co_await meeting.all_here();
            const std::lock_guard lock(mutex);
            threads.insert(std::this_thread::get_id());
            indexes.insert(core);
        },
        cores(4));
    EXPECT_EQ(threads.size(), 4U);
    EXPECT_FALSE(threads.contains(std::this_thread::get_id()));
    EXPECT_EQ(indexes, (std::set<unsigned>{0, 1, 2, 3}));
}

TEST_F(AllCoresTest, results_come_in_order_of_cores) {
    const std::vector<unsigned> squares =
        run_on_all_cores([](unsigned core) -> Task<unsigned> { co_return core* core; }, cores(5));
    EXPECT_EQ(squares, (std::vector<unsigned>{0, 1, 4, 9, 16}));
}

TEST_F(AllCoresTest, the_function_may_take_nothing_give_a_value_or_a_move_only_one) {
    const std::vector<int> plain = run_on_all_cores([] { return 7; }, cores(2));
    EXPECT_EQ(plain, (std::vector<int>{7, 7}));
    const std::vector<bool> flags =
        run_on_all_cores([](unsigned core) -> Task<bool> { co_return core == 1; }, cores(3));
    EXPECT_EQ(flags, (std::vector<bool>{false, true, false}));
    const auto owned = run_on_all_cores(
        [](unsigned core) -> Task<std::unique_ptr<unsigned>> {
            co_return std::make_unique<unsigned>(core);
        },
        cores(2));
    EXPECT_EQ(*owned.at(1), 1U);
}

TEST_F(AllCoresTest, captures_live_until_every_loop_has_ended) {
    std::atomic<int> seen{0};
    {
        const Tracked tracked(3);
        run_on_all_cores(
            [tracked, &seen]() -> Task<> {
                for (int i = 0; i < 10; ++i) {
                    co_await yield();
                }
                seen += tracked.whole() ? tracked.number() : 0;
            },
            cores(3));
    }
    EXPECT_EQ(seen.load(), 9);
}

TEST_F(AllCoresTest, the_default_is_one_thread_for_each_usable_processor) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    ASSERT_EQ(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    const std::vector<int> ran = run_on_all_cores([] { return 1; }, cores(0));
    EXPECT_EQ(ran.size(), static_cast<std::size_t>(CPU_COUNT(&allowed)));
}

TEST_F(AllCoresTest, pinned_each_thread_has_one_processor_and_this_one_keeps_its_own) {
    cpu_set_t before;
    CPU_ZERO(&before);
    ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
    AllCoresOptions options = cores(static_cast<unsigned>(CPU_COUNT(&before)) + 1);
    options.pin = true;
    const std::vector<int> counts = run_on_all_cores(
        [] {
            cpu_set_t mine;
            CPU_ZERO(&mine);
            sched_getaffinity(0, sizeof mine, &mine);
            return CPU_COUNT(&mine);
        },
        options);
    EXPECT_EQ(counts, std::vector<int>(counts.size(), 1));
    cpu_set_t after;
    CPU_ZERO(&after);
    sched_getaffinity(0, sizeof after, &after);
    EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST_F(AllCoresTest, the_first_failure_stops_the_others_and_is_thrown) {
    Meeting meeting(4);
    std::atomic<int> stopped{0};
    struct Count {
        std::atomic<int>& to;
        ~Count() { ++to; }
    };
    try {
        run_on_all_cores(
            [&](unsigned core) -> Task<> {
                co_await meeting.all_here();
                if (core == 2) {
                    throw std::runtime_error("core 2");
                }
                const Count count{stopped};
                co_await forever();
            },
            cores(4));
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "core 2");
        EXPECT_TRUE(suppressed_errors().empty());
    }
    EXPECT_EQ(stopped.load(), 3);
}

TEST_F(AllCoresTest, later_failures_are_held_back) {
    std::latch all_here(3);
    try {
        run_on_all_cores(
            [&](unsigned core) -> Task<> {
                all_here.arrive_and_wait();  // blocks, so that nobody is stopped on the way
                throw std::runtime_error("core " + std::to_string(core));
                co_return;
            },
            cores(3));
        FAIL();
    } catch (const std::runtime_error&) {
        EXPECT_EQ(suppressed_errors().size(), 2U);
    }
}

TEST_F(AllCoresTest, failures_that_nobody_reads_are_reported_when_the_thread_ends) {
    const Reports reports;
    std::thread waiting([] {
        std::latch all_here(3);
        try {
            run_on_all_cores(
                [&](unsigned core) -> Task<> {
                    all_here.arrive_and_wait();  // blocks, so that nobody is stopped on the way
                    throw std::runtime_error("core " + std::to_string(core));
                    co_return;
                },
                cores(3));
        } catch (const std::runtime_error&) {
            EXPECT_TRUE(Reports::empty());
        }
    });
    waiting.join();
    const std::vector<std::string> texts = Reports::take();
    ASSERT_EQ(texts.size(), 2U);
    EXPECT_NE(texts[0].find("an error nobody looked at"), std::string::npos) << texts[0];
}

TEST_F(AllCoresTest, what_a_core_held_back_itself_is_not_lost) {
    try {
        run_on_all_cores(
            []() -> Task<> {
                auto fails = [](const char* what) -> Task<> {
                    throw std::runtime_error(what);
                    co_return;
                };
                auto first = fails("first");
                auto second = fails("second");
                co_await finally(std::move(first), std::move(second));
            },
            cores(1));
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "first");
        EXPECT_EQ(suppressed_errors().size(), 1U);
    }
}

TEST_F(AllCoresTest, a_loop_that_is_stopped_from_outside_counts_as_a_failure) {
    Meeting meeting(3);
    EXPECT_THROW(run_on_all_cores(
                     [&](unsigned core) -> Task<> {
                         co_await meeting.all_here();
                         if (core == 0) {
                             current_loop().handle().stop();
                         }
                         co_await forever();
                     },
                     cores(3)),
                 Cancelled);
}

TEST_F(AllCoresTest, values_travel_between_the_loops) {
    ThreadChannel<int> channel(4);
    const std::vector<int> sums = run_on_all_cores(
        [&](unsigned core) -> Task<int> {
            int sum = 0;
            if (core == 0) {
                for (int i = 1; i <= 100; ++i) {
                    co_await channel.send(i);
                }
                channel.close();
            } else {
                for (;;) {
                    const std::optional<int> value = co_await channel.receive();
                    if (!value) {
                        break;
                    }
                    sum += *value;
                }
            }
            co_return sum;
        },
        cores(3));
    EXPECT_EQ(sums.at(0), 0);
    EXPECT_EQ(sums.at(1) + sums.at(2), 5050);
}

TEST_F(AllCoresTest, in_the_simulation_there_is_one_loop) {
    AllCoresOptions options = cores(8);
    options.run = sim_options();
    const std::vector<int> ran = run_on_all_cores(
        []() -> Task<int> {
            co_await sleep(1000h);
            co_return 1;
        },
        options);
    EXPECT_EQ(ran.size(), 1U);
}

TEST_F(AllCoresTest, a_driver_that_cannot_be_had_is_an_error) {
    ASSERT_EQ(setenv("RONDO_DRIVER", "horse", 1), 0);
    EXPECT_THROW(run_on_all_cores([] {}, cores(2)), Error);
    unsetenv("RONDO_DRIVER");
}

using AllCoresDeathTest = AllCoresTest;

TEST_F(AllCoresDeathTest, inside_run_it_is_refused) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(run_sim([] { run_on_all_cores([] {}, cores(2)); }),
                 "run_on_all_cores\\(\\) inside run\\(\\)");
}

}  // namespace
}  // namespace rondo::test
