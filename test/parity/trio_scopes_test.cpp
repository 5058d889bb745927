// SPDX-License-Identifier: Apache-2.0
// Trio's cancel scopes beside our scopes. Its nurseries are in trio_nurseries_test.cpp, its
// deadlines in trio_deadlines_test.cpp, its shields in trio_shields_test.cpp.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityTrioScope : public ParityTest {
protected:
    /// Runs `body(group)` as the body of a group, which it may cancel: a cancel scope.
    template <class Body>
    static void run_in_scope(Body body) {
        run_sim([&]() -> Task<> { co_await task_group(body); });
    }
};
using ParityTrioScopeDeathTest = ParityTrioScope;

TEST_F(ParityTrioScope, a_second_cancel_changes_nothing) {
    same("trio test_run: test_cancel_edge_cases (two cancels in a row)");
    run_in_scope([&](TaskGroup& group) -> Task<> {
        const AtEnd end(log, "once");
        group.cancel();
        group.cancel();
        co_await yield();
        log.say("never");
    });
    EXPECT_EQ(log.text(), "once");
}

TEST_F(ParityTrioScope, a_task_started_in_a_cancelled_scope_never_runs) {
    differs("trio test_run: test_precancelled_task",
            "Trio runs it up to its first checkpoint, so that it may shield itself; here what "
            "must run is awaited in a shield");
    run_in_scope([&](TaskGroup& group) -> Task<> {
        group.cancel();
        group.spawn([&] { log.say("never"); });
        co_return;
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityTrioScope, children_inherit_a_cancel_over_any_number_of_levels) {
    same("trio test_run: test_cancel_inheritance");
    run_sim([&]() -> Task<> {
        auto leafs = [&](TaskGroup& group) -> Task<> {
            group.spawn(dies("a"));
            group.spawn(dies("b"));
            co_await forever();
        };
        auto middle = [&]() -> Task<> {
            const AtEnd end(log, "middle");
            co_await task_group(leafs);
        };
        co_await move_on_after(1s, [&] { return gather(middle, dies("c")); });
    });
    EXPECT_EQ(log.text(), "c b a middle");
}

TEST_F(ParityTrioScope, an_outer_cancel_goes_through_all_inner_scopes) {
    same("trio test_run: test_cancel_scope_nesting (the outer one is cancelled)");
    run_in_scope([&](TaskGroup& outer) -> Task<> {
        co_await task_group([&](TaskGroup&) -> Task<> {
            co_await move_on_after(1h, [&]() -> Task<> {
                outer.cancel();
                co_await sleep(1s);
            });
            log.say("never");
        });
        log.say("never");
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityTrioScope, an_inner_cancel_ends_at_its_scope) {
    same("trio test_run: test_cancel_scope_nesting (the inner one is cancelled)");
    run_in_scope([&](TaskGroup&) -> Task<> {
        co_await task_group([&](TaskGroup& inner) -> Task<> {
            inner.cancel();
            co_await sleep(1s);
            log.say("never");
        });
        co_await yield();
        log.say("goes on");
    });
    EXPECT_EQ(log.text(), "goes on");
}

TEST_F(ParityTrioScope, when_both_are_cancelled_the_outer_one_decides) {
    same("trio test_run: test_cancel_scope_nesting (both are cancelled)");
    run_in_scope([&](TaskGroup& outer) -> Task<> {
        co_await task_group([&](TaskGroup& inner) -> Task<> {
            inner.cancel();
            outer.cancel();
            co_await sleep(1s);
        });
        log.say("never");
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityTrioScope, a_cancel_that_met_no_await_goes_with_its_scope) {
    same("trio test_run: test_cancel_scope_nesting (popped while pending)");
    run_in_scope([&](TaskGroup&) -> Task<> {
        co_await task_group([](TaskGroup& inner) -> Task<> {
            inner.cancel();
            co_return;
        });
        co_await sleep(1s);
        log.say("goes on");
    });
    EXPECT_EQ(log.text(), "goes on");
}

TEST_F(ParityTrioScope, a_scope_hangs_where_it_is_awaited_not_where_it_was_made) {
    differs("trio test_run: test_cancel_scope_misnesting",
            "scopes are entered by an await and left at its end, so they cannot be misnested: "
            "there is no RuntimeError to raise");
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> elsewhere;
        auto maker = [&]() -> Task<> {
            auto block = task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(says("inside", 2s));
                co_return;
            });
            elsewhere = create_task(std::move(block));
            co_await forever();
        };
        co_await move_on_after(1s, maker);
        co_await *elsewhere;
        log.say("whole");
    });
    EXPECT_EQ(log.text(), "inside whole");
}

TEST_F(ParityTrioScope, cancelled_before_it_is_entered_the_block_never_begins) {
    differs("trio test_run: test_cancel_unbound (cancelled before entry)",
            "Trio enters and stops at the first checkpoint; here a scope is entered by an await, "
            "which is itself a checkpoint");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            log.say("never");
            co_return;
        };
        TaskHandle<> handle = create_task(body);
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityTrioScope, a_cancel_after_the_end_has_no_effect) {
    same("trio test_run: test_cancel_unbound (cancelled after exit)");
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(ready_value(7));
        co_await yield();
        handle.cancel();
        EXPECT_FALSE(handle.cancelled());
        const int value = co_await handle;
        EXPECT_EQ(value, 7);
    });
}

TEST_F(ParityTrioScopeDeathTest, a_scope_is_entered_once) {
    differs("trio test_run: test_cancel_unbound (entered twice)",
            "a mistake in the program, not a RuntimeError");
    auto main = []() -> Task<> {
        auto bounded = timeout(1h, forever());
        auto enter = [](auto& scope) -> Task<> { co_await scope; };
        co_await gather(enter(bounded), enter(bounded));
    };
    EXPECT_DEATH(run_sim(main), "a timeout or shield was awaited twice");
}

TEST_F(ParityTrioScope, what_cannot_be_aborted_gives_its_value_and_then_it_stops) {
    same("trio test_run: test_failed_abort");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            SlowOperation operation(5s, true);
            const bool came_late = co_await operation;
            log.say(came_late ? "value" : "early");
            co_await sleep(1s);
            log.say("never");
        };
        const TimePoint before = now();
        co_await move_on_after(1s, body);
        EXPECT_EQ(now() - before, 5s);
    });
    EXPECT_EQ(log.text(), "value");
}

TEST_F(ParityTrioScope, what_can_be_aborted_slowly_is_waited_for) {
    same("trio docs: an abort function may say that the abort is under way");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            const AtEnd end(log, "frame");
            SlowOperation operation(5s, false);
            co_await operation;
            log.say("never");
        };
        const TimePoint before = now();
        co_await move_on_after(1s, body);
        EXPECT_EQ(now() - before, 5s);
    });
    EXPECT_EQ(log.text(), "frame");
}

TEST_F(ParityTrioScope, each_kind_of_await_is_a_checkpoint_also_when_it_would_not_wait) {
    same("trio test_run: test_cancel_points");
    Gate open;
    open.open();
    run_sim([&]() -> Task<> {
        auto checkpoints = [&](int kind) -> Task<> {
            if (kind == 0) {
                co_await yield();
            } else if (kind == 1) {
                co_await sleep(0s);
            } else if (kind == 2) {
                co_await open.wait();
            } else {
                co_await gather();
            }
            log.say("never");
        };
        for (int kind = 0; kind < 4; ++kind) {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.cancel();
                co_await checkpoints(kind);
            });
        }
    });
    EXPECT_EQ(log.text(), "");
}

TEST_F(ParityTrioScope, what_never_awaits_is_never_stopped) {
    same("trio docs: cancellation takes effect at checkpoints only");
    run_in_scope([&](TaskGroup& group) -> Task<> {
        group.cancel();
        const int value = co_await ready_value(3);
        log.say(std::to_string(value));
    });
    EXPECT_EQ(log.text(), "3");
}

TEST_F(ParityTrioScope, no_handler_sees_a_stop) {
    differs("trio docs: Cancelled is a BaseException, and must be let through",
            "a stop is no exception, so that catch (...) cannot swallow it by mistake");
    run_sim([&]() -> Task<> {
        auto careless = [&]() -> Task<> {
            const AtEnd end(log, "frame");
            for (;;) {
                try {
                    co_await sleep(1s);
                } catch (...) {
                    log.say("never");
                }
            }
        };
        co_await move_on_after(5500ms, careless);
    });
    EXPECT_EQ(log.text(), "frame");
}

}  // namespace
}  // namespace rondo::test
