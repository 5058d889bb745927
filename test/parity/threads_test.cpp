// SPDX-License-Identifier: Apache-2.0
// to_thread, spawn_on and post, with real threads.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/context_var.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/to_thread.hpp"
#include "support/leaves.hpp"

namespace rondo::test {
namespace {

class ParityThreads : public ParityTest {
protected:
    template <class F>
    static void run_real(F main) {
        RunOptions options = sim_options();
        options.driver = DriverKind::epoll;
        run(main, options);
    }
    /// What asking a future for its result gives, as text.
    static std::string result_of(std::future<int>& future) {
        try {
            return std::to_string(future.get());
        } catch (...) {
            return detail_parity::text_of_exception();
        }
    }
    /// The same on a thread beside the loop, once the loop is done with the task: the count of
    /// references to an exception is the C++ library's, and ThreadSanitizer does not see it, so
    /// this thread is to be the last to hold one.
    static std::string result_of(std::future<int>& future, const LoopHandle& loop) {
        future.wait();
        spawn_on(loop, [] {}).get();
        return result_of(future);
    }
};

TEST_F(ParityThreads, a_call_gives_its_result) {
    same("test_threads: to_thread");
    run_real([]() -> Task<> {
        const std::vector<int> numbers{40, 2};
        const int sum =
            co_await to_thread([&] { return std::accumulate(numbers.begin(), numbers.end(), 0); });
        EXPECT_EQ(sum, 42);
    });
}

TEST_F(ParityThreads, a_call_gives_its_error) {
    same("test_threads: to_thread_exception");
    run_real([]() -> Task<> {
        auto raises = []() -> int { throw std::runtime_error("test"); };
        const std::string end = co_await ending_of(to_thread(raises));
        EXPECT_EQ(end, "test");
    });
}

TEST_F(ParityThreads, a_call_is_made_once) {
    same("test_threads: to_thread_once");
    run_real([]() -> Task<> {
        std::atomic<int> calls{0};
        co_await to_thread([&] { ++calls; });
        EXPECT_EQ(calls.load(), 1);
    });
}

TEST_F(ParityThreads, several_calls_can_be_gathered) {
    same("test_threads: to_thread_concurrent");
    run_real([]() -> Task<> {
        std::atomic<int> calls{0};
        auto counts = [&] { return ++calls; };
        std::vector<decltype(to_thread(counts))> all;
        for (int i = 0; i < 10; ++i) {
            all.push_back(to_thread(counts));
        }
        const std::vector<int> results = co_await gather(std::move(all));
        EXPECT_EQ(calls.load(), 10);
        EXPECT_EQ(std::accumulate(results.begin(), results.end(), 0), 55);
    });
}

TEST_F(ParityThreads, arguments_are_passed_on) {
    same("test_threads: to_thread_args_kwargs");
    run_real([]() -> Task<> {
        auto joins = [](std::string text, bool something) {
            return text + (something ? " something" : " nothing");
        };
        const std::string text = co_await to_thread(joins, std::string("test"), true);
        EXPECT_EQ(text, "test something");
    });
}

TEST_F(ParityThreads, a_call_sees_the_context_of_its_task) {
    same("test_threads: to_thread_contextvars");
    static ContextVar<std::string> variable{"none"};
    run_real([]() -> Task<> {
        variable.set("parrot");
        const std::string seen = co_await to_thread([] { return variable.get(); });
        EXPECT_EQ(seen, "parrot");
    });
}

TEST_F(ParityThreads, a_cancel_waits_for_a_call_that_runs) {
    differs("asyncio.to_thread: a cancelled await leaves the thread to itself",
            "the call may use what the caller owns, so the caller's frame outlives it");
    run_real([&]() -> Task<> {
        std::promise<void> started;
        std::promise<void> release;
        auto body = [&]() -> Task<> {
            co_await to_thread([&] {
                started.set_value();
                release.get_future().wait();
            });
            co_await yield();
            log.say("never");
        };
        TaskHandle<> handle = create_task(body);
        co_await yield();
        started.get_future().wait();
        handle.cancel();
        co_await yield();
        EXPECT_FALSE(handle.done());
        release.set_value();
        const std::string end = co_await ending_at(handle);
        EXPECT_EQ(end, "cancelled: caller");
    });
    EXPECT_TRUE(log.empty());
}

TEST_F(ParityThreads, a_run_ends_after_its_calls) {
    same("test_base_events: shutdown_default_executor");
    std::atomic<bool> finished{false};
    run_real([&]() -> Task<> {
        std::promise<void> started;
        create_task(to_thread([&] {
            started.set_value();
            finished = true;
        })).detach();
        co_await yield();
        started.get_future().wait();
    });
    EXPECT_TRUE(finished.load());
}

TEST_F(ParityThreads, a_thread_can_start_a_task_on_the_loop) {
    same("test_tasks: RunCoroutineThreadsafeTests run_coroutine_threadsafe");
    run_real([]() -> Task<> {
        const LoopHandle loop = current_loop().handle();
        const int value = co_await to_thread([&] {
            std::future<int> future = spawn_on(loop, [] { return value_after(1ms, 3); });
            return future.get();
        });
        EXPECT_EQ(value, 3);
    });
}

TEST_F(ParityThreads, the_tasks_error_reaches_the_thread) {
    same("test_tasks: RunCoroutineThreadsafeTests run_coroutine_threadsafe_with_exception");
    run_real([]() -> Task<> {
        const LoopHandle loop = current_loop().handle();
        const std::string end = co_await to_thread([&] {
            std::future<int> future = spawn_on(loop, [] { return fail_after(1ms, "Fail!"); });
            return result_of(future, loop);
        });
        EXPECT_EQ(end, "Fail!");
    });
}

TEST_F(ParityThreads, a_thread_that_gives_up_does_not_stop_the_task) {
    differs("test_tasks: RunCoroutineThreadsafeTests run_coroutine_threadsafe_with_timeout",
            "a std::future cannot cancel: bound the task itself by timeout()");
    run_real([&]() -> Task<> {
        const LoopHandle loop = current_loop().handle();
        Gate gate;
        Gate ended;
        auto task = [&]() -> Task<int> {
            co_await gate.wait();
            log.say("finished");
            ended.open();
            co_return 1;
        };
        std::atomic<bool> gave_up{false};
        co_await to_thread([&] {
            std::future<int> future = spawn_on(loop, task);
            gave_up = future.wait_for(std::chrono::seconds(0)) == std::future_status::timeout;
        });
        EXPECT_TRUE(gave_up.load());
        gate.open();
        co_await ended.wait();
    });
    EXPECT_EQ(log.text(), "finished");
}

TEST_F(ParityThreads, a_task_that_was_stopped_is_cancelled_for_the_thread) {
    same("test_tasks: RunCoroutineThreadsafeTests run_coroutine_threadsafe_task_cancelled");
    std::optional<std::future<int>> future;
    run_real([&]() -> Task<> {
        future = spawn_on(current_loop().handle(), forever());
        co_await yield();
        co_await yield();
    });
    EXPECT_EQ(result_of(*future), "cancelled: shutdown");
}

TEST_F(ParityThreads, what_throws_before_it_is_a_task_is_the_futures_error) {
    differs(
        "test_tasks: RunCoroutineThreadsafeTests run_coroutine_threadsafe_task_factory_exception",
        "there is no task factory; a callable that throws is what can fail there");
    run_real([]() -> Task<> {
        const LoopHandle loop = current_loop().handle();
        const std::string end = co_await to_thread([&] {
            auto throws = []() -> int { throw std::runtime_error("name error"); };
            std::future<int> future = spawn_on(loop, throws);
            return result_of(future, loop);
        });
        EXPECT_EQ(end, "name error");
    });
}

TEST_F(ParityThreads, to_a_loop_that_has_ended_nothing_is_given) {
    same("asyncio.run_coroutine_threadsafe: a closed loop raises");
    std::optional<LoopHandle> loop;
    run_real([&]() -> Task<> {
        loop = current_loop().handle();
        co_return;
    });
    EXPECT_THROW(spawn_on(*loop, ready_value(1)), Error);
    EXPECT_THROW(loop->post([] {}), Error);
    EXPECT_FALSE(loop->try_post([] {}));
}

TEST_F(ParityThreads, posts_of_a_thread_run_on_the_loop_in_order) {
    same("test_events: call_soon_threadsafe");
    run_real([&]() -> Task<> {
        const LoopHandle loop = current_loop().handle();
        const std::thread::id mine = std::this_thread::get_id();
        bool here = true;
        co_await to_thread([&] {
            for (const char* word : {"one", "two", "three"}) {
                loop.post([&, word] {
                    here = here && std::this_thread::get_id() == mine;
                    log.say(word);
                });
            }
        });
        EXPECT_TRUE(here);
    });
    EXPECT_EQ(log.text(), "one two three");
}

TEST_F(ParityThreads, a_post_wakes_a_loop_that_sleeps) {
    same("test_events: call_soon_threadsafe (while the loop waits)");
    run_real([&]() -> Task<> {
        const LoopHandle loop = current_loop().handle();
        Gate gate;
        std::thread poster([&] { loop.post([&] { gate.open(); }); });
        co_await gate.wait();
        poster.join();
    });
}

TEST_F(ParityThreads, two_loops_on_two_threads_know_nothing_of_each_other) {
    same("documentation: a loop for each thread");
    std::vector<int> results(2);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
        threads.emplace_back(
            [&, i] { results[i] = run_sim(value_after(1h, static_cast<int>(i) + 1)); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(results, (std::vector<int>{1, 2}));
}

}  // namespace
}  // namespace rondo::test
