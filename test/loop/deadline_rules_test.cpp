// SPDX-License-Identifier: Apache-2.0
// Rules 7 to 12 of cancellation; docs/cancellation.md lists all rules with their tests.
#include <gtest/gtest.h>

#include <csignal>
#include <optional>
#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class DeadlineRulesTest : public LedgerTest {
protected:
    Task<> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_await sleep(1h);
    }
    /// Says the reason with which `handle` was stopped.
    template <class T>
    Task<> say_reason(TaskHandle<T>& handle) {
        try {
            co_await handle;
            log.say("value");
        } catch (const Cancelled& cancelled) {
            log.say(to_string(cancelled.reason()));
        }
    }
};

TEST_F(DeadlineRulesTest,
       rule_7_the_least_deadline_counts_and_the_innermost_expired_scope_reports) {
    run_sim([&]() -> Task<> {
        auto inner = [&](Duration inner_deadline) -> Task<> {
            try {
                co_await timeout(inner_deadline, dies("leaf"));
            } catch (const TimeoutError&) {
                log.say("inner");
                throw;
            }
        };
        for (const Duration inner_deadline : {Duration(1ms), Duration(5ms), Duration(10ms)}) {
            try {
                co_await timeout(5ms, inner(inner_deadline));
            } catch (const TimeoutError&) {
                log.say("outer;");
            }
        }
    });
    EXPECT_EQ(log.text(), "leaf inner outer; leaf inner outer; leaf outer;");
}

TEST_F(DeadlineRulesTest, rule_8_shield_stops_outer_cancellation_and_not_inner_deadlines) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&]() -> Task<> {
            co_await shield([&]() -> Task<> {
                const auto result = co_await move_on_after(3ms, dies("inner"));
                log.say(result ? "value" : "inner-deadline");
            });
            co_await yield();
            log.say("never");
        };
        co_await move_on_after(1ms, body);
        EXPECT_EQ(now() - before, 3ms);
    });
    EXPECT_EQ(log.text(), "inner inner-deadline");
}

TEST_F(DeadlineRulesTest, rule_8_a_shields_own_deadline_runs_from_the_outer_cancellation) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        bool timed_out = false;
        try {
            co_await move_on_after(10s, shield(dies("body")));
        } catch (const TimeoutError&) {
            timed_out = true;
        }
        EXPECT_FALSE(timed_out);
        EXPECT_EQ(now() - before, 15s);
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(DeadlineRulesTest, rule_8_finally_runs_its_cleanup_once_on_value_error_and_stop) {
    run_sim([&]() -> Task<> {
        auto cleanup = [&]() -> Task<> {
            co_await sleep(1ms);
            log.say("cleanup");
        };
        const int value = co_await finally(value_after(1ms, 5), cleanup);
        log.say(std::to_string(value));
        try {
            co_await finally(fail_after(1ms, "error"), cleanup);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
        const auto result = co_await move_on_after(1ms, finally(dies("body"), cleanup));
        log.say(result ? "value" : "stopped");
    });
    EXPECT_EQ(log.text(), "cleanup 5 cleanup error body cleanup stopped");
}

TEST_F(DeadlineRulesTest, rule_9_the_first_failure_is_thrown_itself_after_the_siblings_ended) {
    run_sim([&]() -> Task<> {
        struct Mine : std::runtime_error {
            using std::runtime_error::runtime_error;
        };
        auto fails = [](Duration after) -> Task<> {
            co_await sleep(after);
            throw Mine("mine");
        };
        auto fails_while_stopping = []() -> Task<> {
            SlowOperation slow(5ms, true);
            co_await slow;
            throw std::runtime_error("second");
        };
        try {
            co_await gather(dies("sibling"), fails(1ms), fails_while_stopping);
        } catch (const Mine& error) {
            const auto others = suppressed_errors();
            log.say(error.what());
            EXPECT_EQ(others.size(), 1U);
            log.say(describe(others.at(0)));
        }
    });
    EXPECT_EQ(log.text(), "sibling mine std::runtime_error: second");
}

TEST_F(DeadlineRulesTest, rule_10_a_reason_travels_with_every_cancel) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> by_caller = create_task(forever());
        by_caller.cancel();
        co_await say_reason(by_caller);

        std::optional<TaskHandle<int>> spawned;
        try {
            co_await task_group([&](TaskGroup& group) -> Task<> {
                spawned.emplace(group.spawn(forever()));
                group.spawn(fail_after(1ms, "x"));
                co_await sleep(1h);
            });
        } catch (const std::runtime_error&) {
            log.say("failed");
        }
        co_await say_reason(*spawned);

        co_await move_on_after(1ms, task_group([&](TaskGroup& group) -> Task<> {
                                   spawned.emplace(group.spawn(forever()));
                                   co_await sleep(1h);
                               }));
        co_await say_reason(*spawned);
    });
    EXPECT_EQ(log.text(), "caller failed sibling deadline");
}

TEST_F(DeadlineRulesTest, rule_10_a_dropped_handle_and_the_end_of_run_are_reasons_too) {
    struct SaysReason {
        Log& log;
        ~SaysReason() { log.say(to_string(detail::local.current->reason)); }
    };
    run_sim([&]() -> Task<> {
        auto victim = [&]() -> Task<> {
            const SaysReason says{log};
            co_await sleep(1h);
        };
        {
            const auto dropped = create_task(victim);
            co_await yield();
        }
        co_await yield();
        create_task(victim).detach();
        co_await yield();
    });
    EXPECT_EQ(log.text(), "abandoned shutdown");
}

TEST_F(DeadlineRulesTest, rule_11_dropping_a_group_handle_does_nothing) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            {
                const auto dropped = group.spawn([&] { log.say("ran"); });
            }
            co_return;
        });
    });
    EXPECT_EQ(log.text(), "ran");
}

TEST_F(DeadlineRulesTest, rule_11_dropping_a_create_task_handle_cancels_and_never_blocks) {
    run_sim([&]() -> Task<> {
        {
            const auto dropped = create_task(dies("frame"));
            co_await yield();
        }
        log.say("dropped");
        co_await yield();
        log.say("later");
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "dropped frame later");
}

TEST_F(DeadlineRulesTest, rule_11_dropping_a_handle_frees_no_frame_in_flight) {
    run_sim([&]() -> Task<> {
        auto borrower = [&]() -> Task<> {
            const AtEnd end(log, "frame");
            SlowOperation operation(5ms, false);  // aborts when destroyed in flight
            co_await operation;
        };
        {
            const auto dropped = create_task(borrower);
            co_await yield();
        }
        co_await sleep(4ms);
        log.say("in-flight");
        co_await sleep(2ms);
    });
    EXPECT_EQ(log.text(), "in-flight frame");
}

TEST_F(DeadlineRulesTest, rule_11_a_detached_task_runs_on) {
    run_sim([&]() -> Task<> {
        create_task([&]() -> Task<> {
            co_await sleep(1ms);
            log.say("ran");
        }).detach();
        co_await sleep(2ms);
    });
    EXPECT_EQ(log.text(), "ran");
}

TEST_F(DeadlineRulesTest, rule_11_awaiting_the_handle_of_a_stopped_task_throws_cancelled) {
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        co_await yield();
        handle.cancel();
        co_await say_reason(handle);
        EXPECT_TRUE(handle.done());
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "caller");
}

TEST_F(DeadlineRulesTest, rule_12_the_first_signal_cancels_the_main_task) {
    for (const int signal : {SIGINT, SIGTERM}) {
        RunOptions options = sim_options();
        options.handle_signals = true;
        int caught = 0;
        try {
            run(
                [&]() -> Task<> {
                    auto cleanup = [&]() -> Task<> {
                        co_await sleep(1s);
                        log.say("cleanup");
                    };
                    auto body = [&]() -> Task<> {
                        const AtEnd end(log, "body");
                        std::raise(signal);
                        co_await sleep(1h);
                    };
                    co_await finally(body, cleanup);
                },
                options);
        } catch (const Interrupted& interrupted) {
            caught = interrupted.signal();
        }
        EXPECT_EQ(caught, signal);
    }
    EXPECT_EQ(log.text(), "body cleanup body cleanup");
}

}  // namespace
}  // namespace rondo::test
