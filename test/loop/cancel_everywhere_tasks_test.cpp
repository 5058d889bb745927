// SPDX-License-Identifier: Apache-2.0
// Groups, spawned tasks, threads and lists of waiters, cancelled at each of their points.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "loop/cancel_everywhere_fixture.hpp"
#include "rondo/coro/as_completed.hpp"
#include "rondo/coro/async_generator.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/retry.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/to_thread.hpp"
#include "rondo/loop/wait.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class CancelEverywhereTasksTest : public CancelEverywhereFixture {};

TEST_F(CancelEverywhereTasksTest, task_group_with_handles) {
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

TEST_F(CancelEverywhereTasksTest, task_group_that_cancels_itself) {
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

TEST_F(CancelEverywhereTasksTest, task_group_that_fails) {
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

TEST_F(CancelEverywhereTasksTest, create_task_awaited_dropped_and_detached) {
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

TEST_F(CancelEverywhereTasksTest, a_task_cancelled_by_its_handle) {
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

TEST_F(CancelEverywhereTasksTest, to_thread_on_the_loop) {
    everywhere([]() -> Task<> {
        const int value = co_await to_thread([](int x) { return x + 1; }, 4);
        EXPECT_EQ(value, 5);
        co_await gather(to_thread([] {}), to_thread([] {}), turns(2));
    });
}

TEST_F(CancelEverywhereTasksTest, waiters_in_a_list) {
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

TEST_F(CancelEverywhereTasksTest, operations_that_end_late) {
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

TEST_F(CancelEverywhereTasksTest, posted_functions) {
    everywhere([]() -> Task<> {
        Gate gate;
        const Tracked held(1);
        auto shared = std::make_shared<Tracked>(2);
        current_loop().post([&gate, shared, weak = current_loop().handle()] { gate.open(); });
        co_await shield(gate.wait());
    });
}

TEST_F(CancelEverywhereTasksTest, everything_nested) {
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

TEST_F(CancelEverywhereTasksTest, results_as_they_come) {
    everywhere([]() -> Task<> {
        std::vector<Task<int>> tasks;
        for (int i = 3; i > 0; --i) {
            tasks.push_back(holds(1ms * i, i));
        }
        auto sums_two = [](Completed<int>& results) -> Task<int> {
            const auto first = co_await results.next();
            const auto second = co_await results.next();
            co_return first.value() + second.value();
        };
        const int sum = co_await as_completed(std::move(tasks), sums_two);
        EXPECT_EQ(sum, 3);
    });
}

TEST_F(CancelEverywhereTasksTest, waiting_for_some_of_several_handles) {
    everywhere([]() -> Task<> {
        std::vector<TaskHandle<int>> handles;
        for (int i = 1; i < 4; ++i) {
            handles.push_back(create_task(holds(1ms * i, i)));
        }
        const WaitSets first = co_await wait(handles, ReturnWhen::first_completed);
        EXPECT_EQ(first.done.size(), 1U);
        const WaitSets all = co_await wait(handles);
        EXPECT_EQ(all.done.size(), 3U);
    });
}

TEST_F(CancelEverywhereTasksTest, trying_again_and_hedging) {
    everywhere([]() -> Task<> {
        int tries = 0;
        const int value = co_await retry(RetryPolicy(), [&]() -> Task<int> {
            if (++tries < 3) {
                co_return co_await fails(1ms);
            }
            co_return co_await holds(1ms, tries);
        });
        EXPECT_EQ(value, 3);
        int calls = 0;
        const int hedged = co_await hedge(2ms, [&] { return holds(calls++ == 0 ? 1h : 1ms, 7); });
        EXPECT_EQ(hedged, 7);
    });
}

TEST_F(CancelEverywhereTasksTest, a_generator_that_waits) {
    everywhere([]() -> Task<> {
        auto counts = []() -> AsyncGenerator<int> {
            const Tracked held(1);
            for (int i = 0; i < 3; ++i) {
                co_await sleep(1ms);
                co_yield i;
            }
        };
        AsyncGenerator<int> numbers = counts();
        int sum = 0;
        for (;;) {
            const auto number = co_await numbers.next();
            if (!number) {
                break;
            }
            sum += co_await holds(1ms, *number);
        }
        EXPECT_EQ(sum, 3);
    });
}

}  // namespace
}  // namespace rondo::test
