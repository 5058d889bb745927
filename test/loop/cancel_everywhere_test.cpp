// SPDX-License-Identifier: Apache-2.0
// Each combinator, cancelled at each of its points, in order and in two drawn orders.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "loop/cancel_everywhere_fixture.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/to_thread.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class CancelEverywhereTest : public CancelEverywhereFixture {};

TEST_F(CancelEverywhereTest, a_chain_of_tasks) {
    everywhere([]() -> Task<> {
        const int a = co_await turns(2);
        const int b = co_await holds(2ms, 3);
        const int c = co_await ready_value(1);
        EXPECT_EQ(a + b + c, 6);
    });
}

TEST_F(CancelEverywhereTest, a_loop_that_catches_everything) {
    everywhere([]() -> Task<> {
        for (int i = 0; i < 6; ++i) {
            try {
                const Tracked held(i);
                co_await sleep(1ms);
            } catch (...) {
                ADD_FAILURE() << "a stop was caught";
            }
        }
    });
}

TEST_F(CancelEverywhereTest, gather_of_tasks) {
    everywhere([]() -> Task<> {
        auto [a, b, c] = co_await gather(holds(2ms, 1), turns(3), [] { return 5; });
        EXPECT_EQ(a + b + c, 9);
        co_await yield();
    });
}

TEST_F(CancelEverywhereTest, gather_with_a_limit) {
    everywhere([]() -> Task<> {
        std::vector<Task<int>> tasks;
        for (int i = 0; i < 5; ++i) {
            tasks.push_back(holds(1ms * i, i));
        }
        const std::vector<int> results = co_await gather(limit(2), std::move(tasks));
        EXPECT_EQ(results[4], 4);
    });
}

TEST_F(CancelEverywhereTest, gather_that_settles) {
    everywhere([]() -> Task<> {
        auto [a, b] = co_await gather(settle, fails(1ms), holds(2ms, 1));
        EXPECT_TRUE(a.has_error());
        EXPECT_TRUE(b.has_value());
    });
}

TEST_F(CancelEverywhereTest, gather_that_fails) {
    everywhere([]() -> Task<> {
        try {
            co_await gather(holds(5ms, 1), fails(1ms), turns(20));
            ADD_FAILURE();
        } catch (const std::runtime_error&) {
        }
        co_await yield();
    });
}

TEST_F(CancelEverywhereTest, race_with_a_winner) {
    everywhere([]() -> Task<> {
        const int won = co_await race(holds(3ms, 3), holds(1ms, 1), fails(0ms));
        EXPECT_EQ(won, 1);
        co_await yield();
    });
}

TEST_F(CancelEverywhereTest, race_that_all_lose) {
    everywhere([]() -> Task<> {
        try {
            co_await race(fails(2ms), fails(1ms));
        } catch (const std::runtime_error&) {
            const std::size_t others = suppressed_errors().size();
            EXPECT_EQ(others, 1U);
        }
    });
}

TEST_F(CancelEverywhereTest, timeout_that_expires) {
    everywhere([]() -> Task<> {
        try {
            co_await timeout(2ms, holds(1h, 1));
            ADD_FAILURE();
        } catch (const TimeoutError&) {
        }
        const auto none = co_await move_on_after(2ms, timeout(1h, holds(1h, 1)));
        EXPECT_FALSE(none);
    });
}

TEST_F(CancelEverywhereTest, timeout_in_time_and_at_once) {
    everywhere([]() -> Task<> {
        const int a = co_await timeout(1h, turns(2));
        const int b = co_await timeout_at(now() + 1h, ready_value(3));
        const auto c = co_await move_on_after(0ms, turns(2));
        EXPECT_EQ(a + b, 5);
        EXPECT_FALSE(c);
    });
}

TEST_F(CancelEverywhereTest, shield_around_work) {
    everywhere([]() -> Task<> {
        int done = 0;
        struct Check {
            int& value;
            ~Check() { EXPECT_TRUE(value == 0 || value == 2) << "a shielded task was torn"; }
        } const check{done};
        co_await shield([&]() -> Task<> {
            ++done;
            co_await sleep(2ms);
            co_await yield();
            ++done;
        });
    });
}

TEST_F(CancelEverywhereTest, shield_that_expires) {
    everywhere([]() -> Task<> {
        auto long_work = [] { return shield(holds(1h, 1), 3ms); };
        const auto result = co_await move_on_after(2ms, long_work);
        EXPECT_FALSE(result);
    });
}

TEST_F(CancelEverywhereTest, finally_with_a_cleanup_that_waits) {
    everywhere([]() -> Task<> {
        int began = 0;
        int cleaned = 0;
        struct Check {
            int& began;
            int& cleaned;
            ~Check() {
                EXPECT_LE(cleaned, 1);
                EXPECT_GE(cleaned, began);
            }
        } const check{began, cleaned};
        auto body = [&]() -> Task<int> {
            ++began;
            co_return co_await holds(2ms, 4);
        };
        auto cleanup = [&]() -> Task<> {
            co_await turns(2);
            ++cleaned;
        };
        const int value = co_await finally(body, cleanup);
        EXPECT_EQ(value, 4);
    });
}

TEST_F(CancelEverywhereTest, finally_after_a_failure) {
    everywhere([]() -> Task<> {
        try {
            co_await finally(fails(1ms), holds(1ms, 1));
            ADD_FAILURE();
        } catch (const std::runtime_error&) {
        }
        co_await yield();
    });
}

}  // namespace
}  // namespace rondo::test
