// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/wait.hpp"

#include <gtest/gtest.h>

#include <list>
#include <string>
#include <type_traits>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"

namespace rondo::test {
namespace {

using Positions = std::vector<std::size_t>;

class ParityWait : public ParityTest {
protected:
    /// Handles of tasks that end after these durations.
    template <class... D>
    static std::vector<TaskHandle<int>> sleepers(D... durations) {
        std::vector<TaskHandle<int>> handles;
        (handles.push_back(create_task(value_after(durations, 1))), ...);
        return handles;
    }
};

template <class T>
concept CanBeWaitedFor = requires(T& handles) { rondo::wait(handles); };

TEST_F(ParityWait, it_returns_when_all_have_ended) {
    same("test_tasks: BaseTaskTests wait");
    run_sim([]() -> Task<> {
        auto handles = sleepers(100ms, 150ms);
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles);
        EXPECT_EQ(sets.done, (Positions{0, 1}));
        EXPECT_TRUE(sets.pending.empty());
        EXPECT_EQ(now() - before, 150ms);
    });
}

TEST_F(ParityWait, waiting_again_takes_no_time) {
    same("test_tasks: BaseTaskTests wait (a second time)");
    run_sim([]() -> Task<> {
        auto handles = sleepers(100ms, 150ms);
        co_await wait(handles);
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles);
        EXPECT_EQ(sets.done, (Positions{0, 1}));
        EXPECT_EQ(now(), before);
    });
}

TEST_F(ParityWait, each_position_is_one_task) {
    differs("test_tasks: BaseTaskTests wait_duplicate_coroutines",
            "a handle moves and cannot stand twice in a range, so there is nothing to merge");
    static_assert(!std::is_copy_constructible_v<TaskHandle<int>>);
    run_sim([]() -> Task<> {
        std::vector<TaskHandle<std::string>> handles;
        handles.push_back(create_task(value_after(1ms, std::string("test"))));
        handles.push_back(create_task(value_after(1ms, std::string("spam"))));
        const WaitSets sets = co_await wait(handles);
        EXPECT_EQ(sets.done, (Positions{0, 1}));
        const std::string a = co_await handles[0];
        const std::string b = co_await handles[1];
        EXPECT_EQ(a + b, "testspam");
    });
}

TEST_F(ParityWait, an_empty_range_returns_at_once) {
    differs("test_tasks: BaseTaskTests wait_errors (empty set)",
            "nothing to wait for is no mistake: asyncio raises ValueError");
    run_sim([]() -> Task<> {
        std::vector<TaskHandle<int>> none;
        const TimePoint before = now();
        const WaitSets sets = co_await wait(none, ReturnWhen::first_completed, 1h);
        EXPECT_TRUE(sets.done.empty());
        EXPECT_TRUE(sets.pending.empty());
        EXPECT_EQ(now(), before);
    });
}

TEST_F(ParityWait, when_it_returns_is_one_of_three_names) {
    differs("test_tasks: BaseTaskTests wait_errors (return_when=-1)",
            "an enumeration cannot be a wrong number: asyncio raises ValueError");
    static_assert(!std::is_convertible_v<int, ReturnWhen>);
    run_sim([]() -> Task<> {
        for (const ReturnWhen when :
             {ReturnWhen::first_completed, ReturnWhen::first_error, ReturnWhen::all_completed}) {
            auto handles = sleepers(1ms);
            const WaitSets sets = co_await wait(handles, when);
            EXPECT_EQ(sets.done, (Positions{0}));
        }
    });
}

TEST_F(ParityWait, first_completed_returns_with_the_first_one) {
    same("test_tasks: BaseTaskTests wait_first_completed");
    run_sim([]() -> Task<> {
        auto handles = sleepers(10s, 100ms);
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_completed);
        EXPECT_EQ(sets.done, (Positions{1}));
        EXPECT_EQ(sets.pending, (Positions{0}));
        EXPECT_FALSE(handles[0].done());
        EXPECT_EQ(now() - before, 100ms);
    });
}

TEST_F(ParityWait, what_ended_while_the_waiter_woke_counts_as_done) {
    same("test_tasks: BaseTaskTests wait_really_done");
    run_sim([]() -> Task<> {
        auto turns = [](int count) -> Task<> {
            for (int i = 0; i < count; ++i) {
                co_await yield();
            }
        };
        std::vector<TaskHandle<>> handles;
        handles.push_back(create_task(turns(2)));
        handles.push_back(create_task(turns(1)));
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_completed);
        EXPECT_EQ(sets.done, (Positions{0, 1}));
    });
}

TEST_F(ParityWait, first_error_returns_at_once_when_one_failed_already) {
    same("test_tasks: BaseTaskTests wait_first_exception");
    run_sim([]() -> Task<> {
        auto handles = sleepers(10s);
        handles.push_back(create_task(fail_at_once("err")));
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_error);
        EXPECT_EQ(sets.done, (Positions{1}));
        EXPECT_EQ(sets.pending, (Positions{0}));
        EXPECT_EQ(now(), before);
        const std::string end = co_await ending_at(handles[1]);
        EXPECT_EQ(end, "err");
    });
}

TEST_F(ParityWait, first_error_returns_when_one_fails_meanwhile) {
    same("test_tasks: BaseTaskTests wait_first_exception_in_wait");
    run_sim([]() -> Task<> {
        auto handles = sleepers(10s);
        handles.push_back(create_task(fail_after(10ms, "err")));
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_error);
        EXPECT_EQ(sets.done, (Positions{1}));
        EXPECT_EQ(now() - before, 10ms);
        const std::string end = co_await ending_at(handles[1]);
        EXPECT_EQ(end, "err");
    });
}

TEST_F(ParityWait, for_first_error_a_stopped_task_is_an_error) {
    differs("asyncio.wait: FIRST_EXCEPTION passes over cancelled tasks",
            "a stopped task has no result either: who waits for trouble wants to hear of it");
    run_sim([]() -> Task<> {
        auto handles = sleepers(10s, 10s);
        co_await sleep(1ms);
        handles[0].cancel();
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_error);
        EXPECT_EQ(sets.done, (Positions{0}));
        EXPECT_EQ(sets.pending, (Positions{1}));
    });
}

TEST_F(ParityWait, an_error_is_not_thrown_but_kept_in_its_handle) {
    same("test_tasks: BaseTaskTests wait_with_exception");
    run_sim([]() -> Task<> {
        auto handles = sleepers(100ms);
        handles.push_back(create_task(fail_after(150ms, "really")));
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles);
        EXPECT_EQ(sets.done.size(), 2U);
        EXPECT_EQ(now() - before, 150ms);
        EXPECT_TRUE(handles[0].succeeded());
        EXPECT_FALSE(handles[1].succeeded());
        co_await wait(handles);
        const std::string end = co_await ending_at(handles[1]);
        EXPECT_EQ(end, "really");
    });
}

TEST_F(ParityWait, a_limit_ends_it_without_an_error) {
    same("test_tasks: BaseTaskTests wait_with_timeout");
    run_sim([]() -> Task<> {
        auto handles = sleepers(100ms, 150ms);
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles, ReturnWhen::all_completed, 110ms);
        EXPECT_EQ(sets.done, (Positions{0}));
        EXPECT_EQ(sets.pending, (Positions{1}));
        EXPECT_EQ(now() - before, 110ms);
    });
}

TEST_F(ParityWait, what_ends_with_the_limit_is_done) {
    same("test_tasks: BaseTaskTests wait_concurrent_complete");
    run_sim([]() -> Task<> {
        auto handles = sleepers(100ms, 150ms);
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles, ReturnWhen::all_completed, 100ms);
        EXPECT_EQ(sets.done, (Positions{0}));
        EXPECT_EQ(sets.pending, (Positions{1}));
        EXPECT_EQ(now() - before, 100ms);
    });
}

TEST_F(ParityWait, a_limit_of_nothing_only_looks) {
    same("test_tasks: BaseTaskTests wait_with_timeout (0)");
    run_sim([]() -> Task<> {
        auto handles = sleepers(1ms, 1ms);
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles, ReturnWhen::all_completed, 0ms);
        EXPECT_EQ(sets.pending, (Positions{0, 1}));
        EXPECT_EQ(now(), before);
    });
}

TEST_F(ParityWait, any_range_of_handles_will_do) {
    same("test_tasks: BaseTaskTests wait_with_iterator_of_tasks");
    run_sim([]() -> Task<> {
        std::list<TaskHandle<int>> handles;
        handles.push_back(create_task(value_after(100ms, 1)));
        handles.push_front(create_task(value_after(150ms, 2)));
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles);
        EXPECT_EQ(sets.done, (Positions{0, 1}));
        EXPECT_EQ(now() - before, 150ms);
    });
}

TEST_F(ParityWait, a_single_task_is_no_range) {
    differs("test_tasks: BaseTaskTests wait_invalid_args",
            "a wrong argument is found by the compiler: asyncio raises TypeError");
    static_assert(!CanBeWaitedFor<Task<int>>);
    static_assert(!CanBeWaitedFor<TaskHandle<int>>);
    static_assert(CanBeWaitedFor<std::vector<TaskHandle<int>>>);
    run_sim([]() -> Task<> {
        TaskHandle<int> single = create_task(value_after(1ms, 1));
        co_await single.wait();
        EXPECT_TRUE(single.succeeded());
    });
}

TEST_F(ParityWait, cancelling_the_waiter_leaves_the_tasks_alone) {
    same("test_tasks: BaseTaskTests yield_wait_does_not_shield_cancel");
    run_sim([&]() -> Task<> {
        std::vector<TaskHandle<>> handles;
        handles.push_back(create_task(says("inner", 10ms)));
        auto outer = [&]() -> Task<> {
            co_await wait(handles);
            log.say("never");
        };
        TaskHandle<> waiter = create_task(outer);
        co_await sleep(1ms);
        waiter.cancel();
        const std::string end = co_await ending_at(waiter);
        EXPECT_EQ(end, "cancelled: caller");
        EXPECT_FALSE(handles[0].done());
        co_await handles[0];
    });
    EXPECT_EQ(log.text(), "inner");
}

}  // namespace
}  // namespace rondo::test
