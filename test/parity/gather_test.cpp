// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/gather.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

using ParityGather = ParityTest;

TEST_F(ParityGather, results_stand_in_argument_order_whichever_comes_first) {
    same("test_tasks: GatherTests success");
    run_sim([]() -> Task<> {
        const auto [a, b, c] =
            co_await gather(value_after(2ms, 2), value_after(1ms, 1), value_after(3ms, 3));
        EXPECT_EQ(std::tuple(a, b, c), std::tuple(2, 1, 3));
    });
}

TEST_F(ParityGather, it_is_not_done_before_the_last_child_is) {
    same("test_tasks: GatherTests success (callback not called early)");
    run_sim([&]() -> Task<> {
        Gate last;
        auto both = [&]() -> Task<> { co_await gather(ready_value(1), last.wait()); };
        TaskHandle<> handle = create_task(both);
        co_await sleep(1ms);
        EXPECT_FALSE(handle.done());
        last.open();
        co_await handle;
    });
}

TEST_F(ParityGather, collecting_errors_changes_nothing_when_there_are_none) {
    same("test_tasks: GatherTests result_exception_success");
    run_sim([]() -> Task<> {
        const auto [a, b] = co_await gather(settle, value_after(2ms, 2), value_after(1ms, 1));
        EXPECT_EQ(a.value(), 2);
        EXPECT_EQ(b.value(), 1);
    });
}

TEST_F(ParityGather, the_first_failure_is_what_the_awaiter_gets) {
    same("test_tasks: GatherTests one_exception");
    run_sim([]() -> Task<> {
        auto all = gather(value_after(1ms, 1), fail_after(2ms, "zero"), fail_after(3ms, "late"));
        const std::string end = co_await ending_of(std::move(all));
        EXPECT_EQ(end, "zero");
    });
}

TEST_F(ParityGather, a_failure_stops_the_siblings_before_it_is_thrown) {
    differs("test_tasks: GatherTests one_exception (siblings)",
            "siblings are stopped and awaited: asyncio leaves them running as orphans");
    run_sim([&]() -> Task<> {
        const std::string end =
            co_await ending_of(gather(dies("sibling"), fail_after(1ms, "zero")));
        log.say(end);
    });
    EXPECT_EQ(log.text(), "sibling zero");
}

TEST_F(ParityGather, a_later_failure_is_kept_beside_the_first) {
    differs("test_tasks: GatherTests one_exception (later errors)",
            "errors after the first are readable: asyncio marks them as retrieved and drops them");
    run_sim([&]() -> Task<> {
        auto fails_when_stopped = [&]() -> Task<> {
            SlowOperation slow(5ms, true);
            co_await slow;
            throw std::runtime_error("second");
        };
        try {
            co_await gather(fail_after(1ms, "first"), fails_when_stopped);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say(describe(other));
            }
        }
    });
    EXPECT_EQ(log.text(), "first std::runtime_error: second");
}

TEST_F(ParityGather, errors_can_be_collected_as_results) {
    same("test_tasks: GatherTests return_exceptions");
    run_sim([]() -> Task<> {
        const auto [a, b, c, d] = co_await gather(settle, ready_value(3), value_after(1ms, 1),
                                                  fail_at_once("c"), fail_after(5ms, "d"));
        EXPECT_EQ(a.value(), 3);
        EXPECT_EQ(b.value(), 1);
        EXPECT_EQ(describe(c.error()), "std::runtime_error: c");
        EXPECT_EQ(describe(d.error()), "std::runtime_error: d");
    });
}

TEST_F(ParityGather, collecting_errors_waits_for_everybody) {
    same("test_tasks: GatherTests return_exceptions (not done early)");
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        const auto [a, b] = co_await gather(settle, fail_at_once("x"), value_after(7ms, 1));
        EXPECT_EQ(now() - before, 7ms);
        EXPECT_TRUE(a.has_error());
        EXPECT_TRUE(b.has_value());
    });
}

TEST_F(ParityGather, outside_a_loop_it_can_be_made_but_not_awaited) {
    differs("test_tasks: FutureGatherTests constructor_empty_sequence_without_loop",
            "a gather is lazy: it needs a loop where it is awaited, not where it is made");
    auto made = gather(ready_value(1), ready_value(2));
    const auto [a, b] = run_sim(std::move(made));
    EXPECT_EQ(a + b, 3);
}

TEST_F(ParityGather, of_nothing_it_gives_nothing) {
    same("test_tasks: FutureGatherTests constructor_empty_sequence_use_running_loop");
    run_sim([]() -> Task<> {
        std::vector<Task<int>> none;
        const std::vector<int> results = co_await gather(std::move(none));
        EXPECT_TRUE(results.empty());
    });
}

TEST_F(ParityGather, it_runs_on_the_loop_of_its_awaiter) {
    differs("test_tasks: FutureGatherTests constructor_empty_sequence_use_global_loop",
            "no loop is current outside run, so there is no global one to fall back to");
    run_sim([]() -> Task<> {
        EventLoop* const mine = &current_loop();
        auto where = []() -> Task<EventLoop*> { co_return &current_loop(); };
        const auto [a, b] = co_await gather(where(), where());
        EXPECT_EQ(a, mine);
        EXPECT_EQ(b, mine);
    });
}

TEST_F(ParityGather, what_runs_on_another_loop_cannot_be_mixed_in) {
    differs("test_tasks: FutureGatherTests constructor_heterogenous_futures",
            "tasks belong to no loop before they start; a running one is a handle of this loop");
    Task<int> made_here = value_after(1ms, 1);
    EXPECT_EQ(run_sim(std::move(made_here)), 1);
    Task<int> made_outside = value_after(1ms, 2);
    run_sim([&]() -> Task<> {
        const auto [a, b] = co_await gather(std::move(made_outside), value_after(1ms, 3));
        EXPECT_EQ(a + b, 5);
    });
}

TEST_F(ParityGather, two_gathers_can_wait_for_the_same_running_tasks) {
    same("test_tasks: FutureGatherTests constructor_homogenous_futures");
    run_sim([]() -> Task<> {
        TaskHandle<int> shared = create_task(value_after(2ms, 4));
        auto reads = [&]() -> Task<int> { co_return co_await shared; };
        auto twice = [&]() -> Task<int> {
            const auto [a, b] = co_await gather(reads, reads);
            co_return a + b;
        };
        const auto [first, second] = co_await gather(twice, twice);
        EXPECT_EQ(first + second, 16);
    });
}

TEST_F(ParityGather, a_stopped_task_fails_a_gather_that_awaits_it) {
    same("test_tasks: FutureGatherTests one_cancellation");
    run_sim([]() -> Task<> {
        TaskHandle<int> stopped = create_task(forever());
        auto reads = [&]() -> Task<int> { co_return co_await stopped; };
        TaskHandle<std::string> end =
            create_task(ending_of(gather(ready_value(1), std::move(reads))));
        co_await sleep(1ms);
        stopped.cancel();
        const std::string text = co_await end;
        EXPECT_EQ(text, "cancelled: caller");
    });
}

TEST_F(ParityGather, stopped_tasks_are_outcomes_when_errors_are_collected) {
    same("test_tasks: FutureGatherTests result_exception_one_cancellation");
    run_sim([]() -> Task<> {
        TaskHandle<int> stopped = create_task(forever());
        auto reads = [&]() -> Task<int> { co_return co_await stopped; };
        auto cancels = [&]() -> Task<int> {
            co_await sleep(1ms);
            stopped.cancel();
            co_return 3;
        };
        const auto [a, b, c, d] =
            co_await gather(settle, ready_value(1), fail_at_once("b"), reads, cancels);
        EXPECT_EQ(a.value(), 1);
        EXPECT_EQ(describe(b.error()), "std::runtime_error: b");
        EXPECT_THROW(static_cast<void>(c.value()), Cancelled);
        EXPECT_EQ(d.value(), 3);
    });
}

TEST_F(ParityGather, coroutines_start_in_argument_order) {
    same("test_tasks: CoroutineGatherTests constructor_use_running_loop");
    run_sim([&]() -> Task<> {
        auto tells = [&](std::string word) -> Task<> {
            log.say(word);
            co_return;
        };
        co_await gather(tells("a"), tells("b"), tells("c"));
    });
    EXPECT_EQ(log.text(), "a b c");
}

TEST_F(ParityGather, the_same_task_cannot_stand_in_it_twice) {
    differs("test_tasks: CoroutineGatherTests duplicate_coroutines",
            "a task is owned once; what several shall share is a running task's handle");
    run_sim([]() -> Task<> {
        TaskHandle<std::string> shared = create_task(value_after(1ms, std::string("abc")));
        auto reads = [&]() -> Task<std::string> { co_return co_await shared; };
        const auto [a, b, c] = co_await gather(reads, value_after(1ms, std::string("def")), reads);
        EXPECT_EQ(a + b + c, "abcdefabc");
    });
}

TEST_F(ParityGather, cancelling_the_awaiter_stops_every_child) {
    same("test_tasks: CoroutineGatherTests cancellation_broadcast");
    run_sim([&]() -> Task<> {
        auto outer = [&]() -> Task<> {
            co_await gather(dies("one"), dies("two"));
            log.say("never");
        };
        TaskHandle<> handle = create_task(outer);
        co_await sleep(1ms);
        handle.cancel();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_EQ(log.text(), "two one") << "the youngest first";
}

TEST_F(ParityGather, the_error_of_a_child_that_is_stopped_is_not_lost_noise) {
    differs("test_tasks: CoroutineGatherTests exception_marking",
            "the second task never gets to fail: it is stopped where it waits");
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        Gate a;
        Gate b;
        auto inner = [](Gate& gate) -> Task<> {
            co_await gate.wait();
            throw std::runtime_error("should not be ignored");
        };
        TaskHandle<std::string> end = create_task(ending_of(gather(inner(a), inner(b))));
        co_await sleep(1ms);
        a.open();
        const std::string text = co_await end;
        EXPECT_EQ(text, "should not be ignored");
        EXPECT_FALSE(b.has_waiters());
        b.open();
    });
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ParityGather, what_cannot_be_awaited_or_called_does_not_compile) {
    differs("test_tasks: CoroutineGatherTests issue46672",
            "a wrong argument is found by the compiler: asyncio raises TypeError");
    static_assert(detail::Startable<Task<int>>);
    static_assert(!detail::Startable<std::string>);
    static_assert(!detail::Startable<int>);
    run_sim([]() -> Task<> {
        const auto [a, b] = co_await gather(ready_value(1), [] { return 2; });
        EXPECT_EQ(a + b, 3);
    });
}

}  // namespace
}  // namespace rondo::test
