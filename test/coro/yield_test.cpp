// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/yield.hpp"

#include <gtest/gtest.h>

#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class YieldTest : public LedgerTest {};

TEST_F(YieldTest, everybody_else_has_a_turn) {
    auto counts = [&](std::string word) -> Task<> {
        for (int i = 0; i < 3; ++i) {
            log.say(word + std::to_string(i));
            co_await yield();
        }
    };
    run_sim([&]() -> Task<> { co_await gather(counts("a"), counts("b")); });
    EXPECT_EQ(log.text(), "a0 b0 a1 b1 a2 b2");
}

TEST_F(YieldTest, it_takes_no_time) {
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        for (int i = 0; i < 1000; ++i) {
            co_await yield();
        }
        EXPECT_EQ(now(), before);
    });
}

TEST_F(YieldTest, a_named_one_is_awaited_in_place_and_again) {
    run_sim([]() -> Task<> {
        auto turn = yield();
        co_await turn;
        co_await turn;
    });
}

TEST_F(YieldTest, cancelled_before_it_stops) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await yield();
            log.say("never");
        });
    });
    EXPECT_TRUE(log.empty());
}

// A turn that was given away is no result: the cancel takes it back.
TEST_F(YieldTest, cancelled_while_it_waits_for_its_turn_it_stops) {
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&]() -> Task<> {
            co_await yield();
            log.say("never");
        });
        co_await yield();
        handle.cancel();
        co_await yield();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(YieldTest, a_drawn_order_replays_by_its_seed) {
    auto order = [](std::uint64_t seed) {
        Log words;
        auto says = [&](std::string word) -> Task<> {
            co_await yield();
            words.say(word);
        };
        run_sim([&]() -> Task<> { co_await gather(says("a"), says("b"), says("c"), says("d")); },
                seed);
        return words.text();
    };
    EXPECT_EQ(order(3), order(3));
    bool differs = false;
    for (std::uint64_t seed = 4; seed < 12; ++seed) {
        differs = differs || order(seed) != order(3);
    }
    EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace rondo::test
