// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/task_info.hpp"
#include "rondo/loop/wait.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class ParityTaskCancel : public ParityTest {
protected:
    /// Where the cancel stood that stopped this task.
    static Task<CancelPlace> place_of(TaskHandle<int>& handle) {
        CancelPlace place;
        try {
            co_await handle;
        } catch (const Cancelled& cancelled) {
            place = cancelled.place();
        }
        co_return place;
    }
};

TEST_F(ParityTaskCancel, the_place_of_the_call_stands_in_for_a_message) {
    differs("test_tasks: BaseTaskTests task_cancel_message_getter",
            "file and line are always there; a message would be written by nobody");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        handle.cancel();
        const std::uint32_t line = __LINE__ - 1;
        const CancelPlace place = co_await place_of(handle);
        EXPECT_EQ(place.line, line);
        EXPECT_NE(std::string_view(place.file).find("task_cancel_test.cpp"), std::string::npos);
    });
}

TEST_F(ParityTaskCancel, the_first_cancel_is_the_one_that_counts) {
    differs("test_tasks: BaseTaskTests task_cancel_message_setter",
            "a cancel is idempotent: the first one did it, and it is the one that is reported");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        handle.cancel();
        const std::uint32_t line = __LINE__ - 1;
        handle.cancel();
        const CancelPlace place = co_await place_of(handle);
        EXPECT_EQ(place.line, line);
    });
}

TEST_F(ParityTaskCancel, a_task_that_is_being_stopped_says_so) {
    differs("test_tasks: BaseTaskTests cancelling",
            "a state with a reason, no count: a second cancel changes nothing");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        co_await sleep(1ms);
        EXPECT_EQ(all_tasks()[1].cancelled, Reason::none);
        handle.cancel();
        handle.cancel();
        EXPECT_EQ(all_tasks()[1].cancelled, Reason::caller);
        EXPECT_FALSE(handle.done());
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
}

TEST_F(ParityTaskCancel, it_cannot_be_taken_back) {
    differs("test_tasks: BaseTaskTests uncancel_basic",
            "a cancelled task stays cancelled: each further await stops as well");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            co_await shield(says("shielded", 5ms));
            log.say("still here");
            co_await sleep(10s);
            log.say("never");
        };
        TaskHandle<> handle = create_task(body);
        co_await sleep(1ms);
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "shielded still here");
}

TEST_F(ParityTaskCancel, a_cancelled_task_is_done_and_has_no_value) {
    same("test_tasks: BaseTaskTests cancel");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        TaskHandle<int> handle = create_task(value_after(10s, 12));
        co_await sleep(1ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
        EXPECT_TRUE(handle.done());
        EXPECT_TRUE(handle.cancelled());
        EXPECT_EQ(now() - before, 1ms);
    });
}

TEST_F(ParityTaskCancel, to_cancel_what_is_done_changes_nothing) {
    differs("test_tasks: BaseTaskTests cancel (returns False when done)",
            "cancel() gives nothing back: done() and cancelled() tell");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(ready_value(1));
        co_await handle.wait();
        handle.cancel();
        EXPECT_FALSE(handle.cancelled());
        const int value = co_await handle;
        EXPECT_EQ(value, 1);
        static_assert(std::is_void_v<decltype(handle.cancel())>);
    });
}

TEST_F(ParityTaskCancel, asking_for_the_result_after_a_wait_tells_of_the_cancel) {
    same("test_tasks: BaseTaskTests cancel_with_message_then_future_result");
    run_sim([]() -> Task<> {
        std::vector<TaskHandle<int>> handles;
        handles.push_back(create_task(forever()));
        co_await yield();
        handles[0].cancel();
        co_await wait(handles);
        const std::string end = co_await ending_at(handles[0]);
        EXPECT_EQ(end, "cancelled: caller");
    });
}

TEST_F(ParityTaskCancel, its_text_names_reason_and_place) {
    differs("test_tasks: BaseTaskTests cancel_with_message_then_future_exception",
            "instead of the caller's message: who cancelled, and in which line");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(forever());
        co_await yield();
        handle.cancel();
        std::string text;
        try {
            co_await handle;
        } catch (const Cancelled& cancelled) {
            text = cancelled.what();
        }
        EXPECT_NE(text.find("by its caller"), std::string::npos) << text;
        EXPECT_NE(text.find("task_cancel_test.cpp:"), std::string::npos) << text;
    });
}

TEST_F(ParityTaskCancel, who_waits_for_a_cancelled_task_may_turn_it_into_an_error) {
    same("test_tasks: BaseTaskTests cancellation_exception_context");
    run_sim([]() -> Task<> {
        TaskHandle<int> inner = create_task(forever());
        auto outer = [&]() -> Task<int> {
            try {
                co_return co_await inner;
            } catch (const Cancelled&) {
                throw std::runtime_error("was cancelled");
            }
        };
        TaskHandle<int> handle = create_task(outer);
        co_await sleep(1ms);
        inner.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "was cancelled");
    });
}

TEST_F(ParityTaskCancel, before_its_first_turn_it_never_runs) {
    same("test_tasks: BaseTaskTests cancel_with_message_before_starting_task");
    run_sim([&]() -> Task<> {
        TaskHandle<> handle = create_task([&] { log.say("never"); });
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(ParityTaskCancel, it_strikes_a_task_between_two_turns) {
    same("test_tasks: BaseTaskTests cancel_yield");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<> {
            log.say("started");
            co_await sleep(0s);
            log.say("never");
            co_await sleep(0s);
        };
        TaskHandle<> handle = create_task(body);
        co_await yield();
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "started");
}

TEST_F(ParityTaskCancel, the_cancel_of_an_awaited_task_is_an_error_for_who_awaits_it) {
    differs("test_tasks: BaseTaskTests cancel_inner_future",
            "an uncaught Cancelled is an error like any other: the outer task was not cancelled");
    run_sim([]() -> Task<> {
        TaskHandle<int> inner = create_task(forever());
        auto outer = [&]() -> Task<int> { co_return co_await inner; };
        TaskHandle<int> handle = create_task(outer);
        co_await sleep(1ms);
        inner.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
        EXPECT_TRUE(inner.cancelled());
        EXPECT_FALSE(handle.cancelled());
    });
}

TEST_F(ParityTaskCancel, the_awaited_and_the_awaiting_task_can_be_cancelled_together) {
    same("test_tasks: BaseTaskTests cancel_both_task_and_inner_future");
    run_sim([]() -> Task<> {
        TaskHandle<int> inner = create_task(forever());
        auto outer = [&]() -> Task<int> { co_return co_await inner; };
        TaskHandle<int> handle = create_task(outer);
        co_await sleep(1ms);
        inner.cancel();
        handle.cancel();
        co_await handle.wait();
        co_await inner.wait();
        EXPECT_TRUE(inner.cancelled());
        EXPECT_TRUE(handle.cancelled());
    });
}

TEST_F(ParityTaskCancel, nothing_catches_it) {
    differs("test_tasks: BaseTaskTests cancel_task_catching",
            "a stop is no exception; destructors and finally() are what still runs");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            const AtEnd end(log, "destructor");
            try {
                co_await forever();
            } catch (...) {
                log.say("never");
            }
            co_return 42;
        };
        TaskHandle<int> handle = create_task(body);
        co_await sleep(1ms);
        handle.cancel();
        co_await handle.wait();
        EXPECT_TRUE(handle.cancelled());
    });
    EXPECT_EQ(log.text(), "destructor");
}

TEST_F(ParityTaskCancel, nothing_ignores_it_but_a_shield_delays_it) {
    differs("test_tasks: BaseTaskTests cancel_task_ignoring",
            "what must be finished stands in a shield, for a bounded time");
    run_sim([&]() -> Task<> {
        auto body = [&]() -> Task<int> {
            const int value = co_await shield(value_after(5ms, 42));
            log.say(std::to_string(value));
            co_return value;
        };
        TaskHandle<int> handle = create_task(body);
        co_await sleep(1ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "42") << "it ended without another await";
    });
    EXPECT_EQ(log.text(), "42");
}

TEST_F(ParityTaskCancel, a_task_can_cancel_itself_and_stops_at_its_next_await) {
    same("test_tasks: BaseTaskTests cancel_current_task");
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> self;
        auto body = [&]() -> Task<> {
            self->cancel();
            log.say("goes on to the next await");
            co_await sleep(100s);
            log.say("never");
        };
        self = create_task(body);
        co_await self->wait();
        EXPECT_TRUE(self->cancelled());
    });
    EXPECT_EQ(log.text(), "goes on to the next await");
}

TEST_F(ParityTaskCancel, a_task_that_ends_after_its_cancel_has_its_result) {
    differs("test_tasks: BaseTaskTests cancel_at_end",
            "what was computed is delivered: asyncio throws it away and says cancelled");
    run_sim([]() -> Task<> {
        std::optional<TaskHandle<int>> self;
        auto body = [&]() -> Task<int> {
            self->cancel();
            co_return 12;
        };
        self = create_task(body);
        const std::string end = co_await ending_at(*self);
        EXPECT_EQ(end, "12");
        EXPECT_FALSE(self->cancelled());
    });
}

TEST_F(ParityTaskCancel, it_does_not_reach_a_task_that_is_only_waited_for) {
    differs("test_tasks: BaseTaskTests cancel_awaited_task",
            "a created task has one owner, and waiting for it is no ownership");
    run_sim([]() -> Task<> {
        std::optional<TaskHandle<>> self;
        TaskHandle<int> nested = create_task(value_after(5ms, 1));
        auto body = [&]() -> Task<> {
            co_await yield();
            self->cancel();
            co_await nested;
        };
        self = create_task(body);
        co_await self->wait();
        EXPECT_TRUE(self->cancelled());
        EXPECT_FALSE(nested.done());
        const int value = co_await nested;
        EXPECT_EQ(value, 1);
    });
}

TEST_F(ParityTaskCancel, it_reaches_what_a_task_awaits_directly_at_any_depth) {
    same("test_tasks: BaseTaskTests yield_future_passes_cancel");
    run_sim([&]() -> Task<> {
        auto inner = [&]() -> Task<> {
            const AtEnd end(log, "inner");
            co_await dies("leaf");
        };
        auto outer = [&]() -> Task<> {
            const AtEnd end(log, "outer");
            co_await inner();
        };
        TaskHandle<> handle = create_task(outer);
        co_await sleep(1ms);
        handle.cancel();
        co_await handle.wait();
    });
    EXPECT_EQ(log.text(), "leaf inner outer");
}

TEST_F(ParityTaskCancel, a_sleeping_task_is_woken_to_stop) {
    same("test_tasks: BaseTaskTests task_cancel_sleeping_task");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        TaskHandle<> sleeper = create_task(sleep(5000s));
        auto cancels = [&]() -> Task<> {
            co_await sleep(100ms);
            sleeper.cancel();
        };
        const auto [end, none] = co_await gather(ending_at(sleeper), cancels);
        EXPECT_EQ(end, "cancelled: caller");
        EXPECT_EQ(now() - before, 100ms);
        static_cast<void>(none);
    });
}

TEST_F(ParityTaskCancel, a_waiting_task_leaves_the_queue_it_stood_in) {
    same("test_tasks: BaseTaskTests task_cancel_waiter_future");
    run_sim([]() -> Task<> {
        Gate gate;
        TaskHandle<> waiter = create_task([&]() -> Task<> { co_await gate.wait(); });
        co_await yield();
        EXPECT_TRUE(gate.has_waiters());
        waiter.cancel();
        EXPECT_FALSE(gate.has_waiters());
        co_await waiter.wait();
        EXPECT_TRUE(waiter.cancelled());
    });
}

TEST_F(ParityTaskCancel, an_operation_that_ends_with_an_error_instead_has_that_error) {
    same("test_tasks: BaseTaskTests baseexception_during_cancel");
    run_sim([]() -> Task<> {
        auto body = []() -> Task<> {
            SlowOperation slow(5ms, true);
            co_await slow;
            throw std::runtime_error("exit");
        };
        TaskHandle<> handle = create_task(body);
        co_await sleep(1ms);
        handle.cancel();
        EXPECT_FALSE(handle.done());
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "exit");
        EXPECT_FALSE(handle.cancelled());
    });
}

TEST_F(ParityTaskCancel, a_gather_whose_children_are_done_delivers_in_spite_of_it) {
    same("test_tasks: BaseTaskTests cancel_gather_1");
    run_sim([]() -> Task<> {
        std::optional<TaskHandle<int>> gathers;
        auto child = [&]() -> Task<int> {
            co_await sleep(1ms);
            gathers->cancel();
            co_return 42;
        };
        gathers = create_task([&]() -> Task<int> {
            const auto [value] = co_await gather(child);
            co_return value;
        });
        const std::string end = co_await ending_at(*gathers);
        EXPECT_EQ(end, "42");
        EXPECT_FALSE(gathers->cancelled());
    });
}

TEST_F(ParityTaskCancel, a_gather_that_collects_errors_does_not_swallow_it) {
    same("test_tasks: BaseTaskTests cancel_gather_2");
    run_sim([]() -> Task<> {
        auto body = []() -> Task<> {
            for (int i = 0; i < 20; ++i) {
                co_await gather(settle, sleep(50ms));
            }
        };
        TaskHandle<> handle = create_task(body);
        co_await sleep(210ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
}

TEST_F(ParityTaskCancel, dropping_the_handle_asks_the_task_to_stop) {
    differs("test_tasks: BaseTaskTests log_destroyed_pending_task",
            "nothing is collected while it runs: without an owner it is stopped in order");
    run_sim([&]() -> Task<> {
        {
            const TaskHandle<int> dropped = create_task(dies("stopped"));
            co_await yield();
        }
        EXPECT_EQ(all_tasks()[1].cancelled, Reason::abandoned);
        co_await yield();
        EXPECT_EQ(log.text(), "stopped");
    });
}

TEST_F(ParityTaskCancel, a_task_that_was_let_go_runs_on) {
    differs("the documentation of create_task: keep a reference, or the task may vanish",
            "detach() says that nobody needs the handle; the loop keeps the task");
    run_sim([&]() -> Task<> {
        create_task(says("finished", 5ms)).detach();
        co_await sleep(6ms);
    });
    EXPECT_EQ(log.text(), "finished");
}

TEST_F(ParityTaskCancel, the_loop_is_not_stopped_from_inside) {
    differs("test_tasks: BaseTaskTests stop_while_run_in_complete",
            "there is no stop(): a run ends when its main task does, and the rest can go on later");
    Runner runner(sim_options());
    int count = 0;
    auto counts = [&]() -> Task<> {
        while (count < 10) {
            co_await sleep(100ms);
            ++count;
        }
    };
    std::vector<TaskHandle<>> handles;
    runner.run([&]() -> Task<> {
        handles.push_back(create_task(counts));
        co_await sleep(250ms);
    });
    EXPECT_EQ(count, 2);
    EXPECT_FALSE(handles[0].done());
    handles[0].cancel();
    const std::string end = runner.run([&]() { return ending_at(handles[0]); });
    EXPECT_EQ(end, "cancelled: caller");
    handles.clear();
}

}  // namespace
}  // namespace rondo::test
