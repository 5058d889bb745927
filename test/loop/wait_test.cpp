// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/wait.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "rondo/loop/create_task.hpp"
#include "support/ledger.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {
namespace {

using Positions = std::vector<std::size_t>;

class WaitTest : public LedgerTest {
protected:
    /// Tasks that end after 30, 10 and 20 ms; the last one fails.
    static std::vector<TaskHandle<int>> three() {
        std::vector<TaskHandle<int>> handles;
        handles.push_back(create_task(value_after(30ms, 1)));
        handles.push_back(create_task(value_after(10ms, 2)));
        handles.push_back(create_task(fail_after(20ms, "three")));
        return handles;
    }
    static Task<> look_at_error(TaskHandle<int>& handle) {
        try {
            co_await handle;
        } catch (const std::runtime_error&) {
            co_return;
        }
    }
};

TEST_F(WaitTest, all_completed_waits_for_the_last_one) {
    auto main = []() -> Task<> {
        auto handles = three();
        const TimePoint before = now();
        const WaitSets sets = co_await wait(handles);
        EXPECT_EQ(sets.done, (Positions{0, 1, 2}));
        EXPECT_TRUE(sets.pending.empty());
        EXPECT_EQ(now() - before, 30ms);
        co_await look_at_error(handles[2]);
    };
    run_sim(main);
}

TEST_F(WaitTest, first_completed_returns_with_the_first) {
    auto main = []() -> Task<> {
        auto handles = three();
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_completed);
        EXPECT_EQ(sets.done, (Positions{1}));
        EXPECT_EQ(sets.pending, (Positions{0, 2}));
        co_await wait(handles);
        co_await look_at_error(handles[2]);
    };
    run_sim(main);
}

TEST_F(WaitTest, first_error_returns_with_the_first_failure_and_throws_nothing) {
    auto main = []() -> Task<> {
        auto handles = three();
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_error);
        EXPECT_EQ(sets.done, (Positions{1, 2}));
        EXPECT_EQ(sets.pending, (Positions{0}));
        co_await look_at_error(handles[2]);
    };
    run_sim(main);
}

TEST_F(WaitTest, first_error_without_one_waits_for_all) {
    auto main = []() -> Task<> {
        std::vector<TaskHandle<int>> handles;
        handles.push_back(create_task(value_after(1ms, 1)));
        handles.push_back(create_task(value_after(2ms, 2)));
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_error);
        EXPECT_EQ(sets.done.size(), 2U);
    };
    run_sim(main);
}

TEST_F(WaitTest, the_limit_ends_it_without_error_and_without_cancelling) {
    auto main = []() -> Task<> {
        auto handles = three();
        const WaitSets sets = co_await wait(handles, ReturnWhen::all_completed, 15ms);
        EXPECT_EQ(sets.done, (Positions{1}));
        EXPECT_EQ(sets.pending, (Positions{0, 2}));
        const int value = co_await handles[0];
        EXPECT_EQ(value, 1);
        co_await look_at_error(handles[2]);
    };
    run_sim(main);
}

TEST_F(WaitTest, ended_and_empty_ranges_return_at_once) {
    auto main = []() -> Task<> {
        std::vector<TaskHandle<int>> handles;
        WaitSets sets = co_await wait(handles);
        EXPECT_TRUE(sets.done.empty());
        handles.push_back(create_task(ready_value(1)));
        co_await handles[0];
        const TimePoint before = now();
        sets = co_await wait(handles, ReturnWhen::first_completed, 1h);
        EXPECT_EQ(sets.done, (Positions{0}));
        EXPECT_EQ(now(), before);
    };
    run_sim(main);
}

TEST_F(WaitTest, cancelling_the_waiter_leaves_the_tasks_alone) {
    auto main = []() -> Task<> {
        auto handles = three();
        auto result = co_await move_on_after(5ms, wait(handles));
        EXPECT_FALSE(result.has_value());
        for (const TaskHandle<int>& handle : handles) {
            EXPECT_FALSE(handle.done());
        }
        co_await wait(handles);
        EXPECT_TRUE(handles[0].succeeded());
        co_await look_at_error(handles[2]);
    };
    run_sim(main);
}

TEST_F(WaitTest, a_stopped_task_counts_as_an_error_and_its_handle_waits_without_throwing) {
    auto main = []() -> Task<> {
        std::vector<TaskHandle<int>> handles;
        handles.push_back(create_task(forever()));
        handles.push_back(create_task(value_after(10ms, 1)));
        co_await sleep(1ms);
        handles[0].cancel();
        const WaitSets sets = co_await wait(handles, ReturnWhen::first_error);
        EXPECT_EQ(sets.done, (Positions{0}));
        co_await handles[0].wait();
        EXPECT_TRUE(handles[0].cancelled());
    };
    run_sim(main);
}

}  // namespace
}  // namespace rondo::test
