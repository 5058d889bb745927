// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/task_group.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

// What a compiler says about a wrong body names this concept.
static_assert(detail::TaskGroupBody<Task<int> (*)(TaskGroup&)>);
static_assert(!detail::TaskGroupBody<void (*)(TaskGroup&)>);
static_assert(!detail::TaskGroupBody<Task<> (*)()>);

class TaskGroupTest : public LedgerTest {
protected:
    static Task<> make_nothing() { throw std::runtime_error("made-nothing"); }
    Task<int> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_return co_await forever();
    }
};
using TaskGroupDeathTest = TaskGroupTest;

TEST_F(TaskGroupTest, it_ends_when_the_body_and_all_tasks_have) {
    run_sim([&]() -> Task<> {
        const int result = co_await task_group([&](TaskGroup& group) -> Task<int> {
            group.spawn([&]() -> Task<> {
                co_await sleep(2ms);
                log.say("task");
            });
            log.say("body");
            co_return 7;
        });
        log.say(std::to_string(result));
    });
    EXPECT_EQ(log.text(), "body task 7");
}

TEST_F(TaskGroupTest, an_empty_group_ends) {
    run_sim([]() -> Task<> { co_await task_group([](TaskGroup&) -> Task<> { co_return; }); });
}

TEST_F(TaskGroupTest, tasks_start_in_order_in_the_next_turn) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (const char* const word : {"1", "2", "3"}) {
                group.spawn([&, word] { log.say(word); });
            }
            log.say("body");
            co_return;
        });
    });
    EXPECT_EQ(log.text(), "body 1 2 3");
}

TEST_F(TaskGroupTest, spawn_takes_tasks_awaitables_callables_and_their_arguments) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            TaskHandle<int> task = group.spawn(value_after(1ms, 1));
            TaskHandle<int> called = group.spawn(value_after<int>, Duration(1ms), 2);
            TaskHandle<int> plain = group.spawn([](int x) { return x; }, 3);
            TaskHandle<> slept = group.spawn(sleep(1ms));
            co_await slept;
            int sum = co_await task;
            sum += co_await called;
            sum += co_await plain;
            EXPECT_EQ(sum, 6);
        });
    });
}

TEST_F(TaskGroupTest, a_capturing_callable_lives_until_its_task_ended) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                group.spawn([this, held = Tracked(i), end = AtEnd(log, "closure")]() -> Task<> {
                    co_await sleep(1ms);
                    EXPECT_TRUE(held.whole());
                    log.say(std::to_string(held.number()));
                });
            }
            co_return;
        });
    });
    EXPECT_EQ(log.text(), "0 closure 1 closure 2 closure");
}

TEST_F(TaskGroupTest, a_task_may_spawn_into_its_own_group) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await sleep(1ms);
                group.spawn([&] { log.say("grandchild"); });
            });
            co_return;
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "grandchild after");
}

TEST_F(TaskGroupTest, size_counts_the_tasks_that_run) {
    run_sim([]() -> Task<> {
        co_await task_group([](TaskGroup& group) -> Task<> {
            EXPECT_EQ(group.size(), 0U);
            group.spawn(sleep(1ms));
            group.spawn(sleep(3ms));
            EXPECT_EQ(group.size(), 2U);
            co_await sleep(2ms);
            EXPECT_EQ(group.size(), 1U);
        });
    });
}

TEST_F(TaskGroupTest, the_first_failure_stops_the_body_and_the_others) {
    run_sim([&]() -> Task<> {
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                const AtEnd end(log, "body");
                group.spawn(dies("task"));
                group.spawn(fail_after(1ms, "boom"));
                co_await forever();
            });
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    });
    EXPECT_EQ(log.text(), "task body boom");
}

TEST_F(TaskGroupTest, a_failing_body_stops_the_tasks) {
    run_sim([&]() -> Task<> {
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(dies("task"));
                co_await sleep(1ms);
                throw std::runtime_error("body");
            });
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    });
    EXPECT_EQ(log.text(), "task body");
}

TEST_F(TaskGroupTest, a_body_that_throws_before_it_is_a_coroutine_fails_the_group) {
    run_sim([&]() -> Task<> {
        auto body = [](TaskGroup& group) -> Task<> {
            group.spawn(sleep(1h));
            throw std::runtime_error("no coroutine");
        };
        try {
            co_await task_group(body);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    });
    EXPECT_EQ(log.text(), "no coroutine");
}

TEST_F(TaskGroupTest, an_error_that_came_back_through_a_handle_counts_once) {
    run_sim([&]() -> Task<> {
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                TaskHandle<int> handle = group.spawn(fail_after(1ms, "once"));
                co_await handle;
            });
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            EXPECT_TRUE(suppressed_errors().empty());
        }
    });
    EXPECT_EQ(log.text(), "once");
}

TEST_F(TaskGroupTest, a_cancelled_group_ends_quietly) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(dies("task"));
            group.spawn([&]() -> Task<> {
                co_await sleep(1ms);
                group.cancel();
            });
            co_await dies("body");
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "task body after");
}

TEST_F(TaskGroupTest, a_cancelled_group_whose_body_has_no_result_throws_cancelled) {
    run_sim([&]() -> Task<> {
        try {
            co_await task_group([&](TaskGroup& group) -> Task<int> {
                group.cancel();
                co_return co_await forever();
            });
        } catch (const Cancelled& cancelled) {
            log.say(to_string(cancelled.reason()));
        }
    });
    EXPECT_EQ(log.text(), "caller");
}

TEST_F(TaskGroupTest, in_a_cancelled_group_a_task_never_runs) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            TaskHandle<> handle =
                group.spawn([this, end = AtEnd(log, "closure")] { log.say("never"); });
            log.say("spawned");
            co_return;
        });
    });
    EXPECT_EQ(log.text(), "spawned closure");
}

TEST_F(TaskGroupTest, one_cancelled_task_leaves_the_others_alone) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            TaskHandle<int> victim = group.spawn(dies("victim"));
            TaskHandle<int> other = group.spawn(value_after(2ms, 2));
            co_await yield();
            victim.cancel();
            const int value = co_await other;
            log.say(std::to_string(value));
            EXPECT_TRUE(victim.cancelled());
        });
    });
    EXPECT_EQ(log.text(), "victim 2");
}

TEST_F(TaskGroupTest, cancelled_from_outside_it_stops_with_its_tasks) {
    run_sim([&]() -> Task<> {
        auto block = task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(dies("task"));
            co_await dies("body");
        });
        const auto result = co_await move_on_after(1ms, std::move(block));
        EXPECT_FALSE(result);
    });
    EXPECT_EQ(log.text(), "task body");
}

TEST_F(TaskGroupTest, cancelled_before_it_starts_the_body_never_runs) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& outer) -> Task<> {
            outer.cancel();
            co_await task_group([&](TaskGroup&) -> Task<> {
                log.say("never");
                co_return;
            });
        });
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(TaskGroupTest, a_body_that_is_cancelled_while_it_is_made_never_runs) {
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            log.say("never");
            co_return;
        };
        co_await task_group([&](TaskGroup& group) {
            group.cancel();
            return body();
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "after");
}

TEST_F(TaskGroupTest, what_making_the_body_throws_is_told_by_a_cancelled_group_too) {
    run_sim([&]() -> Task<> {
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.cancel();
                return make_nothing();
            });
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    });
    EXPECT_EQ(log.text(), "made-nothing");
}

TEST_F(TaskGroupTest, a_destructor_may_spawn_into_the_group_that_stops) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            struct Spawns {
                TaskGroup& group;
                Log& log;
                ~Spawns() {
                    group.spawn([this, end = AtEnd(log, "freed")] { log.say("never"); });
                }
            };
            group.spawn([&]() -> Task<> {
                const Spawns spawns{group, log};
                co_await forever();
            });
            co_await yield();
            co_await yield();
            group.cancel();
            co_await forever();
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "freed after");
}

TEST_F(TaskGroupTest, a_group_that_is_never_awaited_frees_its_body) {
    auto body = [held = Tracked(1)](TaskGroup&) -> Task<> { co_return; };
    {
        const auto dropped = task_group(std::move(body));
    }
    run_sim([]() -> Task<> { co_return; });
}

TEST_F(TaskGroupDeathTest, spawning_into_a_group_that_ended_is_misuse) {
    auto main = []() -> Task<> {
        TaskGroup* escaped = nullptr;
        auto block = task_group([&](TaskGroup& group) -> Task<> {
            escaped = &group;
            co_return;
        });
        co_await block;
        escaped->spawn(sleep(1ms));
    };
    EXPECT_DEATH(run_sim(main), "spawn into a TaskGroup that has ended");
}

}  // namespace
}  // namespace rondo::test
