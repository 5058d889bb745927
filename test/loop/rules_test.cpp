// SPDX-License-Identifier: Apache-2.0
// The rules of cancellation, one after the other; rules 7 to 12 are in deadline_rules_test.cpp.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class RulesTest : public LedgerTest {
protected:
    /// Runs `body` in a group of its own, which body may cancel: cancellation from outside.
    template <class Body>
    void run_in_group(Body body) {
        run_sim([&]() -> Task<> {
            co_await task_group(
                [&](TaskGroup& group) -> Task<> { co_await group.spawn(body(group)); });
        });
    }
    Task<> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_await sleep(1h);
    }
};

TEST_F(RulesTest, rule_1_a_scope_ends_only_after_its_children) {
    run_sim([&]() -> Task<> {
        auto parent = [&]() -> Task<> {
            const AtEnd end(log, "parent");
            auto child = [&]() -> Task<> {
                const AtEnd child_end(log, "child");
                SlowOperation slow(10ms, false);
                co_await slow;
            };
            co_await gather(child, dies("quick"));
        };
        co_await move_on_after(1ms, parent);
        log.say("after");
    });
    EXPECT_EQ(log.text(), "quick child parent after");
}

TEST_F(RulesTest, rule_1_a_stopped_body_of_a_group_outlives_its_tasks) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            int local = 0;
            const AtEnd end(log, "body");
            auto uses_local = [&]() -> Task<> {
                struct Use {
                    int& value;
                    ~Use() { ++value; }
                } const use{local};
                const AtEnd child_end(log, "task");
                SlowOperation slow(5ms, false);
                co_await slow;
            };
            group.spawn(uses_local);
            group.spawn([&]() -> Task<> {
                co_await sleep(1ms);
                group.cancel();
            });
            co_await sleep(1h);
        });
    });
    EXPECT_EQ(log.text(), "task body");
}

TEST_F(RulesTest, rule_1_nothing_outlives_run) {
    run_sim([&]() -> Task<> {
        create_task(dies("detached")).detach();
        create_task([&]() -> Task<> {
            auto cleanup = [&]() -> Task<> {
                co_await sleep(1s);
                log.say("cleaned");
            };
            co_await finally(dies("body"), cleanup);
        }).detach();
        co_await sleep(1ms);
        log.say("main");
    });
    EXPECT_EQ(log.text(), "main body detached cleaned");
}

TEST_F(RulesTest, rule_2_cancel_is_idempotent_and_runs_no_user_code) {
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task(dies("frame"));
        co_await yield();
        handle.cancel();
        handle.cancel();
        log.say("cancelled");
        try {
            co_await handle;
        } catch (const Cancelled&) {
            log.say("caught");
        }
        handle.cancel();
    });
    EXPECT_EQ(log.text(), "cancelled frame caught");
}

TEST_F(RulesTest, rule_2_from_another_thread_cancel_is_posted) {
    RunOptions options;
    options.driver = DriverKind::epoll;
    run(
        [&]() -> Task<> {
            TaskHandle<int> handle = create_task(forever());
            const LoopHandle loop = current_loop().handle();
            std::thread other([&] { loop.post([&] { handle.cancel(); }); });
            bool stopped = false;
            try {
                co_await handle;
            } catch (const Cancelled& cancelled) {
                stopped = cancelled.reason() == Reason::caller;
            }
            EXPECT_TRUE(stopped);
            other.join();
        },
        options);
}

TEST_F(RulesTest, rule_3_in_a_cancelled_scope_an_operation_stops_before_it_starts) {
    run_in_group([&](TaskGroup& group) -> Task<> {
        group.cancel();
        log.say("still-runs");
        co_await gather([&] { log.say("never"); });
        log.say("never");
    });
    EXPECT_EQ(log.text(), "still-runs");
}

TEST_F(RulesTest, rule_3_an_operation_that_is_awaited_again_stops_too) {
    run_sim([&]() -> Task<> {
        int fds[2] = {-1, -1};
        EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
        co_await task_group([&](TaskGroup& group) -> Task<> {
            char byte = 'x';
            AwaitOperation send(OperationKind::send_all, fds[0], &byte, 1);
            const int first = co_await send;
            EXPECT_EQ(first, 1);
            group.cancel();
            co_await send;
            log.say("never");
        });
        co_await AwaitOperation(OperationKind::close, fds[0]);
        co_await AwaitOperation(OperationKind::close, fds[1]);
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(RulesTest, rule_3_shield_starts_in_a_cancelled_scope) {
    run_in_group([&](TaskGroup& group) -> Task<> {
        group.cancel();
        co_await shield([&]() -> Task<> {
            co_await sleep(1ms);
            log.say("shielded");
        });
        co_await yield();
        log.say("never");
    });
    EXPECT_EQ(log.text(), "shielded");
}

TEST_F(RulesTest, rule_3_a_task_cancelled_before_its_first_turn_never_runs) {
    run_sim([&]() -> Task<> {
        auto body = [&](AtEnd) -> Task<> {
            log.say("never");
            co_return;
        };
        TaskHandle<> handle = create_task(body(AtEnd(log, "argument")));
        handle.cancel();
        co_await yield();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "argument");
}

TEST_F(RulesTest, rule_4_a_result_wins_and_cancellation_strikes_at_the_next_await) {
    Gate gate;
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&]() -> Task<> {
            co_await gate.wait();
            log.say("passed");
            co_await yield();
            log.say("never");
        });
        co_await yield();
        gate.open();
        handle.cancel();
        co_await yield();
    });
    EXPECT_EQ(log.text(), "passed");
}

TEST_F(RulesTest, rule_4_a_kernel_operation_that_ended_with_its_value_delivers_it) {
    run_sim([&]() -> Task<> {
        auto slow = [&](bool wins) -> Task<> {
            SlowOperation operation(5ms, wins);
            const bool late = co_await operation;
            log.say(late ? "value-after-cancel" : "value");
        };
        co_await move_on_after(1ms, slow(true));
        co_await move_on_after(1ms, slow(false));
    });
    EXPECT_EQ(log.text(), "value-after-cancel");
}

TEST_F(RulesTest, rule_4_stopped_frames_die_before_any_other_task_runs) {
    run_sim([&]() -> Task<> {
        auto other = [&]() -> Task<> {
            co_await sleep(10ms);
            log.say("other");
        };
        auto bounded = [&]() -> Task<> { co_await move_on_after(10ms, dies("frame")); };
        co_await gather(other, bounded);
    });
    EXPECT_EQ(log.text(), "frame other");
}

TEST_F(RulesTest, rule_4_they_die_before_the_parent_of_who_cancelled_them) {
    run_sim([&]() -> Task<> {
        TaskHandle<> victim = create_task(dies("frame"));
        co_await yield();
        co_await gather([&]() -> Task<> {
            victim.cancel();
            co_return;
        });
        log.say("parent");
    });
    EXPECT_EQ(log.text(), "frame parent");
}

TEST_F(RulesTest, rule_5_the_memory_of_an_operation_lives_until_its_terminal_completion) {
    run_sim([&]() -> Task<> {
        auto borrower = [&]() -> Task<> {
            const AtEnd end(log, "frame");
            SlowOperation operation(5ms, false);  // aborts when destroyed in flight
            co_await operation;
        };
        const TimePoint before = now();
        co_await move_on_after(1ms, borrower);
        EXPECT_EQ(now() - before, 5ms);
    });
    EXPECT_EQ(log.text(), "frame");
}

TEST_F(RulesTest, rule_5_the_cancel_of_a_socket_operation_takes_no_time) {
    run_sim([&]() -> Task<> {
        int fds[2] = {-1, -1};
        EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
        char byte = 0;
        const TimePoint before = now();
        const auto result =
            co_await move_on_after(1ms, AwaitOperation(OperationKind::receive, fds[0], &byte, 1));
        EXPECT_FALSE(result);
        EXPECT_EQ(now() - before, 1ms);
        EXPECT_EQ(current_loop().stats().operations, 0U);
        co_await AwaitOperation(OperationKind::close, fds[0]);
        co_await AwaitOperation(OperationKind::close, fds[1]);
    });
}

TEST_F(RulesTest, rule_6_a_reused_number_never_receives_another_connections_bytes) {
    run_sim([&]() -> Task<> {
        Driver& driver = current_loop().driver();
        int old[2] = {-1, -1};
        EXPECT_EQ(driver.socket_pair(old), 0);
        char sent = 'o';
        const int moved = co_await AwaitOperation(OperationKind::send_all, old[1], &sent, 1);
        EXPECT_EQ(moved, 1);
        co_await AwaitOperation(OperationKind::close, old[0]);
        int fresh[2] = {-1, -1};
        EXPECT_EQ(driver.socket_pair(fresh), 0);
        char byte = 0;
        const auto result =
            co_await move_on_after(1ms, AwaitOperation(OperationKind::receive, fresh[0], &byte, 1));
        EXPECT_FALSE(result) << "bytes of the closed connection";
        for (const int fd : {old[1], fresh[0], fresh[1]}) {
            const int closed = co_await AwaitOperation(OperationKind::close, fd);
            EXPECT_EQ(closed, 0);
            const int again = co_await AwaitOperation(OperationKind::close, fd);
            EXPECT_EQ(again, -EBADF);
        }
    });
}

}  // namespace
}  // namespace rondo::test
