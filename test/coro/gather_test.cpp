// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/gather.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class GatherTest : public LedgerTest {
protected:
    Task<int> says(std::string word, Duration after, int value) {
        log.say(word);
        co_await sleep(after);
        log.say(word + "!");
        co_return value;
    }
};
using GatherDeathTest = GatherTest;

TEST_F(GatherTest, results_come_in_argument_order_whoever_ends_first) {
    auto main = [&]() -> Task<> {
        auto [a, b, c] = co_await gather(says("a", 3ms, 1), says("b", 1ms, 2), says("c", 2ms, 3));
        EXPECT_EQ(std::tuple(a, b, c), std::tuple(1, 2, 3));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "a b c b! c! a!");
}

TEST_F(GatherTest, it_takes_as_long_as_the_longest) {
    auto main = []() -> Task<Duration> {
        const TimePoint before = now();
        co_await gather(sleep(2s), sleep(1s), sleep(3s));
        co_return now() - before;
    };
    EXPECT_EQ(run_sim(main), 3s);
}

TEST_F(GatherTest, tasks_awaitables_callables_and_plain_functions_mix) {
    auto main = [&]() -> Task<> {
        auto coroutine = [](int value) -> Task<int> { co_return value; };
        auto plain = [&] {
            log.say("plain");
            return std::string("text");
        };
        auto nothing = [&] { log.say("nothing"); };
        auto gives_sleep = [] { return sleep(1ms); };
        auto [a, b, c, d, e] = co_await gather(coroutine(1), plain, sleep(1ms), nothing,
                                               [] { return ready_value(5); });
        static_assert(std::is_same_v<decltype(c), std::monostate>);
        static_assert(std::is_same_v<decltype(d), std::monostate>);
        EXPECT_EQ(a, 1);
        EXPECT_EQ(b, "text");
        EXPECT_EQ(e, 5);
        co_await gather(gives_sleep);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "plain nothing");
}

TEST_F(GatherTest, plain_functions_are_called_in_their_turn) {
    auto main = [&]() -> Task<> {
        auto first = [&] { log.say("1"); };
        auto third = [&] { log.say("3"); };
        co_await gather(first, says("2", 0ms, 0), third);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2 3 2!");
}

TEST_F(GatherTest, of_nothing_is_one_turn) {
    auto main = []() -> Task<> {
        const std::tuple<> none = co_await gather();
        static_cast<void>(none);
        std::vector<Task<int>> empty;
        const std::vector<int> results = co_await gather(std::move(empty));
        EXPECT_TRUE(results.empty());
    };
    run_sim(main);
}

TEST_F(GatherTest, values_that_only_move_arrive_whole) {
    auto main = []() -> Task<> {
        auto make = [](int number) -> Task<std::unique_ptr<Tracked>> {
            co_await yield();
            co_return std::make_unique<Tracked>(number);
        };
        auto [a, b] = co_await gather(make(1), make(2));
        EXPECT_EQ(a->number() + b->number(), 3);
        EXPECT_TRUE(a->whole());
        EXPECT_TRUE(b->whole());
    };
    run_sim(main);
}

TEST_F(GatherTest, references_stay_references) {
    int number = 1;
    auto refer = [&]() -> Task<int&> { co_return number; };
    auto main = [&]() -> Task<> {
        auto [a, b] = co_await gather(refer(), refer());
        a.get() = 8;
        EXPECT_EQ(&b.get(), &number);
    };
    run_sim(main);
    EXPECT_EQ(number, 8);
}

TEST_F(GatherTest, a_named_gather_is_awaited_in_place) {
    auto main = [&]() -> Task<> {
        auto both = gather(ready_value(1), says("x", 1ms, 2));
        log.say("made");
        auto [a, b] = co_await both;
        EXPECT_EQ(a + b, 3);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "made x x!");
}

TEST_F(GatherTest, a_gather_that_is_never_awaited_frees_its_tasks) {
    auto keeps = [](Tracked one) -> Task<> {
        co_await yield();
        static_cast<void>(one);
    };
    {
        const auto dropped = gather(keeps(Tracked(1)), keeps(Tracked(2)));
    }
    EXPECT_EQ(Tracked::live(), 0);
}

TEST_F(GatherTest, the_first_failure_is_thrown_and_stops_the_others) {
    auto main = [&]() -> Task<> {
        const AtEnd end(log, "main");
        auto sleeper = [&]() -> Task<> {
            const AtEnd slept(log, "sleeper");
            co_await sleep(1h);
        };
        const TimePoint before = now();
        try {
            co_await gather(sleeper, fail_after(5ms, "boom"), sleeper);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
        EXPECT_EQ(now() - before, 5ms);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "sleeper sleeper boom main");
}

TEST_F(GatherTest, a_sibling_that_has_its_result_already_keeps_it) {
    Gate gate;
    auto main = [&]() -> Task<> {
        auto opens_and_fails = [&]() -> Task<> {
            gate.open();
            throw std::runtime_error("late");
            co_return;
        };
        auto waits = [&]() -> Task<> {
            co_await gate.wait();
            log.say("passed");
            co_await yield();
            log.say("never");
        };
        try {
            co_await gather(waits, opens_and_fails);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "passed late");
}

TEST_F(GatherTest, a_callable_that_throws_fails_its_child) {
    auto main = [&]() -> Task<> {
        auto throws = []() -> Task<int> { throw std::runtime_error("before the task was made"); };
        auto throws_plainly = [] { throw std::runtime_error("plain"); };
        try {
            co_await gather(sleep(1h), throws);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
        try {
            co_await gather(throws_plainly, sleep(1h));
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "before the task was made plain");
}

TEST_F(GatherTest, cancelled_before_it_starts_nothing_runs) {
    auto main = [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await gather(says("a", 0ms, 1), [&] { log.say("b"); });
            log.say("never");
        });
    };
    run_sim(main);
    EXPECT_TRUE(log.empty());
}

TEST_F(GatherTest, cancelled_while_it_waits_all_children_stop) {
    auto main = [&]() -> Task<> {
        const auto result = co_await move_on_after(
            5ms, gather(says("a", 1h, 1), says("b", 1ms, 2), [&]() -> Task<> {
                const AtEnd end(log, "c-dies");
                co_await forever();
            }));
        log.say(result ? "value" : "stopped");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "a b b! c-dies stopped");
}

TEST_F(GatherTest, cancelled_after_all_have_their_results_it_still_delivers) {
    auto main = [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto cancels = [&]() -> Task<int> {
                group.cancel();
                co_return 2;
            };
            auto [a, b] = co_await gather(ready_value(1), cancels);
            log.say(std::to_string(a + b));
            co_await yield();
            log.say("never");
        });
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "3");
}

TEST_F(GatherTest, a_child_frame_dies_as_soon_as_it_ended) {
    auto main = [&]() -> Task<> {
        auto child = [](AtEnd) -> Task<> { co_return; };
        co_await gather(child(AtEnd(log, "argument")), says("other", 1ms, 1));
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "argument other other!");
}

TEST_F(GatherTest, a_handle_can_be_gathered) {
    auto main = [&]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(2ms, 4));
        auto [a, b] = co_await gather(std::move(handle), ready_value(1));
        EXPECT_EQ(a + b, 5);
    };
    run_sim(main);
}

TEST_F(GatherDeathTest, awaiting_a_gather_twice_is_misuse) {
    auto main = []() -> Task<> {
        auto both = gather(ready_value(1), ready_value(2));
        co_await both;
        co_await both;
    };
    EXPECT_DEATH(run_sim(main), "awaited twice");
}

}  // namespace
}  // namespace rondo::test
