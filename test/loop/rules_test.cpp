// SPDX-License-Identifier: Apache-2.0
// The rules of cancellation, one after the other: docs/cancellation.md lists them with their tests.
// Here are 1 to 3; 4 to 6 are in result_rules_test.cpp, 7 to 12 in deadline_rules_test.cpp.
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "rondo/coro/gather.hpp"
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

TEST_F(RulesTest, rule_1_locals_of_a_body_that_returns_die_before_its_tasks_have_ended) {
    run_sim([&]() -> Task<> {
        const AtEnd outside(log, "outside");
        co_await task_group([&](TaskGroup& group) -> Task<> {
            const AtEnd local(log, "local");
            group.spawn([&]() -> Task<> {
                const AtEnd end(log, "task");
                co_await sleep(1ms);
            });
            co_return;
        });
        log.say("left");
    });
    EXPECT_EQ(log.text(), "local task left outside");
}

TEST_F(RulesTest, rule_1_locals_of_a_body_that_throws_die_before_its_tasks_have_ended) {
    run_sim([&]() -> Task<> {
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                const AtEnd local(log, "local");
                group.spawn(dies("task"));
                co_await yield();
                throw std::runtime_error("body");
            });
        } catch (const std::runtime_error&) {
            log.say("caught");
        }
    });
    EXPECT_EQ(log.text(), "local task caught");
}

TEST_F(RulesTest, rule_1_locals_of_main_die_before_the_tasks_of_create_task) {
    const AtEnd outside(log, "outside");
    run_sim([&]() -> Task<> {
        const AtEnd local(log, "local");
        create_task(dies("task")).detach();
        co_await yield();
    });
    EXPECT_EQ(log.text(), "local task");
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

}  // namespace
}  // namespace rondo::test
