// SPDX-License-Identifier: Apache-2.0
// Tasks: what they take, what they tell of themselves, what they are called.
#include "rondo/coro/task.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/errors.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/task_info.hpp"
#include "rondo/sync/event.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

using ParityTaskDeathTest = ParityTest;
using ParityTask = ParityTest;

/// An awaitable that is no coroutine.
struct Ready {
    int value;
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    int await_resume() const noexcept { return value; }
};

template <class H>
concept HasSetResult = requires(H& handle) { handle.set_result(1); };

TEST_F(ParityTask, what_coroutines_return_adds_up) {
    same("test_tasks: BaseTaskTests task_basics");
    run_sim([]() -> Task<> {
        auto inner1 = []() -> Task<int> { co_return 42; };
        auto inner2 = []() -> Task<int> { co_return 1000; };
        auto outer = [&]() -> Task<int> {
            const int a = co_await inner1();
            const int b = co_await inner2();
            co_return a + b;
        };
        const int sum = co_await outer();
        EXPECT_EQ(sum, 1042);
    });
}

TEST_F(ParityTask, a_task_runs_on_the_loop_that_started_it) {
    same("test_tasks: BaseTaskTests task_class");
    run_sim([]() -> Task<> {
        EventLoop* const loop = &current_loop();
        auto body = [&]() -> Task<std::string> {
            EXPECT_EQ(&current_loop(), loop);
            co_return "ok";
        };
        TaskHandle<std::string> handle = create_task(body);
        const std::string result = co_await handle;
        EXPECT_TRUE(handle.done());
        EXPECT_EQ(result, "ok");
    });
}

TEST_F(ParityTask, its_result_has_a_type) {
    same("test_tasks: BaseTaskTests generic_alias");
    static_assert(std::is_same_v<Task<std::string>::value_type, std::string>);
    run_sim([]() -> Task<> {
        auto handle = create_task(value_after(1ms, std::string("typed")));
        static_assert(std::is_same_v<decltype(handle), TaskHandle<std::string>>);
        const std::string& result = co_await handle;
        EXPECT_EQ(result, "typed");
    });
}

TEST_F(ParityTask, one_that_awaits_itself_is_a_deadlock) {
    differs("test_tasks: BaseTaskTests task_awaits_on_itself",
            "the simulation finds it as it finds every deadlock, and shows the tree");
    auto main = []() -> Task<> {
        std::optional<TaskHandle<>> self;
        self = create_task([&]() -> Task<> { co_await *self; });
        co_await *self;
    };
    EXPECT_THROW(run_sim(main), Deadlock);
}

TEST_F(ParityTask, one_of_another_loop_is_reached_through_that_loop) {
    differs("test_tasks: BaseTaskTests other_loop_future and ensure_future_error_msg",
            "there is no handle of another loop's task: spawn_on gives a std::future");
    Runner other(sim_options());
    const LoopHandle loop = other.loop().handle();
    std::future<int> future = spawn_on(loop, value_after(1ms, 6));
    other.run(sleep(2ms));
    EXPECT_EQ(future.get(), 6);
}

TEST_F(ParityTask, ten_thousand_of_them_leave_nothing_behind) {
    same("test_tasks: CTask_CFuture_Tests refleaks_in_task___init__");
    run_sim([]() -> Task<> {
        const long before = current_loop().stats().frames;
        for (int i = 0; i < 10'000; ++i) {
            TaskHandle<int> handle = create_task(value_after(0s, i), "one of many");
            const int value = co_await handle;
            EXPECT_EQ(value, i);
        }
        EXPECT_EQ(current_loop().stats().frames, before);
    });
}

TEST_F(ParityTask, a_handle_may_die_in_the_task_it_belongs_to) {
    same("test_tasks: CTask_CFuture_Tests del__log_destroy_pending_segfault");
    run_sim([&]() -> Task<> {
        std::optional<TaskHandle<>> self;
        auto body = [&]() -> Task<> {
            co_await yield();
            self.reset();
            log.say("dropped itself");
            co_await yield();
            log.say("never");
        };
        self = create_task(body);
        co_await sleep(1ms);
        EXPECT_EQ(current_loop().stats().tasks, 1U);
    });
    EXPECT_EQ(log.text(), "dropped itself");
}

TEST_F(ParityTask, a_coroutine_becomes_a_task) {
    same("test_tasks: BaseTaskTests ensure_future_coroutine");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(1ms, 3));
        const int value = co_await handle;
        EXPECT_EQ(value, 3);
    });
}

TEST_F(ParityTask, what_is_set_later_is_an_event_with_a_variable) {
    differs("test_tasks: BaseTaskTests ensure_future_future",
            "there is no bare future: who sets it would stand outside the structure");
    run_sim([]() -> Task<> {
        Event event;
        std::string result;
        auto sets = [&]() -> Task<> {
            co_await sleep(1ms);
            result = "ko";
            event.set();
        };
        auto reads = [&]() -> Task<std::string> {
            co_await event.wait();
            co_return result;
        };
        const auto [none, text] = co_await gather(sets, reads);
        EXPECT_EQ(text, "ko");
        static_cast<void>(none);
    });
}

TEST_F(ParityTask, a_running_task_is_passed_on_as_it_is) {
    same("test_tasks: BaseTaskTests ensure_future_task");
    run_sim([]() -> Task<> {
        auto id = []() -> Task<const void*> {
            co_await yield();
            co_return current_task().id;
        };
        TaskHandle<const void*> handle = create_task(id);
        const void* const running = all_tasks()[1].id;
        TaskHandle<const void*> passed_on = std::move(handle);
        const void* const seen = co_await std::move(passed_on);
        EXPECT_EQ(seen, running);
    });
}

TEST_F(ParityTask, an_awaitable_that_is_no_coroutine_becomes_a_task) {
    same("test_tasks: BaseTaskTests ensure_future_awaitable and create_task_with_asynclike");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(Ready{42});
        const int value = co_await handle;
        EXPECT_EQ(value, 42);
        const int direct = co_await Ready{1};
        EXPECT_EQ(direct, 1);
    });
}

TEST_F(ParityTask, what_is_neither_does_not_compile) {
    differs("test_tasks: BaseTaskTests ensure_future_neither and create_task_with_noncoroutine",
            "the compiler refuses it: asyncio raises TypeError");
    static_assert(!detail::Startable<std::string>);
    static_assert(!detail::Startable<int>);
    static_assert(detail::Startable<Ready>);
    run_sim([]() -> Task<> {
        TaskHandle<int> called = create_task([](int value) { return value; }, 123);
        const int value = co_await called;
        EXPECT_EQ(value, 123);
    });
}

TEST_F(ParityTask, whether_something_can_be_awaited_is_known_when_compiling) {
    differs("test_tasks: BaseTaskTests iscoroutinefunction",
            "a concept answers for the type; the question never arises at run time");
    auto coroutine = []() -> Task<int> { co_return 1; };
    auto plain = [] { return 1; };
    static_assert(Awaitable<decltype(coroutine())>);
    static_assert(!Awaitable<decltype(plain())>);
    EXPECT_EQ(run_sim(coroutine), 1);
    EXPECT_EQ(run_sim(plain), 1);
}

TEST_F(ParityTask, a_plain_function_can_be_a_task) {
    same("test_tasks: BaseTaskTests coroutine_non_gen_function");
    EXPECT_EQ(run_sim([] { return std::string("test"); }), "test");
}

TEST_F(ParityTask, a_plain_function_may_return_what_is_awaited) {
    same("test_tasks: BaseTaskTests coroutine_non_gen_function_return_future");
    run_sim([]() -> Task<> {
        auto returns_task = [] { return value_after(1ms, 5); };
        TaskHandle<int> handle = create_task(returns_task);
        const int value = co_await handle;
        EXPECT_EQ(value, 5);
    });
}

TEST_F(ParityTask, it_is_created_by_a_bare_function_and_by_name) {
    same("test_tasks: BaseTaskTests bare_create_task and bare_create_named_task");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(ready_value(1), "No-op");
        EXPECT_EQ(handle.name(), "No-op");
        const int value = co_await handle;
        EXPECT_EQ(value, 1);
    });
}

TEST_F(ParityTask, without_a_name_it_has_a_number_of_its_own) {
    differs("test_tasks: BaseTaskTests task_repr_autogenerated",
            "no name is made up: the id tells tasks apart that live at the same time");
    run_sim([]() -> Task<> {
        TaskHandle<int> one = create_task(forever());
        TaskHandle<int> two = create_task(forever());
        const auto tasks = all_tasks();
        EXPECT_EQ(tasks[1].name, "");
        EXPECT_NE(tasks[1].id, tasks[2].id);
        co_return;
    });
}

TEST_F(ParityTask, its_name_can_be_changed_from_inside_and_outside) {
    differs("test_tasks: BaseTaskTests task_repr_name_not_str",
            "a name is text: what is none does not compile");
    run_sim([]() -> Task<> {
        TaskHandle<> handle = create_task([]() -> Task<> {
            set_task_name("from inside");
            co_await sleep(1ms);
            EXPECT_EQ(current_task().name, "from outside");
        });
        co_await yield();
        EXPECT_EQ(handle.name(), "from inside");
        handle.set_name("from outside");
        co_await handle;
    });
}

TEST_F(ParityTask, it_shows_what_it_does) {
    differs("test_tasks: BaseTaskTests task_repr",
            "a copy for people, and no text in the handle; a task that ended is not listed");
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(1ms, 1), "TestTask");
        EXPECT_EQ(all_tasks()[1].standing, "ready to run");
        EXPECT_EQ(all_tasks()[0].standing, "runs");
        co_await yield();
        EXPECT_EQ(all_tasks()[1].standing.find("waits for sleep"), 0U);
        co_await handle;
        EXPECT_EQ(all_tasks().size(), 1U);
    });
}

TEST_F(ParityTask, it_shows_what_it_waits_for) {
    same("test_tasks: BaseTaskTests task_repr_wait_for");
    run_sim([]() -> Task<> {
        Event event;
        TaskHandle<> handle = create_task([&]() -> Task<> { co_await event.wait(); });
        co_await yield();
        EXPECT_EQ(all_tasks()[1].standing.find("waits for event.wait"), 0U);
        event.set();
        co_await handle;
    });
}

TEST_F(ParityTask, the_tree_of_tasks_stands_in_for_a_stack) {
    differs("test_tasks: BaseTaskTests get_stack and get_coro",
            "downwards from the run: which task waits for which, and for what");
    run_sim([]() -> Task<> {
        auto inner = []() -> Task<> { co_await gather(forever(), forever()); };
        TaskHandle<> handle = create_task(inner(), "foo");
        co_await sleep(1ms);
        const std::string tree = current_loop().dump_tasks();
        const std::size_t foo = tree.find("foo");
        const std::size_t gathers = tree.find("gather", foo);
        const std::size_t waits = tree.find("waits for sleep", gathers);
        EXPECT_NE(waits, std::string::npos) << tree;
    });
}

TEST_F(ParityTask, an_error_from_before_is_kept_by_hand) {
    differs("test_tasks: BaseTaskTests exception_chaining_after_await",
            "C++ has no await in a handler: keep the exception, leave the handler, then await");
    run_sim([&]() -> Task<> {
        std::exception_ptr first;
        try {
            throw std::runtime_error("first");
        } catch (...) {
            first = std::current_exception();
        }
        const std::string second = co_await ending_of(create_task(fail_after(1ms, "second")));
        EXPECT_EQ(second, "second");
        EXPECT_EQ(describe(first), "std::runtime_error: first");
    });
}

TEST_F(ParityTask, an_error_that_comes_back_twice_is_one_error) {
    differs("test_tasks: BaseTaskTests exception_chaining_after_await_with_context_cycle",
            "errors are not chained; the same object never stands beside itself");
    run_sim([&]() -> Task<> {
        std::size_t kept = 99;
        try {
            co_await task_group([](TaskGroup& group) -> Task<> {
                TaskHandle<int> child = group.spawn(fail_after(1ms, "once"));
                co_await child;
            });
        } catch (const std::runtime_error&) {
            kept = suppressed_errors().size();
        }
        EXPECT_EQ(kept, 0U);
    });
}

TEST_F(ParityTask, nobody_else_sets_its_result) {
    differs("test_tasks: BaseTaskTests task_set_methods and SetMethodsTest",
            "there is no set_result to call: asyncio has one that raises RuntimeError");
    static_assert(!HasSetResult<TaskHandle<int>>);
    run_sim([]() -> Task<> {
        TaskHandle<std::string> handle = create_task(value_after(1ms, std::string("ko")));
        const std::string result = co_await handle;
        EXPECT_EQ(result, "ko");
    });
}

TEST_F(ParityTask, the_object_itself_arrives) {
    same("test_tasks: BaseTaskTests step_result_future");
    run_sim([]() -> Task<> {
        auto made = std::make_unique<Tracked>(5);
        const Tracked* const address = made.get();
        auto gives = [&]() -> Task<std::unique_ptr<Tracked>> {
            co_await yield();
            co_return std::move(made);
        };
        TaskHandle<std::unique_ptr<Tracked>> handle = create_task(gives);
        const auto arrived = co_await std::move(handle);
        EXPECT_EQ(arrived.get(), address);
        EXPECT_TRUE(arrived->whole());
    });
}

TEST_F(ParityTask, results_whose_destructors_start_things_do_no_harm) {
    same("test_tasks: BaseTaskTests task_del_collect");
    struct Evil {
        int* count;
        explicit Evil(int& counter) : count(&counter) {}
        Evil(Evil&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
        Evil& operator=(Evil&&) = delete;
        ~Evil() {
            if (count != nullptr) {
                create_task([counter = count] { ++*counter; }).detach();
            }
        }
    };
    run_sim([]() -> Task<> {
        int count = 0;
        auto makes = [&]() -> Task<Evil> { co_return Evil(count); };
        std::vector<Task<Evil>> tasks;
        for (int i = 0; i < 100; ++i) {
            tasks.push_back(makes());
        }
        co_await gather(std::move(tasks));
        co_await sleep(1ms);
        EXPECT_EQ(count, 100);
    });
}

TEST_F(ParityTask, the_current_task_is_the_one_that_runs) {
    same("test_tasks: BaseTaskTests current_task");
    run_sim([]() -> Task<> {
        const void* seen = nullptr;
        TaskHandle<> handle = create_task([&] { seen = current_task().id; });
        const void* const expected = all_tasks()[1].id;
        co_await handle;
        EXPECT_EQ(seen, expected);
        EXPECT_NE(current_task().id, expected);
    });
}

TEST_F(ParityTask, the_current_task_stays_so_after_each_await) {
    same("test_tasks: BaseTaskTests current_task_with_interleaving_tasks");
    run_sim([]() -> Task<> {
        Event one;
        Event two;
        auto checks = [](Event& sets, Event& waits) -> Task<const void*> {
            const void* const before = current_task().id;
            sets.set();
            co_await waits.wait();
            EXPECT_EQ(current_task().id, before);
            co_await yield();
            EXPECT_EQ(current_task().id, before);
            co_return before;
        };
        const auto [a, b] = co_await gather(checks(one, two), checks(two, one));
        EXPECT_NE(a, b);
    });
}

TEST_F(ParityTaskDeathTest, outside_a_loop_there_is_no_current_task) {
    differs("test_tasks: BaseCurrentLoopTests current_task_no_running_loop",
            "a mistake of the program stops it: asyncio raises RuntimeError");
    EXPECT_DEATH(static_cast<void>(current_task()), "call rondo::run");
}

TEST_F(ParityTask, all_tasks_lists_what_has_not_ended) {
    same("test_tasks: BaseTaskIntrospectionTests _register_task and _unregister_task");
    run_sim([]() -> Task<> {
        EXPECT_EQ(all_tasks().size(), 1U);
        TaskHandle<int> handle = create_task(value_after(1ms, 1), "registered");
        auto tasks = all_tasks();
        EXPECT_EQ(tasks.size(), 2U);
        EXPECT_EQ(tasks.back().name, "registered");
        co_await handle;
        EXPECT_EQ(all_tasks().size(), 1U);
    });
}

}  // namespace
}  // namespace rondo::test
