// SPDX-License-Identifier: Apache-2.0
// Results, failures and misuse of task groups.
#include "rondo/coro/task_group.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/context_var.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class ParityTaskGroup : public ParityTest {
protected:
    /// Cannot be stopped before `duration` has passed; fails then.
    static Task<> fails_late(Duration duration, std::string what) {
        SlowOperation slow(duration, true);
        co_await slow;
        throw std::runtime_error(what);
    }
    /// Says how it ended and what was held back.
    template <class A>
    Task<> tells(A awaitable) {
        try {
            co_await std::move(awaitable);
            log.say("done");
        } catch (const std::exception& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say("+ " + describe(other));
            }
        }
    }
};
using ParityTaskGroupDeathTest = ParityTaskGroup;

TEST_F(ParityTaskGroup, results_can_be_asked_for_afterwards) {
    same("test_taskgroups: taskgroup_01");
    run_sim([]() -> Task<> {
        std::optional<TaskHandle<int>> one;
        std::optional<TaskHandle<int>> two;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            one = group.spawn(value_after(100ms, 42));
            two = group.spawn(value_after(200ms, 11));
            co_return;
        });
        const int a = co_await *one;
        const int b = co_await *two;
        EXPECT_EQ(a, 42);
        EXPECT_EQ(b, 11);
    });
}

TEST_F(ParityTaskGroup, the_body_may_wait_between_two_children) {
    same("test_taskgroups: taskgroup_02");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        co_await task_group([](TaskGroup& group) -> Task<> {
            group.spawn(sleep(100ms));
            co_await sleep(150ms);
            group.spawn(sleep(200ms));
        });
        EXPECT_EQ(now() - before, 350ms);
    });
}

TEST_F(ParityTaskGroup, a_child_that_is_cancelled_by_hand_disturbs_nobody) {
    same("test_taskgroups: taskgroup_03");
    run_sim([]() -> Task<> {
        std::optional<TaskHandle<int>> one;
        std::optional<TaskHandle<int>> two;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            one = group.spawn(value_after(1s, 42));
            co_await sleep(150ms);
            one->cancel();
            two = group.spawn(value_after(200ms, 11));
        });
        EXPECT_TRUE(one->cancelled());
        const int value = co_await *two;
        EXPECT_EQ(value, 11);
    });
}

TEST_F(ParityTaskGroup, a_childs_failure_stops_the_others_and_is_what_the_group_throws) {
    same("test_taskgroups: taskgroup_04");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(fail_after(100ms, "zero"));
                group.spawn(dies("sibling"));
                co_return;
            });
            log.say("never");
        };
        co_await tells(runner());
    });
    EXPECT_EQ(log.text(), "sibling zero");
}

TEST_F(ParityTaskGroup, of_several_failures_the_first_is_thrown_and_the_others_are_kept) {
    differs("test_taskgroups: cancel_children_on_child_error",
            "no ExceptionGroup: a handler catches what was thrown; suppressed_errors() has the "
            "rest");
    run_sim([&]() -> Task<> {
        co_await tells(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fail_after(100ms, "one"));
            group.spawn(fails_late(200ms, "two"));
            group.spawn(fails_late(300ms, "three"));
            co_await dies("body");
        }));
    });
    EXPECT_EQ(log.text(), "body one + std::runtime_error: two + std::runtime_error: three");
}

TEST_F(ParityTaskGroup, children_that_fail_in_the_same_turn_are_stopped_but_for_the_first) {
    differs("test_taskgroups: cancel_children_on_child_error (at the same time)",
            "the first failure strikes at once: asyncio gathers three errors or fewer");
    run_sim([&]() -> Task<> {
        co_await tells(task_group([&](TaskGroup& group) -> Task<> {
            for (int i = 0; i < 3; ++i) {
                group.spawn(fail_after(100ms, "zero"));
            }
            co_return;
        }));
    });
    EXPECT_EQ(log.text().substr(0, 4), "zero");
}

TEST_F(ParityTaskGroup, a_failure_of_the_waiting_body_stops_the_children) {
    same("test_taskgroups: taskgroup_09");
    run_sim([&]() -> Task<> {
        co_await tells(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(dies("one"));
            group.spawn(dies("two"));
            co_await sleep(100ms);
            throw std::runtime_error("zero");
        }));
    });
    EXPECT_EQ(log.text(), "two one zero") << "the youngest first";
}

TEST_F(ParityTaskGroup, a_failure_of_the_body_before_they_start_keeps_them_from_starting) {
    same("test_taskgroups: taskgroup_10");
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> child;
        co_await tells(task_group([&](TaskGroup& group) -> Task<> {
            child = group.spawn(says("never"));
            throw std::runtime_error("zero");
            co_return;
        }));
        EXPECT_TRUE(child->cancelled());
    });
    EXPECT_EQ(log.text(), "zero");
}

TEST_F(ParityTaskGroup, the_failure_of_an_outer_child_stops_an_inner_group) {
    same("test_taskgroups: taskgroup_13");
    run_sim([&]() -> Task<> {
        co_await tells(task_group([&](TaskGroup& outer) -> Task<> {
            outer.spawn(fail_after(100ms, "outer"));
            co_await task_group([&](TaskGroup& inner) -> Task<> {
                inner.spawn(dies("inner child"));
                co_return;
            });
            log.say("never");
        }));
    });
    EXPECT_EQ(log.text(), "inner child outer");
}

TEST_F(ParityTaskGroup, the_failure_of_an_inner_child_fails_both_groups) {
    differs("test_taskgroups: taskgroup_14",
            "the error itself arrives: asyncio wraps it once for each group");
    run_sim([&]() -> Task<> {
        co_await tells(task_group([&](TaskGroup& outer) -> Task<> {
            outer.spawn(dies("outer child"));
            co_await task_group([&](TaskGroup& inner) -> Task<> {
                inner.spawn(fail_after(100ms, "inner"));
                co_return;
            });
            log.say("never");
        }));
    });
    EXPECT_EQ(log.text(), "outer child inner");
}

TEST_F(ParityTaskGroup, a_body_that_fails_while_a_childs_failure_stops_it_adds_its_error) {
    differs("test_taskgroups: taskgroup_19",
            "both errors are there, the first one thrown and the second beside it");
    run_sim([&]() -> Task<> {
        co_await tells(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fail_after(100ms, "child"));
            co_await fails_late(1s, "body");
        }));
    });
    EXPECT_EQ(log.text(), "child + std::runtime_error: body");
}

TEST_F(ParityTaskGroup, anything_that_is_thrown_is_passed_on) {
    differs("test_taskgroups: taskgroup_20",
            "C++ has no errors above errors such as KeyboardInterrupt: all travel the same way");
    run_sim([&]() -> Task<> {
        int caught = 0;
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(dies("child"));
                co_await sleep(1ms);
                throw 42;
            });
        } catch (int number) {
            caught = number;
        }
        EXPECT_EQ(caught, 42);
    });
    EXPECT_EQ(log.text(), "child");
}

TEST_F(ParityTaskGroup, what_is_no_standard_exception_comes_second_as_well) {
    differs("test_taskgroups: taskgroup_20a", "as any error: first thrown, second kept");
    run_sim([&]() -> Task<> {
        co_await tells(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fail_after(100ms, "child"));
            SlowOperation slow(1s, true);
            co_await slow;
            throw 42;
        }));
    });
    EXPECT_EQ(log.text().substr(0, 8), "child + ");
}

TEST_F(ParityTaskGroup, a_child_may_throw_anything_as_well) {
    differs("test_taskgroups: taskgroup_21a", "as any error: first thrown, second kept");
    run_sim([&]() -> Task<> {
        std::size_t kept = 0;
        int caught = 0;
        auto child = []() -> Task<> {
            co_await sleep(100ms);
            throw 42;
        };
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(child);
                co_await fails_late(1s, "body");
            });
        } catch (int number) {
            caught = number;
            kept = suppressed_errors().size();
        }
        EXPECT_EQ(caught, 42);
        EXPECT_EQ(kept, 1U);
    });
}

TEST_F(ParityTaskGroup, children_that_ended_leave_the_group) {
    same("test_taskgroups: taskgroup_23");
    run_sim([]() -> Task<> {
        co_await task_group([](TaskGroup& group) -> Task<> {
            for (int count = 0; count < 10; ++count) {
                co_await sleep(100ms);
                group.spawn(sleep(300ms));
                EXPECT_LT(group.size(), 5U);
            }
            co_await sleep(1350ms);
            EXPECT_EQ(group.size(), 0U);
        });
    });
}

TEST_F(ParityTaskGroup, a_child_may_start_others_when_the_body_has_ended) {
    same("test_taskgroups: taskgroup_24");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await sleep(100ms);
                group.spawn(says("first", 100ms));
                group.spawn(says("second", 200ms));
            });
            co_return;
        });
        EXPECT_EQ(now() - before, 300ms);
    });
    EXPECT_EQ(log.text(), "first second");
}

TEST_F(ParityTaskGroup, a_group_that_grows_can_be_ended_by_a_failure) {
    same("test_taskgroups: taskgroup_25");
    run_sim([&]() -> Task<> {
        int heads = 0;
        std::function<Task<>(TaskGroup&)> hydra = [&](TaskGroup& group) -> Task<> {
            ++heads;
            co_await sleep(10ms);
            group.spawn([&] { return hydra(group); });
            group.spawn([&] { return hydra(group); });
        };
        auto hercules = [&]() -> Task<> {
            while (heads < 10) {
                co_await sleep(15ms);
            }
            throw std::runtime_error("slain");
        };
        co_await tells(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&] { return hydra(group); });
            group.spawn(hercules);
            co_return;
        }));
        EXPECT_GE(heads, 10);
    });
    EXPECT_EQ(log.text(), "slain");
}

TEST_F(ParityTaskGroup, a_child_can_have_a_name) {
    same("test_taskgroups: taskgroup_task_name");
    run_sim([]() -> Task<> {
        co_await task_group([](TaskGroup& group) -> Task<> {
            TaskHandle<> child = group.spawn(sleep(1ms));
            child.set_name("yolo");
            EXPECT_EQ(child.name(), "yolo");
            co_return;
        });
    });
}

TEST_F(ParityTaskGroup, a_child_has_the_variables_of_who_started_it) {
    differs("test_taskgroups: taskgroup_task_context",
            "a context is no object to hand over: a child inherits, and keeps what it sets");
    static ContextVar<int> variable{0};
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto child = [](int value) -> Task<int> {
                const int before = variable.get();
                co_await yield();
                variable.set(value);
                co_return before;
            };
            variable.set(7);
            TaskHandle<int> one = group.spawn(child(1));
            const int seen = co_await one;
            EXPECT_EQ(seen, 7);
            EXPECT_EQ(variable.get(), 7);
        });
    });
}

TEST_F(ParityTaskGroup, errors_are_freed_with_the_handler_that_caught_them) {
    same("test_taskgroups: exception_refcycles_direct and exception_refcycles_errors");
    struct Heavy : std::runtime_error {
        Heavy() : std::runtime_error("heavy") {}
        Tracked payload;
    };
    run_sim([]() -> Task<> {
        auto fails = []() -> Task<> {
            co_await yield();
            throw Heavy();
        };
        const std::string end = co_await ending_of(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fails);
            co_return;
        }));
        EXPECT_EQ(end, "heavy");
        EXPECT_EQ(Tracked::live(), 0);
    });
}

TEST_F(ParityTaskGroupDeathTest, it_is_entered_once) {
    differs("test_taskgroups: taskgroup_already_entered and taskgroup_double_enter",
            "a mistake of the program stops it; asyncio raises RuntimeError");
    auto main = []() -> Task<> {
        auto block = task_group([](TaskGroup&) -> Task<> { co_await sleep(1ms); });
        TaskHandle<> other = create_task([&]() -> Task<> {
            auto& again = block;
            co_await again;
        });
        co_await block;
        co_await other;
    };
    EXPECT_DEATH(run_sim(main), "awaited twice");
}

TEST_F(ParityTaskGroupDeathTest, nothing_is_started_in_one_that_has_ended) {
    differs("test_taskgroups: taskgroup_finished",
            "a mistake of the program stops it; asyncio raises RuntimeError");
    auto main = []() -> Task<> {
        TaskGroup* kept = nullptr;
        auto block = task_group([&](TaskGroup& group) -> Task<> {
            kept = &group;
            co_return;
        });
        co_await block;
        kept->spawn(sleep(1ms));
    };
    EXPECT_DEATH(run_sim(main), "has ended");
}

TEST_F(ParityTaskGroupDeathTest, nothing_is_started_in_one_that_was_not_entered) {
    differs("test_taskgroups: taskgroup_not_entered and taskgroup_without_parent_task",
            "a group exists only inside task_group(); a bare one stops the program");
    auto main = []() -> Task<> {
        TaskGroup bare;
        bare.spawn(sleep(1ms));
        co_return;
    };
    EXPECT_DEATH(run_sim(main), "TaskGroup");
}

}  // namespace
}  // namespace rondo::test
