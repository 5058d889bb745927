// SPDX-License-Identifier: Apache-2.0
// Each combinator, cancelled at each of its points, in order and in two drawn orders.
#include "support/cancel_everywhere.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

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

class CancelEverywhereTest : public LedgerTest {
protected:
    /// In the order of the loop, and in two that are drawn.
    static void everywhere(const Scenario& scenario) {
        for (const std::uint64_t seed : {0U, 7U, 8U}) {
            Everywhere where;
            where.seed = seed;
            cancel_everywhere(scenario, where);
        }
    }
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

TEST_F(CancelEverywhereTest, task_group_with_handles) {
    everywhere([]() -> Task<> {
        const std::string shared = "what the children share stands outside the body";
        int sum = 0;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            const Tracked held(1);
            TaskHandle<int> first = group.spawn(holds(2ms, 2));
            group.spawn([&, copy = shared]() -> Task<> {
                co_await yield();
                sum += static_cast<int>(copy.size());
            });
            group.spawn(turns, 3);
            sum += co_await first;
        });
        EXPECT_EQ(sum, 2 + static_cast<int>(shared.size()));
    });
}

TEST_F(CancelEverywhereTest, task_group_that_cancels_itself) {
    everywhere([]() -> Task<> {
        co_await task_group([](TaskGroup& group) -> Task<> {
            const Tracked held(1);
            for (int i = 0; i < 3; ++i) {
                group.spawn(holds(1h, i));
            }
            co_await yield();
            group.cancel();
            co_await forever();
        });
        co_await yield();
    });
}

TEST_F(CancelEverywhereTest, task_group_that_fails) {
    everywhere([]() -> Task<> {
        try {
            co_await task_group([](TaskGroup& group) -> Task<> {
                group.spawn(fails(1ms));
                group.spawn(holds(1h, 1));
                co_await holds(1h, 2);
            });
            ADD_FAILURE();
        } catch (const std::runtime_error&) {
        }
        co_await yield();
    });
}

TEST_F(CancelEverywhereTest, create_task_awaited_dropped_and_detached) {
    everywhere([]() -> Task<> {
        TaskHandle<int> awaited = create_task(holds(2ms, 1));
        create_task(holds(3ms, 2)).detach();
        {
            const TaskHandle<int> dropped = create_task(holds(1h, 3));
            co_await yield();
        }
        const int value = co_await std::move(awaited);
        EXPECT_EQ(value, 1);
    });
}

TEST_F(CancelEverywhereTest, a_task_cancelled_by_its_handle) {
    everywhere([]() -> Task<> {
        TaskHandle<int> handle = create_task(holds(1h, 1));
        co_await yield();
        handle.cancel();
        try {
            co_await handle;
        } catch (const Cancelled& cancelled) {
            EXPECT_EQ(cancelled.reason(), Reason::caller);
        }
    });
}

TEST_F(CancelEverywhereTest, to_thread_on_the_loop) {
    everywhere([]() -> Task<> {
        const int value = co_await to_thread([](int x) { return x + 1; }, 4);
        EXPECT_EQ(value, 5);
        co_await gather(to_thread([] {}), to_thread([] {}), turns(2));
    });
}

TEST_F(CancelEverywhereTest, waiters_in_a_list) {
    everywhere([]() -> Task<> {
        Gate gate;
        auto waits = [&]() -> Task<> {
            const Tracked held(1);
            co_await gate.wait();
            co_await gate.wait();
        };
        co_await gather(waits(), waits(), [&]() -> Task<> {
            co_await turns(2);
            gate.let_one_pass();
            co_await turns(1);
            gate.open();
        });
        EXPECT_FALSE(gate.has_waiters());
    });
}

TEST_F(CancelEverywhereTest, operations_that_end_late) {
    everywhere([]() -> Task<> {
        auto slow = [](bool wins) -> Task<> {
            const Tracked held(1);
            SlowOperation operation(3ms, wins);
            co_await operation;
            co_await yield();
        };
        co_await gather(slow(true), slow(false));
        co_await move_on_after(1ms, slow(true));
        co_await move_on_after(1ms, slow(false));
    });
}

TEST_F(CancelEverywhereTest, posted_functions) {
    everywhere([]() -> Task<> {
        Gate gate;
        const Tracked held(1);
        auto shared = std::make_shared<Tracked>(2);
        current_loop().post([&gate, shared, weak = current_loop().handle()] { gate.open(); });
        co_await shield(gate.wait());
    });
}

TEST_F(CancelEverywhereTest, everything_nested) {
    everywhere([]() -> Task<> {
        auto inner = []() -> Task<int> {
            auto both = gather(holds(2ms, 1), race(turns(2), holds(1h, 9)));
            auto [a, b] = co_await timeout(1h, std::move(both));
            co_return a + b;
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            TaskHandle<int> handle = group.spawn(inner);
            const auto bounded = co_await move_on_after(9ms, inner);
            const int value = co_await handle;
            EXPECT_EQ(value, 3);
            EXPECT_TRUE(bounded);
            co_await finally(turns(1), shield(inner));
        });
    });
}

}  // namespace
}  // namespace rondo::test
