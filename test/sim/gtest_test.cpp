// SPDX-License-Identifier: Apache-2.0
// Coroutine tests: those that pass are tests here, those that must fail are bodies that a test runs
// and whose failures it looks at.
#include "rondo/sim/gtest.hpp"

#include <gtest/gtest-spi.h>

#include <functional>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/sync/event.hpp"
#include "rondo/sync/queue.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

using namespace std::chrono_literals;

int seed_runs = 0;
int fixture_lives = 0;

RONDO_TEST(CoroutineTest, runs_on_virtual_time) {
    const TimePoint start = now();
    co_await sleep(24h);
    EXPECT_EQ(now() - start, 24h);
}

RONDO_TEST(CoroutineTest, may_await_into_a_local_and_go_on) {
    Queue<int> queue(2);
    auto producer = [&]() -> Task<> {
        for (int i = 0; i < 5; ++i) {
            co_await queue.put(i);
        }
    };
    auto consumer = [&]() -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 5; ++i) {
            sum += co_await queue.get();
        }
        co_return sum;
    };
    const auto [none, sum] = co_await gather(producer(), consumer());
    static_cast<void>(none);
    RONDO_MUST(EXPECT_EQ(sum, 10) << "all of them");
}

RONDO_TEST_SEEDS(CoroutineTest, runs_under_many_seeds, 40) {
    ++seed_runs;
    std::string order;
    auto say = [&](char word) -> Task<> {
        co_await yield();
        order += word;
    };
    co_await gather(say('a'), say('b'), say('c'));
    EXPECT_EQ(order.size(), 3U);
}

class CoroutineFixture : public testing::Test {
protected:
    CoroutineFixture() { ++fixture_lives; }
    void SetUp() override { value_ = 7; }
    int value_ = 0;
};

RONDO_TEST_F(CoroutineFixture, has_its_members) {
    co_await yield();
    EXPECT_EQ(value_, 7);
}

RONDO_TEST_F_SEEDS(CoroutineFixture, is_a_new_one_in_each_run, 10) {
    EXPECT_EQ(value_, 7) << "what an earlier run left";
    value_ = 8;
    co_await yield();
}

TEST_F(CoroutineFixture, stands_beside_plain_tests) { EXPECT_EQ(value_, 7); }

// Each process runs one of these, so they make the runs themselves.

TEST(RunTest, of_a_count_makes_as_many_runs) {
    if (seed_runs != 0) {
        EXPECT_EQ(seed_runs, 40) << "the test above, in this process";
    }
    EXPECT_EQ(sim::detail::test_plan(40).runs, 40U);
    setenv("RONDO_TEST_SEEDS", "7", 1);
    EXPECT_EQ(sim::detail::test_plan(40).runs, 7U);
    unsetenv("RONDO_TEST_SEEDS");
}

// What the failures of one run of `body` say.
std::vector<std::string> failures_of(const sim::Scenario& body, const sim::Options& options) {
    testing::TestPartResultArray results;
    {
        const testing::ScopedFakeTestPartResultReporter reporter(
            testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
        sim::detail::run_test(body, options, {"some_test.cpp", 12, 1});
    }
    std::vector<std::string> messages;
    for (int i = 0; i < results.size(); ++i) {
        messages.emplace_back(results.GetTestPartResult(i).message());
    }
    return messages;
}

void expect_failure(const sim::Scenario& body, const std::string& what) {
    const auto messages = failures_of(body, sim::pct(2, 17));
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_NE(messages[0].find(what), std::string::npos) << messages[0];
    EXPECT_NE(messages[0].find("RONDO_SIM=pct:2:17"), std::string::npos) << messages[0];
}

TEST(RunTest, fails_with_an_expectation_and_goes_on) {
    bool went_on = false;
    expect_failure(
        [&]() -> Task<> {
            EXPECT_EQ(1, 2) << "they differ";
            co_await yield();
            went_on = true;
        },
        "they differ");
    EXPECT_TRUE(went_on);
}

TEST(RunTest, fails_with_an_exception) {
    expect_failure(
        []() -> Task<> {
            co_await yield();
            throw std::runtime_error("boom");
        },
        "boom");
}

TEST(RunTest, fails_with_a_deadlock_and_its_tree) {
    expect_failure(
        []() -> Task<> {
            Event never;
            co_await never.wait();
        },
        "- main: waits for event.wait");
}

TEST(RunTest, fails_when_a_task_is_left_running) {
    expect_failure(
        []() -> Task<> {
            create_task(value_after(1h, 0), "heartbeat").detach();
            co_return;
        },
        "heartbeat");
}

TEST(RunTest, fails_when_descriptors_are_left) {
    expect_failure(
        []() -> Task<> {
            int fds[2];
            current_loop().driver().socket_pair(fds);
            co_return;
        },
        "2 descriptors");
}

TEST(RunTest, passes_without_a_word) {
    EXPECT_TRUE(failures_of([]() -> Task<> { co_await yield(); }, sim::Options()).empty());
}

// RONDO_MUST counts the failures of the test it stands in: so the failing one is a program.
void must_in_a_task() {
    testing::UnitTest::GetInstance();
    bool went_on = false;
    const sim::Scenario body = [&]() -> Task<> {
        auto child = []() -> Task<int> {
            co_await yield();
            RONDO_MUST(EXPECT_EQ(1, 2) << "in a child");
            co_return 1;
        };
        co_await gather(child(), sleep(1h));
        went_on = true;
    };
    sim::Report report = sim::detail::run_test(body, sim::Options(), {"some_test.cpp", 12, 1});
    std::fprintf(stderr, "%s after %ld ns\n", went_on ? "went on" : "ended",
                 static_cast<long>(report.elapsed.count()));
    std::exit(testing::Test::HasFailure() ? 1 : 0);
}

TEST(RunTestDeathTest, must_ends_the_test_from_any_task) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(must_in_a_task(), testing::ExitedWithCode(1), "ended after 0 ns");
}

}  // namespace
}  // namespace rondo::test
