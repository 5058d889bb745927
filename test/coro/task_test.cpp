// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class TaskTest : public LedgerTest {};
using TaskDeathTest = TaskTest;

Task<std::unique_ptr<int>> boxed(int value) { co_return std::make_unique<int>(value); }

TEST_F(TaskTest, a_value_comes_back) { EXPECT_EQ(run_sim(ready_value(7)), 7); }

TEST_F(TaskTest, a_value_that_only_moves_comes_back) {
    auto main = []() -> Task<std::unique_ptr<int>> {
        std::unique_ptr<int> first = co_await boxed(3);
        ++*first;
        co_return first;
    };
    EXPECT_EQ(*run_sim(main), 4);
}

TEST_F(TaskTest, a_reference_comes_back_as_itself) {
    int number = 1;
    auto refer = [&]() -> Task<int&> { co_return number; };
    auto main = [&]() -> Task<> {
        int& same = co_await refer();
        same = 5;
        EXPECT_EQ(&same, &number);
    };
    run_sim(main);
    EXPECT_EQ(number, 5);
}

TEST_F(TaskTest, nothing_runs_before_it_is_awaited) {
    auto main = [&]() -> Task<> {
        auto child = [&]() -> Task<> {
            log.say("child");
            co_return;
        };
        Task<> task = child();
        log.say("made");
        co_await task;
        log.say("awaited");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "made child awaited");
}

TEST_F(TaskTest, awaiting_takes_no_turn) {
    auto main = [&]() -> Task<> {
        auto other = [&]() -> Task<> {
            log.say("other");
            co_return;
        };
        TaskHandle<> handle = create_task(other());
        for (int i = 0; i < 3; ++i) {
            const int value = co_await ready_value(i);
            log.say(std::to_string(value));
        }
        co_await handle;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 1 2 other");
}

TEST_F(TaskTest, a_waiting_child_suspends_its_parent) {
    auto main = [&]() -> Task<> {
        const int value = co_await value_after(5ms, 9);
        EXPECT_EQ(value, 9);
        log.say("parent");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "parent");
}

TEST_F(TaskTest, an_error_is_thrown_where_it_is_awaited) {
    auto main = []() -> Task<std::string> {
        std::string text;
        try {
            const int value = co_await fail_at_once("at once");
            text = std::to_string(value);
        } catch (const std::runtime_error& error) {
            text = error.what();
        }
        try {
            const int value = co_await fail_after(1ms, " and later");
            text += std::to_string(value);
        } catch (const std::runtime_error& error) {
            text += error.what();
        }
        co_return text;
    };
    EXPECT_EQ(run_sim(main), "at once and later");
}

TEST_F(TaskTest, an_error_passes_through_many_levels) {
    struct Level {
        static Task<int> at(int depth) {
            const Tracked here(depth);
            if (depth == 0) {
                co_await yield();
                throw std::runtime_error("bottom");
            }
            const int value = co_await at(depth - 1);
            co_return value + 1;
        }
    };
    EXPECT_THROW(run_sim(Level::at(50)), std::runtime_error);
}

struct ThrowsAtEnd {
    bool armed = true;
    ~ThrowsAtEnd() noexcept(false) {
        if (armed) {
            throw std::runtime_error("a destructor after co_return");
        }
    }
};

TEST_F(TaskTest, a_throwing_local_replaces_the_value_and_frees_it) {
    auto child = []() -> Task<Tracked> {
        const ThrowsAtEnd local;
        co_return Tracked(1);
    };
    EXPECT_THROW(run_sim(child), std::runtime_error);
}

TEST_F(TaskTest, a_named_task_is_awaited_in_place) {
    auto main = []() -> Task<int> {
        Task<int> task = value_after(2ms, 4);
        const int value = co_await task;
        co_return value;
    };
    EXPECT_EQ(run_sim(main), 4);
}

TEST_F(TaskTest, a_moved_task_is_awaited_where_it_went) {
    auto main = []() -> Task<int> {
        Task<int> first = ready_value(1);
        Task<int> second = ready_value(2);
        second = std::move(first);
        std::vector<Task<int>> many;
        many.push_back(std::move(second));
        const int value = co_await std::move(many.back());
        co_return value;
    };
    EXPECT_EQ(run_sim(main), 1);
}

Task<int> keeps(Tracked argument) {
    co_await yield();
    co_return argument.number();
}

TEST_F(TaskTest, a_task_that_is_never_awaited_frees_its_arguments) {
    {
        const Task<int> dropped = keeps(Tracked(1));
    }
    auto main = []() -> Task<> {
        const Task<int> dropped = keeps(Tracked(2));
        co_await yield();
    };
    run_sim(main);
    EXPECT_EQ(Tracked::live(), 0);
}

TEST_F(TaskTest, arguments_live_as_long_as_the_task_runs) {
    auto main = []() -> Task<int> {
        Tracked given(3);
        const int value = co_await keeps(std::move(given));
        co_return value;
    };
    EXPECT_EQ(run_sim(main), 3);
}

TEST_F(TaskTest, a_large_frame_and_an_aligned_result_work) {
    struct alignas(16) Aligned {
        double value;
    };
    auto large = []() -> Task<Aligned> {
        std::byte room[40'000] = {};
        co_await yield();
        co_return Aligned{static_cast<double>(room[39'999]) + 2.0};
    };
    EXPECT_EQ(run_sim(large).value, 2.0);
}

TEST_F(TaskTest, calling_a_task_is_no_cancellation_point) {
    auto child = [&]() -> Task<> {
        log.say("called");
        co_return;
    };
    auto main = [&]() -> Task<> {
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            co_await child();
            co_await yield();
            log.say("never");
        });
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "called");
}

TEST_F(TaskTest, a_stopped_chain_dies_leaf_first) {
    auto leaf = [&]() -> Task<> {
        const AtEnd end(log, "leaf");
        co_await sleep(1h);
    };
    auto middle = [&]() -> Task<> {
        const AtEnd end(log, "middle");
        co_await leaf();
    };
    auto main = [&]() -> Task<> {
        const auto result = co_await move_on_after(1ms, middle);
        log.say(result ? "value" : "stopped");
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "leaf middle stopped");
}

TEST_F(TaskDeathTest, awaiting_a_task_twice_is_misuse) {
    auto main = []() -> Task<> {
        Task<int> task = ready_value(1);
        co_await task;
        co_await task;
    };
    EXPECT_DEATH(run_sim(main), "awaited before");
}

TEST_F(TaskDeathTest, two_that_await_one_task_are_misuse) {
    auto main = []() -> Task<> {
        Task<int> task = value_after(1ms, 1);
        auto waits = [&]() -> Task<> {
            Task<int>& awaited = task;  // g++ 12 would copy what it captured
            co_await awaited;
        };
        co_await gather(waits, waits);
    };
    EXPECT_DEATH(run_sim(main), "awaited before");
}

TEST_F(TaskDeathTest, running_a_task_that_was_awaited_is_misuse) {
    auto main = []() -> Task<> {
        Task<int> task = ready_value(1);
        co_await task;
        co_await gather(std::move(task));
    };
    EXPECT_DEATH(run_sim(main), "awaited before");
}

TEST_F(TaskDeathTest, running_a_task_that_somebody_awaits_is_misuse) {
    auto main = []() -> Task<> {
        Task<int> task = value_after(1ms, 1);
        auto waits = [&]() -> Task<> {
            Task<int>& awaited = task;  // g++ 12 would copy what it captured
            co_await awaited;
        };
        auto takes = [&]() -> Task<> { co_await timeout(1h, std::move(task)); };
        co_await gather(waits, takes);
    };
    EXPECT_DEATH(run_sim(main), "awaited before");
}

TEST_F(TaskDeathTest, awaiting_an_empty_task_is_misuse) {
    auto main = []() -> Task<> {
        Task<int> task = ready_value(1);
        const Task<int> taken = std::move(task);
        co_await task;
    };
    EXPECT_DEATH(run_sim(main), "moved from");
}

TEST_F(TaskDeathTest, running_an_empty_task_is_misuse) {
    auto main = []() -> Task<> {
        Task<int> task = ready_value(1);
        const Task<int> taken = std::move(task);
        co_await gather(std::move(task));
    };
    EXPECT_DEATH(run_sim(main), "moved from");
}

TEST_F(TaskDeathTest, destroying_a_task_that_somebody_waits_in_is_misuse) {
    auto main = []() -> Task<> {
        std::optional<Task<int>> shared = forever();
        auto waits = [&]() -> Task<> {
            Task<int>& task = *shared;
            co_await task;
        };
        auto destroys = [&]() -> Task<> {
            co_await yield();
            shared.reset();
        };
        co_await gather(waits, destroys);
    };
    EXPECT_DEATH(run_sim(main), "destroyed while a coroutine waits inside it");
}

}  // namespace
}  // namespace rondo::test
