// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/shield.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class ShieldTest : public LedgerTest {
protected:
    Task<int> dies(std::string word) {
        const AtEnd end(log, std::move(word));
        co_return co_await forever();
    }
    Task<> says(std::string word, Duration after) {
        co_await sleep(after);
        log.say(word);
    }
};
using FinallyTest = ShieldTest;

TEST_F(ShieldTest, undisturbed_it_is_its_body) {
    run_sim([]() -> Task<> {
        const int a = co_await shield(ready_value(1));
        const int b = co_await shield(value_after(20s, 2));
        EXPECT_EQ(a + b, 3);
        bool caught = false;
        try {
            co_await shield(fail_after(1ms, "x"));
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
        expect_idle(current_loop().stats());
    });
}

TEST_F(ShieldTest, its_value_is_delivered_and_the_stop_strikes_at_the_next_await) {
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            const int value = co_await shield(value_after(3ms, 5));
            log.say(std::to_string(value));
            co_await yield();
            log.say("never");
        };
        co_await move_on_after(1ms, body);
    });
    EXPECT_EQ(log.text(), "5");
}

TEST_F(ShieldTest, it_covers_what_starts_later_and_deeper) {
    run_sim([&]() -> Task<> {
        auto covered = [&]() -> Task<> {
            co_await sleep(2ms);
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(says("task", 2ms));
                co_await gather(says("gathered", 1ms));
            });
        };
        co_await move_on_after(1ms, [&] { return shield(covered); });
    });
    EXPECT_EQ(log.text(), "gathered task");
}

TEST_F(ShieldTest, a_spent_shield_stops_its_body_and_the_chain_without_timeout_error) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&]() -> Task<> {
            try {
                co_await shield(dies("body"), 7ms);
            } catch (...) {
                log.say("never");
            }
            log.say("never");
        };
        const auto result = co_await move_on_after(2ms, body);
        EXPECT_FALSE(result);
        EXPECT_EQ(now() - before, 9ms);
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ShieldTest, a_deadline_of_zero_is_spent_when_it_is_reached) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await move_on_after(2ms, shield(dies("body"), 0s));
        EXPECT_EQ(now() - before, 2ms);
        const int value = co_await shield(value_after(5ms, 1), 0s);
        EXPECT_EQ(value, 1) << "nobody reached it";
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ShieldTest, started_in_a_cancelled_scope_its_deadline_runs_at_once) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await shield(dies("body"), 4ms);
            log.say("never");
        });
        EXPECT_EQ(now() - before, 4ms);
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ShieldTest, a_shield_in_a_shield_is_reached_when_the_outer_one_is_spent) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto inner = [&] { return shield(dies("body"), 3ms); };
        co_await move_on_after(1ms, [&] { return shield(inner, 5ms); });
        EXPECT_EQ(now() - before, 9ms);
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(FinallyTest, cleanup_comes_after_the_body_and_before_the_result) {
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<std::string> {
            co_await says("body", 1ms);
            co_return "result";
        };
        const std::string result = co_await finally(body, says("cleanup", 1ms));
        log.say(result);
        co_await finally([&] { log.say("plain"); }, [&] { log.say("cleanup"); });
    });
    EXPECT_EQ(log.text(), "body cleanup result plain cleanup");
}

TEST_F(FinallyTest, an_error_of_the_cleanup_is_thrown_when_the_body_had_none) {
    run_sim([&]() -> Task<> {
        try {
            co_await finally(value_after(1ms, 1), fail_after(1ms, "cleanup"));
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    });
    EXPECT_EQ(log.text(), "cleanup");
}

TEST_F(FinallyTest, an_error_of_both_is_the_bodys_with_the_cleanups_suppressed) {
    run_sim([&]() -> Task<> {
        try {
            co_await finally(fail_after(1ms, "body"), fail_after(1ms, "cleanup"));
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say(describe(other));
            }
        }
    });
    EXPECT_EQ(log.text(), "body std::runtime_error: cleanup");
}

TEST_F(FinallyTest, an_error_of_the_cleanup_of_a_stopped_body_is_reported) {
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        co_await move_on_after(1ms, finally(dies("body"), fail_after(1ms, "in the cleanup")));
    });
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("in the cleanup"), std::string::npos) << text;
}

TEST_F(FinallyTest, a_cleanup_is_bounded_once_the_scope_is_cancelled) {
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        co_await move_on_after(1ms, finally(dies("body"), dies("cleanup"), 6ms));
        EXPECT_EQ(now() - before, 7ms);
        auto slow_cleanup = finally(ready_value(1), value_after(1h, 2), 6ms);
        const int value = co_await slow_cleanup;
        EXPECT_EQ(value, 1) << "undisturbed it may take its time";
    });
    EXPECT_EQ(log.text(), "body cleanup");
}

TEST_F(FinallyTest, a_cancel_during_the_cleanup_lets_it_end) {
    run_sim([&]() -> Task<> {
        auto main = [&]() -> Task<> {
            co_await finally([&] { log.say("body"); }, says("cleanup", 3ms));
            log.say("after");
            co_await yield();
            log.say("never");
        };
        co_await move_on_after(1ms, main);
    });
    EXPECT_EQ(log.text(), "body cleanup after");
}

TEST_F(FinallyTest, in_a_cancelled_scope_neither_part_runs) {
    run_sim([&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await finally([&] { log.say("never"); }, [&] { log.say("never"); });
        });
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(FinallyTest, a_body_that_is_cancelled_while_it_is_made_never_runs) {
    run_sim([&]() -> Task<> {
        auto speaks = [&]() -> Task<> {
            log.say("never");
            co_return;
        };
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto body = [&] {
                group.cancel();
                return speaks();
            };
            co_await finally(body, says("cleanup", 1ms));
        });
    });
    EXPECT_EQ(log.text(), "cleanup");
}

TEST_F(FinallyTest, nested_cleanups_run_from_the_inside_out) {
    run_sim([&]() -> Task<> {
        auto inner = [&]() -> Task<> { co_await finally(dies("leaf"), says("inner", 1ms)); };
        co_await move_on_after(1ms, finally(inner, says("outer", 1ms)));
    });
    EXPECT_EQ(log.text(), "leaf inner outer");
}

TEST_F(FinallyTest, dropped_or_named) {
    auto keeps = [](Tracked one) -> Task<int> { co_return one.number(); };
    {
        const auto dropped = finally(keeps(Tracked(1)), keeps(Tracked(2)));
    }
    EXPECT_EQ(Tracked::live(), 0);
    run_sim([&]() -> Task<> {
        auto named = finally(keeps(Tracked(3)), keeps(Tracked(4)));
        const int value = co_await named;
        EXPECT_EQ(value, 3);
    });
}

}  // namespace
}  // namespace rondo::test
