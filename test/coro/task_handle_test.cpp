// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/task_handle.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class TaskHandleTest : public LedgerTest {
protected:
    /// Five tasks wait for one, those in `cancelled` are cancelled, and a sixth comes.
    std::string woken_without(const std::vector<std::size_t>& cancelled) {
        Log woken;
        run_sim([&]() -> Task<> {
            TaskHandle<int> handle = create_task(value_after(5ms, 1));
            auto waits = [&](char name) -> Task<> {
                co_await handle;
                woken.say(std::string(1, name));
            };
            std::vector<TaskHandle<>> waiters;
            for (const char name : {'a', 'b', 'c', 'd', 'e'}) {
                waiters.push_back(create_task(waits(name)));
            }
            co_await sleep(1ms);
            for (const std::size_t index : cancelled) {
                waiters[index].cancel();
            }
            co_await waits('f');
            co_await yield();
        });
        return woken.text();
    }
};

TEST_F(TaskHandleTest, the_result_of_a_running_task_is_waited_for) {
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(3ms, 7));
        EXPECT_FALSE(handle.done());
        const int value = co_await handle;
        EXPECT_EQ(value, 7);
        EXPECT_TRUE(handle.done());
        EXPECT_FALSE(handle.cancelled());
    });
}

TEST_F(TaskHandleTest, the_result_of_a_task_that_ended_is_there_at_once) {
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(ready_value(7));
        co_await yield();
        EXPECT_TRUE(handle.done());
        const int first = co_await handle;
        const int second = co_await handle;
        EXPECT_EQ(first + second, 14);
    });
}

TEST_F(TaskHandleTest, awaiting_an_lvalue_gives_a_reference_and_an_rvalue_the_result) {
    run_sim([]() -> Task<> {
        auto make = []() -> Task<std::unique_ptr<Tracked>> {
            co_await yield();
            co_return std::make_unique<Tracked>(4);
        };
        TaskHandle<std::unique_ptr<Tracked>> handle = create_task(make());
        std::unique_ptr<Tracked>& inside = co_await handle;
        EXPECT_EQ(inside->number(), 4);
        const std::unique_ptr<Tracked> taken = co_await std::move(handle);
        EXPECT_TRUE(taken->whole());
    });
}

TEST_F(TaskHandleTest, all_who_wait_get_it_in_order_of_arrival) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(1ms, 1));
        auto waits = [&](std::string word) -> Task<> {
            co_await handle;
            log.say(word);
        };
        co_await gather(waits("a"), waits("b"), waits("c"));
    });
    EXPECT_EQ(log.text(), "a b c");
}

TEST_F(TaskHandleTest, an_error_reaches_each_who_waits) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(fail_after(1ms, "x"));
        auto waits = [&]() -> Task<> {
            try {
                co_await handle;
            } catch (const std::runtime_error& error) {
                log.say(error.what());
            }
        };
        co_await gather(waits(), waits());
        co_await waits();
    });
    EXPECT_EQ(log.text(), "x x x");
}

TEST_F(TaskHandleTest, cancelling_who_waits_leaves_the_task_alone) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(5ms, 3));
        auto waits = [&]() -> Task<> { co_await handle; };
        TaskHandle<> first = create_task(waits());
        TaskHandle<> second = create_task(waits());
        TaskHandle<> third = create_task(waits());
        co_await yield();
        co_await yield();
        second.cancel();
        const int value = co_await handle;
        EXPECT_EQ(value, 3);
        co_await first;
        co_await third;
        EXPECT_TRUE(second.cancelled());
    });
}

TEST_F(TaskHandleTest, who_is_cancelled_leaves_the_others_in_order) {
    EXPECT_EQ(woken_without({}), "a b c d e f");
    EXPECT_EQ(woken_without({0}), "b c d e f");
    EXPECT_EQ(woken_without({2}), "a b d e f");
    EXPECT_EQ(woken_without({4}), "a b c d f");
    EXPECT_EQ(woken_without({0, 1}), "c d e f");
    EXPECT_EQ(woken_without({4, 3}), "a b c f");
    EXPECT_EQ(woken_without({0, 4, 2}), "b d f");
    EXPECT_EQ(woken_without({1, 2, 3, 4}), "a f");
    EXPECT_EQ(woken_without({3, 2, 1, 0}), "e f");
    EXPECT_EQ(woken_without({2, 0, 4, 1, 3}), "f");
}

TEST_F(TaskHandleTest, the_only_one_who_waits_is_cancelled_and_another_comes) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(5ms, 3));
        auto waits = [&]() -> Task<> { co_await handle; };
        co_await move_on_after(1ms, waits);
        co_await move_on_after(1ms, waits);
        const int value = co_await handle;
        EXPECT_EQ(value, 3);
    });
}

TEST_F(TaskHandleTest, very_many_wait_and_leave) {
    constexpr int count = 50'000;
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(5ms, 1));
        std::vector<int> woken;
        auto waits = [&](int number) -> Task<> {
            co_await handle;
            woken.push_back(number);
        };
        std::vector<TaskHandle<>> waiters;
        for (int i = 0; i < count; ++i) {
            waiters.push_back(create_task(waits(i)));
        }
        co_await sleep(1ms);
        for (int i = count - 2; i >= 0; i -= 2) {
            waiters[static_cast<std::size_t>(i)].cancel();
        }
        co_await waiters.back();
        EXPECT_EQ(woken.size(), count / 2U);
        EXPECT_TRUE(std::is_sorted(woken.begin(), woken.end()));
    });
}

TEST_F(TaskHandleTest, cancelled_before_the_await_it_stops) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(ready_value(1));
        co_await yield();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await handle;
            log.say("never");
        });
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(TaskHandleTest, a_result_that_came_wins_over_a_cancel) {
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> waiter;
        TaskHandle<int> handle = create_task([&]() -> Task<int> {
            co_await yield();
            co_await yield();
            co_return 1;
        });
        waiter.emplace(create_task([&]() -> Task<> {
            const int value = co_await handle;
            log.say(std::to_string(value));
            co_await yield();
            log.say("never");
        }));
        create_task([&]() -> Task<> {
            while (!handle.done()) {
                co_await yield();
            }
            waiter->cancel();
        }).detach();
        co_await sleep(1ms);
    });
    EXPECT_EQ(log.text(), "1");
}

TEST_F(TaskHandleTest, a_stopped_task_throws_its_reason) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        co_await yield();
        handle.cancel();
        try {
            co_await handle;
        } catch (const Cancelled& cancelled) {
            log.say(cancelled.what());
        }
    });
    EXPECT_EQ(log.text().substr(0, 9), "cancelled");
}

TEST_F(TaskHandleTest, a_handle_that_is_stopped_with_its_waiter_cancels_its_task) {
    run_sim([&]() -> Task<> {
        auto owner = [&]() -> Task<> {
            TaskHandle<> handle = create_task([&]() -> Task<> {
                const AtEnd end(log, "task");
                co_await forever();
            });
            co_await std::move(handle);
        };
        co_await move_on_after(1ms, owner);
        log.say("owner");
        co_await yield();
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "task owner");
}

TEST_F(TaskHandleTest, move_assignment_drops_the_old_task) {
    run_sim([&]() -> Task<> {
        auto dies = [&](std::string word) -> Task<> {
            const AtEnd end(log, std::move(word));
            co_await forever();
        };
        TaskHandle<> handle = create_task(dies("old"));
        co_await yield();
        handle = create_task(dies("new"));
        co_await yield();
        log.say("main");
    });
    EXPECT_EQ(log.text(), "old main new");
}

TEST_F(TaskHandleTest, a_task_may_cancel_itself) {
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> handle;
        handle.emplace(create_task([&]() -> Task<> {
            handle->cancel();
            log.say("runs-on");
            co_await yield();
            log.say("never");
        }));
        co_await yield();
        EXPECT_TRUE(handle->cancelled());
    });
    EXPECT_EQ(log.text(), "runs-on");
}

// An object that owns its own task, as actors do: the last reference goes with the task's frame.
struct Actor {
    std::optional<TaskHandle<Tracked>> task;
};

Task<Tracked> act(std::shared_ptr<Actor> self) {
    co_await yield();
    static_cast<void>(self);
    co_return Tracked(1);
}

TEST_F(TaskHandleTest, a_task_may_own_its_own_handle) {
    run_sim([]() -> Task<> {
        {
            auto actor = std::make_shared<Actor>();
            actor->task.emplace(create_task(act(actor)));
        }
        {
            auto actor = std::make_shared<Actor>();
            actor->task.emplace(create_task([actor]() -> Task<Tracked> {
                co_await yield();
                co_return Tracked(2);
            }));
        }
        co_await sleep(1ms);
        expect_idle(current_loop().stats());
    });
}

TEST_F(TaskHandleTest, a_stopped_task_may_own_its_own_handle) {
    run_sim([]() -> Task<> {
        auto actor = std::make_shared<Actor>();
        actor->task.emplace(create_task(act(actor)));
        TaskHandle<Tracked>& handle = *actor->task;
        actor.reset();
        handle.cancel();
        co_await yield();
        expect_idle(current_loop().stats());
    });
}

TEST_F(TaskHandleTest, names_are_kept_and_replaced) {
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(1ms, 1), "first");
        EXPECT_EQ(handle.name(), "first");
        handle.set_name("second");
        EXPECT_EQ(handle.name(), "second");
        handle.set_name({});
        EXPECT_EQ(handle.name(), "");
        std::vector<TaskHandle<int>> many;
        for (int i = 0; i < 100; ++i) {
            many.push_back(create_task(ready_value(i), std::to_string(i)));
        }
        EXPECT_EQ(many[57].name(), "57");
        co_await handle;
        EXPECT_EQ(many[99].name(), "99");
    });
}

// Whoever polls a finished task must not keep the others from running.
TEST_F(TaskHandleTest, awaiting_a_finished_task_again_and_again_starves_nobody) {
    run_sim([&]() -> Task<> {
        bool stop = false;
        TaskHandle<int> finished = create_task(ready_value(1));
        co_await yield();
        TaskHandle<> other = create_task([&]() -> Task<> {
            stop = true;
            co_return;
        });
        int rounds = 0;
        while (!stop && rounds < 100'000) {
            rounds += co_await finished;
        }
        EXPECT_LT(rounds, 100'000);
        co_await other;
    });
}

}  // namespace
}  // namespace rondo::test
