// SPDX-License-Identifier: Apache-2.0
// asyncio.wait_for is rondo::timeout around a task.
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include "parity/parity.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class ParityWaitFor : public ParityTest {
protected:
    /// Takes 200 ms, whoever asks it to stop.
    Task<int> stubborn() {
        co_await shield(sleep(200ms));
        log.say("exited");
        co_return 1;
    }
    /// Reads a task of somebody else.
    static Task<int> read(TaskHandle<int>& handle) { co_return co_await handle; }
};

TEST_F(ParityWaitFor, cancelled_it_waits_for_a_task_that_takes_its_time_to_stop) {
    same("test_waitfor: asyncio_wait_for_cancelled");
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(timeout(400ms, stubborn()));
        co_await sleep(1ms);
        handle.cancel();
        co_await handle.wait();
        EXPECT_EQ(log.text(), "exited");
    });
}

TEST_F(ParityWaitFor, late_it_waits_for_a_task_that_takes_its_time_to_stop) {
    same("test_waitfor: asyncio_wait_for_timeout");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        const std::string end = co_await ending_of(timeout(100ms, stubborn()));
        EXPECT_EQ(end, "1") << "it ended with a value after all, and nothing that ended is lost";
        EXPECT_EQ(now() - before, 200ms);
    });
    EXPECT_EQ(log.text(), "exited");
}

TEST_F(ParityWaitFor, with_no_time_left_no_wait_starts_not_even_for_what_is_done) {
    differs("test_waitfor: wait_for_timeout_less_then_0_or_0_future_done",
            "in a scope whose deadline has passed no operation starts; done() tells beforehand");
    run_sim([]() -> Task<> {
        TaskHandle<int> ended = create_task(ready_value(7));
        co_await ended.wait();
        EXPECT_TRUE(ended.done());
        const TimePoint before = now();
        const std::string late = co_await ending_of(timeout(0s, read(ended)));
        EXPECT_EQ(late, "timed out");
        const std::string in_time = co_await ending_of(timeout(1ms, read(ended)));
        EXPECT_EQ(in_time, "7");
        EXPECT_EQ(now(), before);
    });
}

TEST_F(ParityWaitFor, with_no_time_left_a_task_still_runs_to_its_first_wait) {
    differs("test_waitfor: wait_for_timeout_less_then_0_or_0_coroutine_do_not_started",
            "a deadline ends waiting, not computing; asyncio drops the coroutine unstarted");
    run_sim([&]() -> Task<> {
        auto starts = [&]() -> Task<> {
            log.say("started");
            co_await sleep(1s);
            log.say("never");
        };
        const TimePoint before = now();
        const std::string end = co_await ending_of(timeout(0s, starts));
        EXPECT_EQ(end, "timed out");
        EXPECT_EQ(now(), before);
    });
    EXPECT_EQ(log.text(), "started");
}

TEST_F(ParityWaitFor, with_no_time_left_a_task_that_need_not_wait_gives_its_result) {
    differs("test_waitfor: wait_for_timeout_less_then_0_or_0_coroutine_do_not_started (result)",
            "what ends without waiting is never late");
    run_sim([]() -> Task<> {
        const int now_value = co_await timeout(0s, ready_value(1));
        const int past_value = co_await timeout(-1h, ready_value(2));
        EXPECT_EQ(now_value + past_value, 3);
    });
}

TEST_F(ParityWaitFor, with_no_time_left_a_waiting_task_is_stopped) {
    same("test_waitfor: wait_for_timeout_less_then_0_or_0");
    run_sim([&]() -> Task<> {
        for (const Duration limit : {Duration(0s), Duration(-1s)}) {
            const std::string end = co_await ending_of(timeout(limit, dies("stopped")));
            EXPECT_EQ(end, "timed out");
        }
    });
    EXPECT_EQ(log.text(), "stopped stopped");
}

TEST_F(ParityWaitFor, a_task_that_is_late_is_stopped_and_cleaned_up_first) {
    same("test_waitfor: wait_for");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        const std::string end = co_await ending_of(timeout(100ms, dies("stopped")));
        log.say(end);
        EXPECT_EQ(now() - before, 100ms);
    });
    EXPECT_EQ(log.text(), "stopped timed out");
}

TEST_F(ParityWaitFor, to_be_late_for_a_running_task_does_not_stop_it) {
    differs("test_waitfor: wait_for (of a task)",
            "who awaits a handle does not own the task; give the handle away to end it, too");
    run_sim([&]() -> Task<> {
        TaskHandle<int> task = create_task(value_after(200ms, 5));
        const std::string end = co_await ending_of(timeout(100ms, read(task)));
        EXPECT_EQ(end, "timed out");
        EXPECT_FALSE(task.done());
        const int value = co_await task;
        EXPECT_EQ(value, 5);
    });
}

TEST_F(ParityWaitFor, a_handle_given_away_takes_its_task_with_it) {
    same("test_waitfor: wait_for (the task is cancelled)");
    run_sim([&]() -> Task<> {
        TaskHandle<int> task = create_task(dies("task"));
        co_await sleep(1ms);
        const std::string end = co_await ending_of(timeout(100ms, std::move(task)));
        co_await yield();
        log.say(end);
    });
    EXPECT_EQ(log.text(), "task timed out");
}

TEST_F(ParityWaitFor, no_limit_is_written_by_leaving_it_out) {
    differs("test_waitfor: wait_for_blocking",
            "a duration is no optional; the greatest one means no limit as well");
    run_sim([]() -> Task<> {
        const int bare = co_await value_after(1h, 1);
        const int bounded = co_await timeout(std::chrono::hours::max(), value_after(1h, 2));
        EXPECT_EQ(bare + bounded, 3);
    });
}

TEST_F(ParityWaitFor, a_result_in_time_is_given) {
    same("test_waitfor: wait_for_race_condition");
    run_sim([]() -> Task<> {
        const int value = co_await timeout(200ms, value_after(100ms, 4));
        EXPECT_EQ(value, 4);
        expect_idle(current_loop().stats());
    });
}

TEST_F(ParityWaitFor, a_value_that_comes_after_the_deadline_struck_wins) {
    same("test_waitfor: wait_for_cancellation_race_condition");
    run_sim([]() -> Task<> {
        auto wins = []() -> Task<int> {
            SlowOperation slow(20ms, true);
            co_await slow;
            co_return 1;
        };
        const int value = co_await timeout(10ms, wins);
        EXPECT_EQ(value, 1);
    });
}

TEST_F(ParityWaitFor, the_cleanup_of_a_late_task_is_awaited) {
    same("test_waitfor: wait_for_waits_for_task_cancellation");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        const std::string end =
            co_await ending_of(timeout(1ms, finally(forever(), says("cleanup", 3ms))));
        log.say(end);
        EXPECT_EQ(now() - before, 4ms);
    });
    EXPECT_EQ(log.text(), "cleanup timed out");
}

TEST_F(ParityWaitFor, with_no_time_left_there_is_nothing_to_clean_up) {
    differs("test_waitfor: wait_for_waits_for_task_cancellation_w_timeout_0",
            "neither the body nor its cleanup starts, so that a cleanup never meets half a body");
    run_sim([&]() -> Task<> {
        const std::string end =
            co_await ending_of(timeout(0s, finally(says("never"), says("cleanup"))));
        log.say(end);
    });
    EXPECT_EQ(log.text(), "timed out");
}

TEST_F(ParityWaitFor, a_cleanup_that_fails_is_reported_beside_the_timeout) {
    differs("test_waitfor: wait_for_reraises_exception_during_cancellation",
            "a stop is no exception that another could replace: the failure goes to stderr");
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        const std::string end =
            co_await ending_of(timeout(1ms, finally(forever(), fail_after(1ms, "foo"))));
        EXPECT_EQ(end, "timed out");
    });
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("foo"), std::string::npos) << text;
}

TEST_F(ParityWaitFor, an_error_that_comes_after_the_deadline_struck_wins) {
    same("test_waitfor: wait_for_reraises_exception_during_cancellation (an operation's error)");
    run_sim([]() -> Task<> {
        auto fails = []() -> Task<int> {
            SlowOperation slow(20ms, true);
            co_await slow;
            throw std::runtime_error("foo");
        };
        const std::string end = co_await ending_of(timeout(10ms, fails));
        EXPECT_EQ(end, "foo");
    });
}

TEST_F(ParityWaitFor, it_can_be_cancelled_while_a_late_task_holds_it_up) {
    same("test_waitfor: wait_for_self_cancellation");
    run_sim([&]() -> Task<> {
        auto holds = [&]() -> Task<int> {
            co_await shield(says("held", 300ms));
            co_await sleep(300ms);
            co_return 42;
        };
        TaskHandle<int> handle = create_task(timeout(100ms, holds));
        co_await sleep(200ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_EQ(log.text(), "held");
}

TEST_F(ParityWaitFor, cancelling_it_without_a_limit_stops_the_task) {
    same("test_waitfor: cancel_blocking_wait_for");
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(timeout(std::chrono::hours::max(), dies("stopped")));
        co_await yield();
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_EQ(log.text(), "stopped");
}

TEST_F(ParityWaitFor, cancelling_it_before_the_limit_stops_the_task) {
    same("test_waitfor: cancel_wait_for");
    run_sim([&]() -> Task<> {
        TaskHandle<int> handle = create_task(timeout(60s, dies("stopped")));
        co_await yield();
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "stopped");
}

TEST_F(ParityWaitFor, what_goes_on_after_no_time_is_a_task_of_its_own) {
    differs("test_waitfor: WaitForShieldTests zero_timeout",
            "a shield is waited for; to leave something running, create it as a task");
    run_sim([&]() -> Task<> {
        TaskHandle<int> task = create_task(value_after(5ms, 3));
        const std::string early = co_await ending_of(timeout(0s, read(task)));
        EXPECT_EQ(early, "timed out");
        const std::string end = co_await ending_at(task);
        EXPECT_EQ(end, "3");
    });
}

TEST_F(ParityWaitFor, a_shield_inside_is_waited_for_and_its_value_counts) {
    differs("test_waitfor: WaitForShieldTests shielded_timeout",
            "asyncio abandons the shielded await at once and leaves an orphan");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        const std::string end = co_await ending_of(timeout(1ms, shield(value_after(5ms, 3))));
        EXPECT_EQ(end, "3");
        EXPECT_EQ(now() - before, 5ms);
    });
}

TEST_F(ParityWaitFor, a_task_outlives_who_waited_for_it_without_a_limit) {
    same("test_waitfor: WaitForShieldTests none_timeout");
    run_sim([&]() -> Task<> {
        TaskHandle<int> task = create_task(value_after(5ms, 3));
        TaskHandle<int> reader = create_task(read(task));
        co_await sleep(1ms);
        reader.cancel();
        const std::string stopped = co_await ending_at(reader);
        EXPECT_EQ(stopped, "cancelled: caller");
        const std::string end = co_await ending_at(task);
        EXPECT_EQ(end, "3");
    });
}

}  // namespace
}  // namespace rondo::test
