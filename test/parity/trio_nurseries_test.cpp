// SPDX-License-Identifier: Apache-2.0
// Trio's nurseries beside our task groups.
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/event.hpp"
#include "support/leaves.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityTrioNursery : public ParityTest {
protected:
    static Task<> crashes(std::string word, Duration after = Duration::zero()) {
        co_await sleep(after);
        throw std::runtime_error(word);
    }
    /// Runs it and says the error that comes out, then those it suppresses.
    template <class F>
    Task<> say_errors(F what) {
        try {
            co_await what;
            log.say("none");
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say(describe(other));
            }
        }
    }
};
using ParityTrioNurseryDeathTest = ParityTrioNursery;

TEST_F(ParityTrioNursery, it_waits_for_its_tasks_when_the_body_has_ended) {
    same("trio test_run: test_basic_spawn_wait");
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(says("task", 2s));
            log.say("body");
            co_return;
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "body task after");
}

TEST_F(ParityTrioNursery, a_crash_of_the_body_stops_the_tasks) {
    differs("trio test_run: test_main_and_task_both_crash",
            "Trio throws an ExceptionGroup of both; here the first one itself, the other is "
            "suppressed_errors()");
    run_sim([&]() -> Task<> {
        auto crashes_when_stopped = []() -> Task<> {
            SlowOperation slow(2s, true);
            co_await slow;
            throw std::runtime_error("task");
        };
        co_await say_errors(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(crashes_when_stopped);
            co_await crashes("body");
        }));
    });
    EXPECT_EQ(log.text(), "body std::runtime_error: task");
}

TEST_F(ParityTrioNursery, a_crash_keeps_the_next_task_from_crashing_too) {
    differs("trio test_run: test_two_child_crashes",
            "Trio runs both and throws an ExceptionGroup of both; here the second is stopped "
            "before it begins");
    run_sim([&]() -> Task<> {
        auto fails = [](std::string word) -> Task<> {
            throw std::runtime_error(word);
            co_return;
        };
        co_await say_errors(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(fails("first"));
            group.spawn(fails("second"));
            co_return;
        }));
    });
    EXPECT_EQ(log.text(), "first");
}

TEST_F(ParityTrioNursery, a_crash_wakes_the_body) {
    same("trio test_run: test_child_crash_wakes_parent");
    run_sim([&]() -> Task<> {
        co_await say_errors(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(crashes("task", 1s));
            co_await dies("body");
        }));
    });
    EXPECT_EQ(log.text(), "body task");
}

TEST_F(ParityTrioNursery, a_crash_rises_through_nested_groups_and_stops_each) {
    same("trio test_run: test_task_crash_propagation");
    run_sim([&]() -> Task<> {
        auto inner = [&](TaskGroup& group) -> Task<> {
            group.spawn(dies("inner sibling"));
            group.spawn(crashes("crash", 1s));
            co_await dies("inner body");
        };
        auto outer = [&](TaskGroup& group) -> Task<> {
            group.spawn(dies("outer sibling"));
            co_await task_group(inner);
        };
        co_await say_errors(task_group(outer));
    });
    EXPECT_EQ(log.text(), "inner sibling inner body outer sibling crash");
}

TEST_F(ParityTrioNursery, cancelled_by_its_body_it_ends_quietly) {
    same("trio docs: nursery.cancel_scope.cancel() stops all tasks and leaves the block");
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(dies("task"));
            co_await sleep(1s);
            group.cancel();
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "task after");
}

TEST_F(ParityTrioNursery, cancelled_by_a_task_it_stops_the_body_too) {
    same("trio docs: any task may cancel the scope of its nursery");
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await sleep(1s);
                group.cancel();
            });
            co_await dies("body");
        });
        log.say("after");
    });
    EXPECT_EQ(log.text(), "body after");
}

TEST_F(ParityTrioNursery, it_stays_open_while_a_task_runs) {
    same("trio docs: start_soon from a child while the body has ended");
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await sleep(1s);
                group.spawn(says("grandchild", 1s));
            });
            co_return;
        });
    });
    EXPECT_EQ(log.text(), "grandchild");
}

TEST_F(ParityTrioNurseryDeathTest, closed_it_takes_no_task) {
    differs("trio docs: start_soon into a nursery that is closed",
            "a mistake in the program, not a RuntimeError");
    auto main = []() -> Task<> {
        TaskGroup* closed = nullptr;
        auto block = task_group([&](TaskGroup& group) -> Task<> {
            closed = &group;
            co_return;
        });
        co_await block;
        closed->spawn(forever());
    };
    EXPECT_DEATH(run_sim(main), "spawn into a TaskGroup that has ended");
}

TEST_F(ParityTrioNursery, an_event_tells_that_a_service_has_started) {
    differs("trio test_run: test_nursery_start",
            "there is no start(): the service is spawned, and sets an Event when it is ready");
    run_sim([&]() -> Task<> {
        Event started;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                co_await sleep(1s);
                started.set();
                co_await dies("service");
            });
            co_await started.wait();
            log.say("ready");
            group.cancel();
        });
    });
    EXPECT_EQ(log.text(), "ready service");
}

TEST_F(ParityTrioNursery, a_service_that_fails_before_it_is_ready_fails_who_waits) {
    differs("trio test_run: test_nursery_start (the task crashes before started())",
            "the error comes out of the group, not out of a call of start()");
    run_sim([&]() -> Task<> {
        Event started;
        co_await say_errors(task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(crashes("not ready", 1s));
            co_await started.wait();
            log.say("never");
        }));
    });
    EXPECT_EQ(log.text(), "not ready");
}

TEST_F(ParityTrioNursery, a_crash_beside_an_outer_cancel_is_not_lost) {
    same("trio test_run: test_cancel_scope_exceptiongroup_filtering");
    run_sim([&]() -> Task<> {
        auto crashes_when_stopped = []() -> Task<> {
            SlowOperation slow(2s, true);
            co_await slow;
            throw std::runtime_error("crash");
        };
        auto block = task_group([&](TaskGroup& group) -> Task<> {
            group.spawn(crashes_when_stopped);
            group.spawn(dies("quiet"));
            co_await forever();
        });
        co_await say_errors(move_on_after(1s, std::move(block)));
    });
    EXPECT_EQ(log.text(), "quiet crash");
}

TEST_F(ParityTrioNursery, a_shielded_task_keeps_a_cancelled_one_open) {
    same("trio docs: a nursery waits for all tasks, shielded ones too");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> { co_await shield(says("shielded", 3s)); });
            co_await sleep(1s);
            group.cancel();
        });
        EXPECT_EQ(now() - before, 3s);
    });
    EXPECT_EQ(log.text(), "shielded");
}

TEST_F(ParityTrioNursery, without_tasks_it_still_is_a_checkpoint) {
    same("trio test_run: test_trivial_yields");
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await task_group([](TaskGroup&) -> Task<> { co_return; });
        log.say("after");
        co_await other;
    });
    EXPECT_EQ(log.text(), "other after");
}

TEST_F(ParityTrioNursery, one_cancelled_task_leaves_the_rest_alone) {
    differs("trio docs: each task has a scope of its own only if it opens one",
            "every task is a scope, and its handle cancels it alone");
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            TaskHandle<int> one = group.spawn(dies("one"));
            group.spawn(says("two", 2s));
            co_await sleep(1s);
            one.cancel();
        });
    });
    EXPECT_EQ(log.text(), "one two");
}

}  // namespace
}  // namespace rondo::test
