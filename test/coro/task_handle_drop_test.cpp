// SPDX-License-Identifier: Apache-2.0
// Handles that are dropped, detached or moved away, also while somebody awaits them.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/task_handle.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/ledger.hpp"
#include "support/reports.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class TaskHandleDropTest : public LedgerTest {
protected:
    std::optional<TaskHandle<int>> handle;

    void start(Task<int> task) { handle.emplace(create_task(std::move(task))); }
    Task<> waits() {
        TaskHandle<int>& awaited = *handle;
        try {
            const int value = co_await awaited;
            log.say(std::to_string(value));
        } catch (const Cancelled& cancelled) {
            log.say(to_string(cancelled.reason()));
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    }
    /// Between the end of the task and the turn of those it woke.
    Task<> drops_at_the_end() {
        while (!handle->done()) {
            co_await yield();
        }
        handle.reset();
    }
};
using TaskHandleDropDeathTest = TaskHandleDropTest;

TEST_F(TaskHandleDropTest, dropped_while_somebody_waits_it_stops_its_task_and_they_hear_of_it) {
    run_sim([&]() -> Task<> {
        start(forever());
        TaskHandle<> one = create_task(waits());
        TaskHandle<> two = create_task(waits());
        co_await turns(2);
        handle.reset();
        co_await one;
        co_await two;
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "abandoned abandoned");
}

TEST_F(TaskHandleDropTest, detached_while_somebody_waits_its_task_gives_them_the_result) {
    run_sim([&]() -> Task<> {
        start(value_after(1ms, 5));
        TaskHandle<> one = create_task(waits());
        co_await turns(2);
        handle->detach();
        co_await one;
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "5");
    handle.reset();
}

TEST_F(TaskHandleDropTest, the_first_who_is_woken_may_drop_what_the_others_await) {
    std::map<int, TaskHandle<Tracked>> running;
    run_sim([&]() -> Task<> {
        running.emplace(1, create_task(value_after(1ms, Tracked(7))));
        auto takes = [&]() -> Task<> {
            TaskHandle<Tracked>& awaited = running.at(1);
            const Tracked value = co_await awaited;
            running.erase(1);
            EXPECT_TRUE(value.whole());
            log.say(std::to_string(value.number()));
        };
        co_await gather(takes(), takes(), takes());
        EXPECT_EQ(Tracked::live(), 0);
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "7 7 7");
}

TEST_F(TaskHandleDropTest, the_first_who_is_woken_may_take_the_handle_with_it) {
    run_sim([&]() -> Task<> {
        start(value_after(1ms, 4));
        auto takes = [&]() -> Task<> {
            const int value = co_await std::move(*handle);
            log.say("took" + std::to_string(value));
        };
        auto ends = [&]() -> Task<> {
            auto end = handle->wait();
            co_await end;
            log.say("end");
        };
        co_await gather(ends(), takes());
        EXPECT_EQ(log.text(), "end took4");
    });
    handle.reset();
}

TEST_F(TaskHandleDropTest, a_result_that_came_is_there_for_who_was_woken) {
    run_sim([&]() -> Task<> {
        start([]() -> Task<int> {
            co_await turns(2);
            co_return 3;
        }());
        co_await gather(waits(), drops_at_the_end(), waits());
    });
    EXPECT_EQ(log.text(), "3 3");
}

TEST_F(TaskHandleDropTest, an_error_that_came_is_thrown_where_it_is_awaited_and_not_reported) {
    const Reports reports;
    run_sim([&]() -> Task<> {
        start([]() -> Task<int> {
            co_await turns(2);
            throw std::runtime_error("failed");
        }());
        co_await gather(waits(), drops_at_the_end());
    });
    EXPECT_EQ(log.text(), "failed");
    EXPECT_TRUE(Reports::empty());
}

TEST_F(TaskHandleDropTest, an_error_is_reported_when_who_awaits_it_is_stopped) {
    const Reports reports;
    run_sim([&]() -> Task<> {
        start([]() -> Task<int> {
            co_await turns(4);
            throw std::runtime_error("failed");
        }());
        TaskHandle<> one = create_task(waits());
        co_await turns(2);
        one.cancel();
        handle->detach();
        co_await turns(4);
    });
    EXPECT_TRUE(log.empty());
    EXPECT_EQ(Reports::take().size(), 1U);
    handle.reset();
}

// An await that finds the result, but has used up its turn, is resumed in the next one.
TEST_F(TaskHandleDropTest, who_takes_turns_with_the_result_has_it_though_the_handle_went) {
    run_sim([&]() -> Task<> {
        start(ready_value(1));
        co_await yield();
        long sum = 0;
        auto polls = [&]() -> Task<> {
            while (handle) {
                TaskHandle<int>& awaited = *handle;
                const int value = co_await awaited;
                sum += value;
            }
        };
        auto drops = [&]() -> Task<> {
            handle.reset();
            co_return;
        };
        co_await gather(polls(), drops());
        EXPECT_GT(sum, 0);
        expect_idle(current_loop().stats());
    });
}

TEST_F(TaskHandleDropTest, an_awaitable_may_be_awaited_again_as_long_as_the_handle_lives) {
    run_sim([&]() -> Task<> {
        start(value_after(1ms, 2));
        auto end = handle->wait();
        co_await end;
        co_await end;
        EXPECT_TRUE(handle->succeeded());
        handle.reset();
    });
}

TEST_F(TaskHandleDropDeathTest, a_handle_that_was_moved_from_is_good_for_nothing) {
    auto with = [&](auto use) {
        run_sim([&]() -> Task<> {
            TaskHandle<int> old = create_task(ready_value(1));
            const TaskHandle<int> now = std::move(old);
            use(old);
            co_await yield();
        });
    };
    const auto* const message = "a TaskHandle that is moved from or detached";
    EXPECT_DEATH(with([](TaskHandle<int>& old) { old.cancel(); }), message);
    EXPECT_DEATH(with([](TaskHandle<int>& old) { old.detach(); }), message);
    EXPECT_DEATH(with([](TaskHandle<int>& old) { static_cast<void>(old.done()); }), message);
    EXPECT_DEATH(with([](TaskHandle<int>& old) { static_cast<void>(old.cancelled()); }), message);
    EXPECT_DEATH(with([](TaskHandle<int>& old) { static_cast<void>(old.succeeded()); }), message);
    EXPECT_DEATH(with([](TaskHandle<int>& old) { static_cast<void>(old.wait()); }), message);
    EXPECT_DEATH(with([](TaskHandle<int>& old) { old.set_name("name"); }), message);
    EXPECT_DEATH(with([](TaskHandle<int>& old) { static_cast<void>(old.name()); }), message);
}

TEST_F(TaskHandleDropDeathTest, a_handle_that_was_detached_cannot_be_awaited) {
    auto lvalue = [&]() -> Task<> {
        start(ready_value(1));
        handle->detach();
        co_await waits();
    };
    EXPECT_DEATH(run_sim(lvalue), "moved from or detached");
    auto rvalue = [&]() -> Task<> {
        start(ready_value(1));
        handle->detach();
        co_await std::move(*handle);
    };
    EXPECT_DEATH(run_sim(rvalue), "moved from or detached");
}

}  // namespace
}  // namespace rondo::test
