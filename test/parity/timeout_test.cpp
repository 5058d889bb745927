// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/timeout.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"

namespace rondo::test {
namespace {

using ParityTimeout = ParityTest;
using ParityTimeoutDeathTest = ParityTest;

TEST_F(ParityTimeout, what_takes_too_long_ends_as_timeout_error) {
    same("test_timeouts: timeout_basic");
    run_sim([]() -> Task<> {
        const std::string end = co_await ending_of(timeout(10ms, sleep(10s)));
        EXPECT_EQ(end, "timed out");
    });
}

TEST_F(ParityTimeout, a_deadline_can_be_a_time) {
    same("test_timeouts: timeout_at_basic");
    run_sim([]() -> Task<> {
        const TimePoint deadline = now() + 10ms;
        const std::string end = co_await ending_of(timeout_at(deadline, sleep(10s)));
        EXPECT_EQ(end, "timed out");
        EXPECT_EQ(now(), deadline);
    });
}

TEST_F(ParityTimeout, the_destructors_of_what_is_late_run_first) {
    same("test_timeouts: waiter_cancelled");
    run_sim([&]() -> Task<> {
        const std::string end = co_await ending_of(timeout(10ms, dies("destroyed")));
        log.say(end);
    });
    EXPECT_EQ(log.text(), "destroyed timed out");
}

TEST_F(ParityTimeout, no_handler_can_swallow_a_deadline) {
    differs("test_timeouts: waiter_cancelled (except CancelledError)",
            "a stop is a state and no exception: what catches everything does not see it");
    run_sim([&]() -> Task<> {
        auto tries_to = [&]() -> Task<> {
            try {
                co_await forever();
            } catch (...) {
                log.say("never");
            }
            log.say("never");
        };
        const std::string end = co_await ending_of(timeout(10ms, tries_to));
        EXPECT_EQ(end, "timed out");
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(ParityTimeout, in_time_nothing_happens) {
    same("test_timeouts: timeout_not_called");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        const std::string end = co_await ending_of(timeout(10s, sleep(10ms)));
        EXPECT_EQ(end, "done");
        EXPECT_EQ(now() - before, 10ms);
        expect_idle(current_loop().stats());
    });
}

TEST_F(ParityTimeout, without_a_limit_it_is_left_out) {
    differs("test_timeouts: timeout_disabled",
            "None has no counterpart: await the task itself, or give the greatest duration");
    run_sim([]() -> Task<> {
        const int value = co_await timeout(Duration::max(), value_after(1h, 1));
        EXPECT_EQ(value, 1);
    });
}

TEST_F(ParityTimeout, the_greatest_time_is_no_limit) {
    differs("test_timeouts: timeout_at_disabled",
            "None has no counterpart: TimePoint::max() is never reached");
    run_sim([]() -> Task<> {
        const int value = co_await timeout_at(TimePoint::max(), value_after(1h, 1));
        EXPECT_EQ(value, 1);
    });
}

TEST_F(ParityTimeout, zero_strikes_at_the_first_wait) {
    same("test_timeouts: timeout_zero");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        const std::string end = co_await ending_of(timeout(0s, sleep(10s)));
        EXPECT_EQ(end, "timed out");
        EXPECT_EQ(now(), before);
    });
}

TEST_F(ParityTimeout, zero_strikes_also_a_wait_of_one_turn) {
    same("test_timeouts: timeout_zero_sleep_zero");
    run_sim([]() -> Task<> {
        const std::string end = co_await ending_of(timeout(0s, sleep(0s)));
        EXPECT_EQ(end, "timed out");
    });
}

TEST_F(ParityTimeout, a_deadline_in_the_past_strikes_at_once) {
    same("test_timeouts: timeout_in_the_past_sleep_zero");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        const std::string relative = co_await ending_of(timeout(-11s, sleep(0s)));
        EXPECT_EQ(relative, "timed out");
        const std::string absolute = co_await ending_of(timeout_at(now() - 11s, sleep(0s)));
        EXPECT_EQ(absolute, "timed out");
        EXPECT_EQ(now(), before);
    });
}

TEST_F(ParityTimeout, another_error_passes) {
    same("test_timeouts: foreign_exception_passed");
    run_sim([]() -> Task<> {
        const std::string end = co_await ending_of(timeout(10ms, fail_at_once("key")));
        EXPECT_EQ(end, "key");
    });
}

TEST_F(ParityTimeout, an_error_of_the_cleanup_does_not_replace_the_timeout) {
    differs("test_timeouts: foreign_exception_on_timeout",
            "stopping throws nothing, so nothing can take its place: the error goes to stderr");
    testing::internal::CaptureStderr();
    run_sim([]() -> Task<> {
        const std::string end =
            co_await ending_of(timeout(10ms, finally(forever(), fail_at_once("division"))));
        EXPECT_EQ(end, "timed out");
    });
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("division"), std::string::npos) << text;
}

TEST_F(ParityTimeout, an_error_of_the_body_while_it_expires_passes) {
    same("test_timeouts: foreign_exception_on_timeout (raised by the body)");
    run_sim([]() -> Task<> {
        auto body = []() -> Task<> {
            co_await shield(sleep(20ms));
            throw std::runtime_error("division");
        };
        const std::string end = co_await ending_of(timeout(10ms, body));
        EXPECT_EQ(end, "division");
    });
}

TEST_F(ParityTimeout, a_cancel_that_is_not_its_own_is_no_timeout) {
    same("test_timeouts: foreign_cancel_doesnt_timeout_if_not_expired");
    run_sim([&]() -> Task<> {
        TaskHandle<std::string> handle = create_task(ending_of(timeout(10s, dies("body"))));
        co_await sleep(1ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_EQ(log.text(), "body");
}

TEST_F(ParityTimeout, the_task_around_it_is_not_cancelled) {
    same("test_timeouts: outer_task_is_not_cancelled");
    run_sim([&]() -> Task<> {
        auto outer = [&]() -> Task<> {
            log.say(co_await ending_of(timeout(1ms, sleep(10s))));
            co_await sleep(1ms);
            log.say("goes on");
        };
        TaskHandle<> handle = create_task(outer);
        co_await handle;
        EXPECT_TRUE(handle.done());
        EXPECT_FALSE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "timed out goes on");
}

TEST_F(ParityTimeout, a_deadline_is_renewed_by_a_timeout_for_each_step) {
    differs("test_timeouts: reschedule",
            "one timeout has one deadline; a limit between events is a timeout for each of them");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        for (int i = 0; i < 5; ++i) {
            co_await timeout(10ms, sleep(8ms));
        }
        EXPECT_EQ(now() - before, 40ms);
        const std::string end = co_await ending_of(timeout(10ms, sleep(12ms)));
        EXPECT_EQ(end, "timed out");
    });
}

TEST_F(ParityTimeout, an_active_one_shows_in_the_tree) {
    differs("test_timeouts: repr_active", "the tree of tasks shows it: the object is no variable");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(timeout(10s, forever()));
        co_await sleep(1ms);
        const std::string tree = current_loop().dump_tasks();
        const std::size_t at = tree.find("- timeout");
        EXPECT_NE(tree.find("waits for sleep", at), std::string::npos) << tree;
    });
}

TEST_F(ParityTimeout, an_expired_one_that_still_cleans_up_shows_why) {
    differs("test_timeouts: repr_expired and the state 'expiring'",
            "the tree of tasks shows the reason of the cancel");
    run_sim([]() -> Task<> {
        TaskHandle<> handle = create_task(timeout(1ms, shield(sleep(1s))));
        co_await sleep(5ms);
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("deadline"), std::string::npos) << tree;
        co_await handle.wait();
    });
}

TEST_F(ParityTimeout, an_expired_one_says_so_in_its_error) {
    differs("test_timeouts: repr_expired and Timeout.expired()",
            "the error tells, or an empty optional; there is no object to ask");
    run_sim([]() -> Task<> {
        const std::optional<int> late = co_await move_on_after(1ms, value_after(2ms, 1));
        const std::optional<int> in_time = co_await move_on_after(2ms, value_after(1ms, 1));
        EXPECT_FALSE(late.has_value());
        EXPECT_TRUE(in_time.has_value());
    });
}

TEST_F(ParityTimeout, a_finished_one_leaves_no_timer) {
    same("test_timeouts: repr_finished");
    run_sim([]() -> Task<> {
        co_await timeout(10s, sleep(0s));
        expect_idle(current_loop().stats());
        const std::string tree = current_loop().dump_tasks();
        EXPECT_EQ(tree.find("timeout"), std::string::npos) << tree;
    });
}

TEST_F(ParityTimeoutDeathTest, it_is_awaited_once) {
    differs("test_timeouts: timeout_double_enter and timeout_already_entered",
            "a mistake of the program stops it; asyncio raises RuntimeError");
    auto main = []() -> Task<> {
        auto bounded = timeout(1s, ready_value(1));
        co_await bounded;
        co_await bounded;
    };
    EXPECT_DEATH(run_sim(main), "awaited twice");
}

TEST_F(ParityTimeout, one_that_is_never_awaited_never_strikes) {
    same("test_timeouts: timeout_not_entered");
    run_sim([&]() -> Task<> {
        {
            const auto unused = timeout(1ms, says("never"));
        }
        co_await sleep(5ms);
        expect_idle(current_loop().stats());
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(ParityTimeout, it_may_be_the_main_task_itself) {
    differs("test_timeouts: timeout_without_task",
            "whatever takes a task makes one: there is no coroutine outside a task");
    EXPECT_EQ(run_sim(timeout(1s, value_after(1ms, 3))), 3);
    EXPECT_THROW(run_sim(timeout(1ms, sleep(1s))), TimeoutError);
}

TEST_F(ParityTimeout, the_error_has_a_code_and_no_cause) {
    differs("test_timeouts: timeout_exception_cause",
            "asyncio chains the CancelledError it was made from; here nothing else was thrown");
    run_sim([]() -> Task<> {
        try {
            co_await timeout(1ms, sleep(1s));
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::timed_out);
        }
    });
}

}  // namespace
}  // namespace rondo::test
