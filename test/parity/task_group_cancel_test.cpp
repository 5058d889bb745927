// SPDX-License-Identifier: Apache-2.0
// Task groups that are cancelled, from outside and from inside.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class ParityTaskGroupCancel : public ParityTest {
protected:
    /// Runs `body` in a task of its own, cancels that after `delay`, and says how it ended.
    template <class Body>
    Task<> cancelled_after(Duration delay, Body body) {
        TaskHandle<> runner = create_task(std::move(body));
        co_await sleep(delay);
        EXPECT_FALSE(runner.done());
        runner.cancel();
        const std::string end = co_await ending_at(runner);
        log.say(end);
    }
};

TEST_F(ParityTaskGroupCancel, from_outside_stops_every_child) {
    same("test_taskgroups: cancellation");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                for (int i = 0; i < 5; ++i) {
                    group.spawn(dies("child"));
                }
                co_return;
            });
            log.say("never");
        };
        co_await cancelled_after(100ms, runner);
    });
    EXPECT_EQ(log.text(), "child child child child child cancelled: caller");
}

TEST_F(ParityTaskGroupCancel, from_outside_stops_the_body_with_the_children) {
    same("test_taskgroups: taskgroup_07");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(dies("child"));
                group.spawn(dies("child"));
                co_await dies("body");
            });
        };
        co_await cancelled_after(100ms, runner);
    });
    EXPECT_EQ(log.text(), "child child body cancelled: caller");
}

TEST_F(ParityTaskGroupCancel, failures_in_the_cleanup_of_stopped_children_are_reported) {
    differs("test_taskgroups: taskgroup_08",
            "stopping throws nothing: what a cleanup throws goes to stderr, and the stop goes on");
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                for (int i = 0; i < 2; ++i) {
                    group.spawn(finally(forever(), fail_at_once("in the cleanup")));
                }
                co_await forever();
            });
        };
        co_await cancelled_after(100ms, runner);
    });
    const std::string text = testing::internal::GetCapturedStderr();
    const std::size_t first = text.find("in the cleanup");
    EXPECT_NE(text.find("in the cleanup", first + 1), std::string::npos) << text;
    EXPECT_EQ(log.text(), "cancelled: caller");
}

TEST_F(ParityTaskGroupCancel, the_cleanup_of_an_inner_groups_children_cannot_fail_the_outer) {
    differs("test_taskgroups: taskgroup_11",
            "stopping throws nothing, at any depth; asyncio nests ExceptionGroups");
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup&) -> Task<> {
                co_await task_group([&](TaskGroup& inner) -> Task<> {
                    inner.spawn(finally(forever(), fail_at_once("deep")));
                    co_await forever();
                });
            });
        };
        co_await cancelled_after(100ms, runner);
    });
    EXPECT_NE(testing::internal::GetCapturedStderr().find("deep"), std::string::npos);
    EXPECT_EQ(log.text(), "cancelled: caller");
}

TEST_F(ParityTaskGroupCancel, two_nested_groups_with_children_are_stopped_together) {
    same("test_taskgroups: taskgroup_12 (who is stopped)");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& outer) -> Task<> {
                outer.spawn(dies("outer child"));
                co_await task_group([&](TaskGroup& inner) -> Task<> {
                    inner.spawn(dies("inner child"));
                    co_await dies("body");
                });
            });
        };
        co_await cancelled_after(100ms, runner);
    });
    EXPECT_EQ(log.text(), "inner child outer child body cancelled: caller");
}

TEST_F(ParityTaskGroupCancel, a_child_that_fails_while_the_body_cleans_up_fails_the_group) {
    same("test_taskgroups: taskgroup_15");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            auto crashes = []() -> Task<> {
                SlowOperation slow(300ms, true);
                co_await slow;
                throw std::runtime_error("zero");
            };
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(crashes);
                co_await finally(forever(), says("cleaned up", 500ms));
            });
        };
        co_await cancelled_after(100ms, runner);
    });
    EXPECT_EQ(log.text(), "cleaned up zero");
}

TEST_F(ParityTaskGroupCancel, such_a_failure_reaches_the_task_that_was_not_cancelled_itself) {
    same("test_taskgroups: taskgroup_16");
    run_sim([&]() -> Task<> {
        auto crashes = []() -> Task<> {
            SlowOperation slow(300ms, true);
            co_await slow;
            throw std::runtime_error("zero");
        };
        auto nested = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(crashes);
                co_await forever();
            });
        };
        auto runner = [&]() -> Task<> {
            TaskHandle<> inner = create_task(nested);
            co_await sleep(100ms);
            inner.cancel();
            co_await inner;
        };
        const std::string end = co_await ending_of(create_task(runner));
        EXPECT_EQ(end, "zero");
    });
}

TEST_F(ParityTaskGroupCancel, a_group_without_children_stops_with_its_body) {
    same("test_taskgroups: taskgroup_17");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup&) -> Task<> { co_await dies("body"); });
            log.say("never");
        };
        co_await cancelled_after(100ms, runner);
    });
    EXPECT_EQ(log.text(), "body cancelled: caller");
}

TEST_F(ParityTaskGroupCancel, a_body_that_fails_instead_of_stopping_fails_the_group) {
    same("test_taskgroups: taskgroup_18");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup&) -> Task<> {
                SlowOperation slow(150ms, true);
                co_await slow;
                throw std::runtime_error("instead");
            });
        };
        co_await cancelled_after(100ms, runner);
    });
    EXPECT_EQ(log.text(), "instead");
}

TEST_F(ParityTaskGroupCancel, before_the_children_have_run_none_of_them_finishes) {
    same("test_taskgroups: taskgroup_22");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(says("never", 1s));
                group.spawn(says("never", 2s));
                co_return;
            });
        };
        co_await cancelled_after(50ms, runner);
    });
    EXPECT_EQ(log.text(), "cancelled: caller");
}

TEST_F(ParityTaskGroupCancel, after_a_failure_a_new_child_never_runs) {
    differs("test_taskgroups: taskgroup_no_create_task_after_failure",
            "it may be spawned, and is stopped before its first turn; asyncio raises RuntimeError");
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> late;
        const std::string end = co_await ending_of(task_group([&](TaskGroup& group) -> Task<> {
            auto cleans_up = [&]() -> Task<> {
                co_await finally(forever(), [&] { late = group.spawn(says("never")); });
            };
            group.spawn(fail_after(1ms, "zero"));
            group.spawn(cleans_up);
            co_return;
        }));
        EXPECT_EQ(end, "zero");
        EXPECT_TRUE(late->cancelled());
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(ParityTaskGroupCancel, what_a_child_holds_is_freed_when_it_is_refused) {
    same("test_taskgroups: coro_closed_when_tg_closed");
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            auto holds = [](Tracked one) -> Task<> {
                co_await yield();
                static_cast<void>(one);
            };
            group.spawn(holds(Tracked(1)));
            co_return;
        });
        EXPECT_EQ(Tracked::live(), 0);
    });
}

TEST_F(ParityTaskGroupCancel, a_cleanup_that_fails_beside_a_childs_failure_is_no_second_error) {
    differs("test_taskgroups: taskgroup_context_manager_exit_raises",
            "the body was stopped, so what its cleanup throws is reported and not added");
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        std::size_t kept = 99;
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                auto body = [&]() -> Task<> {
                    group.spawn(fail_at_once("child"));
                    co_await sleep(1s);
                };
                co_await finally(body, fail_at_once("cleanup"));
            });
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            kept = suppressed_errors().size();
        }
        EXPECT_EQ(kept, 0U);
    });
    EXPECT_NE(testing::internal::GetCapturedStderr().find("cleanup"), std::string::npos);
    EXPECT_EQ(log.text(), "child");
}

TEST_F(ParityTaskGroupCancel, a_failure_leaves_the_task_around_the_group_uncancelled) {
    same("test_taskgroups: cancelling_level_preserved");
    run_sim([&]() -> Task<> {
        auto runner = [&]() -> Task<> {
            const std::string end = co_await ending_of(task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(fail_after(1ms, "zero"));
                co_await forever();
            }));
            log.say(end);
            co_await says("goes on", 1ms);
        };
        TaskHandle<> handle = create_task(runner);
        co_await handle;
        EXPECT_FALSE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "zero goes on");
}

TEST_F(ParityTaskGroupCancel, a_failure_inside_and_a_cancel_from_outside_end_as_the_failure) {
    same("test_taskgroups: nested_groups_both_cancelled and error_and_cancel");
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> runner;
        auto fails = [&]() -> Task<> {
            co_await sleep(1ms);
            runner->cancel();
            throw std::runtime_error("zero");
        };
        auto body = [&]() -> Task<> {
            const std::string end = co_await ending_of(task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(fails);
                co_await forever();
            }));
            log.say(end);
            co_await yield();
            log.say("never");
        };
        runner = create_task(body);
        co_await runner->wait();
        EXPECT_TRUE(runner->cancelled()) << "the cancel strikes at the next await";
    });
    EXPECT_EQ(log.text(), "zero");
}

TEST_F(ParityTaskGroupCancel, from_inside_it_ends_quietly) {
    same("test_taskgroups (3.15): TaskGroup.cancel");
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(dies("child"));
            co_await sleep(1ms);
            group.cancel();
            group.cancel();
            co_await dies("body");
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "child body after");
}

TEST_F(ParityTaskGroupCancel, by_a_child_it_ends_quietly_as_well) {
    same("test_taskgroups (3.15): TaskGroup.cancel from a child");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await sleep(5ms);
                group.cancel();
            });
            co_await dies("body");
        });
        EXPECT_EQ(now() - before, 5ms);
        co_await says("after", 1ms);
    });
    EXPECT_EQ(log.text(), "body after");
}

TEST_F(ParityTaskGroupCancel, a_stopped_body_has_no_result) {
    differs("test_taskgroups (3.15): TaskGroup.cancel with a value",
            "a body can give a value, and when it was stopped there is none: Cancelled says so");
    run_sim([&]() -> Task<> {
        const std::string end = co_await ending_of(task_group([&](TaskGroup& group) -> Task<int> {
            group.cancel();
            co_return co_await value_after(1ms, 1);
        }));
        EXPECT_EQ(end, "cancelled: caller");
        const int value = co_await task_group([&](TaskGroup& group) -> Task<int> {
            group.spawn(dies("child"));
            co_await yield();
            co_await yield();
            group.cancel();
            co_return 2;
        });
        EXPECT_EQ(value, 2);
    });
    EXPECT_EQ(log.text(), "child");
}

}  // namespace
}  // namespace rondo::test
