// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/context_var.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::test {
namespace {

using ParityContext = ParityTest;

ContextVar<std::string> word_var{"nope"};
ContextVar<int> number_var{-1};

TEST_F(ParityContext, a_task_has_the_values_of_when_it_was_started) {
    same("test_tasks: BaseTaskTests context_1");
    run_sim([]() -> Task<> {
        auto sub = []() -> Task<> {
            co_await sleep(10ms);
            EXPECT_EQ(word_var.get(), "nope");
            word_var.set("something else");
        };
        EXPECT_EQ(word_var.get(), "nope");
        TaskHandle<> handle = create_task(sub);
        word_var.set("yes");
        EXPECT_EQ(word_var.get(), "yes");
        co_await handle;
        EXPECT_EQ(word_var.get(), "yes");
    });
}

TEST_F(ParityContext, what_wakes_a_task_does_not_touch_its_values) {
    same("test_tasks: BaseTaskTests context_2");
    run_sim([]() -> Task<> {
        for (int j = 0; j < 2; ++j) {
            bool posted = false;
            current_loop().post([&] { posted = true; });
            word_var.set("yes" + std::to_string(j));
            while (!posted) {
                co_await yield();
            }
            EXPECT_EQ(word_var.get(), "yes" + std::to_string(j));
            for (int i = 0; i < 3; ++i) {
                word_var.set(std::to_string(i));
                co_await sleep(1ms);
                EXPECT_EQ(word_var.get(), std::to_string(i));
            }
        }
    });
}

TEST_F(ParityContext, nothing_is_left_when_the_run_has_ended) {
    same("test_tasks: BaseTaskTests context_2 (afterwards)");
    run_sim([]() -> Task<> {
        word_var.set("inside");
        co_return;
    });
    EXPECT_EQ(word_var.get(), "nope");
    run_sim([]() -> Task<> {
        EXPECT_EQ(word_var.get(), "nope");
        co_return;
    });
}

TEST_F(ParityContext, a_hundred_tasks_do_not_see_each_others_values) {
    same("test_tasks: BaseTaskTests context_3");
    run_sim([]() -> Task<> {
        auto sub = [](int number) -> Task<> {
            for (int i = 0; i < 10; ++i) {
                number_var.set(number + i);
                co_await sleep(std::chrono::milliseconds(1 + (number * 7 + i * 3) % 50));
                EXPECT_EQ(number_var.get(), number + i);
            }
        };
        std::vector<Task<>> tasks;
        for (int i = 0; i < 100; ++i) {
            tasks.push_back(sub(i));
        }
        co_await gather(std::move(tasks));
        EXPECT_EQ(number_var.get(), -1);
    });
}

TEST_F(ParityContext, what_a_created_task_sets_stays_with_it) {
    differs("test_tasks: BaseTaskTests context_4 and context_6 (context=)",
            "a context is no object that two tasks could share: return what the other shall know");
    run_sim([]() -> Task<> {
        auto sets = [](int value) -> Task<int> {
            co_await sleep(0s);
            number_var.set(value);
            co_return number_var.get();
        };
        TaskHandle<int> one = create_task(sets(1));
        const int first = co_await one;
        TaskHandle<int> two = create_task(sets(2));
        const int second = co_await two;
        EXPECT_EQ(first + second, 3);
        EXPECT_EQ(number_var.get(), -1);
    });
}

TEST_F(ParityContext, variables_that_a_task_shall_have_are_set_before_it_is_started) {
    differs("test_tasks: BaseTaskTests context_5 (create_task with context=)",
            "set, start, reset: the token restores what was there");
    run_sim([]() -> Task<> {
        auto reads = []() -> Task<int> {
            co_await yield();
            co_return number_var.get();
        };
        auto token = number_var.set(5);
        TaskHandle<int> five = create_task(reads);
        number_var.reset(std::move(token));
        TaskHandle<int> none = create_task(reads);
        const int a = co_await five;
        const int b = co_await none;
        EXPECT_EQ(a, 5);
        EXPECT_EQ(b, -1);
    });
}

TEST_F(ParityContext, an_awaited_task_shares_the_values_of_its_awaiter) {
    same("contextvars: await does not copy the context");
    run_sim([]() -> Task<> {
        auto sets = []() -> Task<> {
            co_await yield();
            number_var.set(3);
        };
        co_await sets();
        EXPECT_EQ(number_var.get(), 3);
    });
}

TEST_F(ParityContext, the_children_of_a_gather_have_copies) {
    same("contextvars: gather wraps coroutines in tasks, each with a copy");
    run_sim([]() -> Task<> {
        number_var.set(1);
        auto sets = [](int value) -> Task<int> {
            const int before = number_var.get();
            number_var.set(value);
            co_await yield();
            co_return before * 10 + number_var.get();
        };
        const auto [a, b] = co_await gather(sets(2), sets(3));
        EXPECT_EQ(a, 12);
        EXPECT_EQ(b, 13);
        EXPECT_EQ(number_var.get(), 1);
    });
}

Task<> sets_number(int value) {
    co_await yield();
    number_var.set(value);
}

TEST_F(ParityContext, the_body_of_a_timeout_shares_the_values_of_its_awaiter) {
    same("contextvars: timeout() and wait_for() (3.12) start no task");
    run_sim([]() -> Task<> {
        co_await timeout(1h, sets_number(4));
        EXPECT_EQ(number_var.get(), 4);
        auto late = []() -> Task<> {
            number_var.set(5);
            co_await sleep(1h);
        };
        try {
            co_await timeout(1ms, late());
        } catch (const TimeoutError&) {
        }
        EXPECT_EQ(number_var.get(), 5);
    });
}

TEST_F(ParityContext, the_body_of_a_task_group_shares_the_values_of_its_awaiter) {
    same("contextvars: the block of a TaskGroup is part of its task");
    run_sim([]() -> Task<> {
        auto body = [](TaskGroup& group) -> Task<> {
            group.spawn(sets_number(6));
            co_await sets_number(7);
        };
        co_await task_group(body);
        EXPECT_EQ(number_var.get(), 7);
    });
}

TEST_F(ParityContext, a_shield_shares_the_values_of_its_awaiter) {
    differs("contextvars: shield() wraps a coroutine in a task, with a copy",
            "a shield is no task of its own: its body is awaited in place");
    run_sim([]() -> Task<> {
        co_await shield(sets_number(8));
        EXPECT_EQ(number_var.get(), 8);
    });
}

}  // namespace
}  // namespace rondo::test
