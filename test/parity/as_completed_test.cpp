// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/as_completed.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::test {
namespace {

class ParityAsCompleted : public ParityTest {
protected:
    using Words = Completed<std::string>;

    static Task<std::string> word(Duration after, std::string text) {
        co_await sleep(after);
        co_return text;
    }
    template <class... T>
    static std::vector<Task<std::string>> all(T... tasks) {
        std::vector<Task<std::string>> range;
        (range.push_back(std::move(tasks)), ...);
        return range;
    }
    /// Says every result, and "-" when there is none any more.
    Task<> say_all(Words& words) {
        for (;;) {
            const std::optional<std::string> next = co_await words.next();
            log.say(next.value_or("-"));
            if (!next) {
                co_return;
            }
        }
    }
};

template <class Given>
concept CanBeCompleted = requires(Given given, Task<> (*body)(Completed<int>&)) {
    rondo::as_completed(std::move(given), body);
};

TEST_F(ParityAsCompleted, results_come_as_they_arrive) {
    same("test_tasks: BaseTaskTests as_completed");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&](Words& words) { return say_all(words); };
        co_await as_completed(all(word(10ms, "b"), word(150ms, "c"), word(10ms, "a")), body);
        EXPECT_EQ(now() - before, 150ms);
    });
    EXPECT_EQ(log.text(), "b a c -");
}

TEST_F(ParityAsCompleted, a_limit_stands_around_it) {
    differs("test_tasks: BaseTaskTests as_completed_with_timeout",
            "one timeout around the block: asyncio raises TimeoutError once for each that is left");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&](Words& words) { return say_all(words); };
        auto block = as_completed(all(word(100ms, "a"), word(150ms, "b")), body);
        const std::string end = co_await ending_of(timeout(120ms, std::move(block)));
        log.say(end);
        EXPECT_EQ(now() - before, 120ms);
    });
    EXPECT_EQ(log.text(), "a timed out");
}

TEST_F(ParityAsCompleted, a_limit_that_is_not_needed_changes_nothing) {
    same("test_tasks: BaseTaskTests as_completed_with_unused_timeout");
    run_sim([&]() -> Task<> {
        auto body = [&](Words& words) { return say_all(words); };
        co_await timeout(1s, as_completed(all(word(10ms, "a")), body));
        expect_idle(current_loop().stats());
    });
    EXPECT_EQ(log.text(), "a -");
}

TEST_F(ParityAsCompleted, each_next_is_the_next_result_whoever_asks) {
    differs("test_tasks: BaseTaskTests as_completed_reverse_wait",
            "there is no list of futures to await in another order: there is only the next one");
    run_sim([&]() -> Task<> {
        const TimePoint before = now();
        auto body = [&](Words& words) -> Task<> {
            auto first = words.next();
            auto second = words.next();
            const auto x = co_await second;
            EXPECT_EQ(*x, "a");
            EXPECT_EQ(now() - before, 50ms);
            const auto y = co_await first;
            EXPECT_EQ(*y, "b");
            EXPECT_EQ(now() - before, 100ms);
        };
        co_await as_completed(all(word(50ms, "a"), word(100ms, "b")), body);
    });
}

TEST_F(ParityAsCompleted, two_readers_share_the_results) {
    same("test_tasks: BaseTaskTests as_completed_concurrent");
    run_sim([&]() -> Task<> {
        auto body = [&](Words& words) -> Task<std::string> {
            auto reads = [&]() -> Task<std::string> {
                const auto next = co_await words.next();
                co_return *next;
            };
            const auto [a, b] = co_await gather(reads, reads);
            co_return a + b;
        };
        const std::string both = co_await as_completed(all(word(50ms, "a"), word(50ms, "b")), body);
        EXPECT_EQ(both, "ab");
    });
}

TEST_F(ParityAsCompleted, each_task_is_given_once) {
    differs("test_tasks: BaseTaskTests as_completed_duplicate_coroutines",
            "a task is owned once, so there are no duplicates to leave out");
    run_sim([&]() -> Task<> {
        auto body = [](Words& words) -> Task<std::size_t> {
            std::size_t count = 0;
            for (;;) {
                const auto next = co_await words.next();
                if (!next) {
                    co_return count;
                }
                ++count;
            }
        };
        const std::size_t count =
            co_await as_completed(all(word(1ms, "ham"), word(1ms, "ham"), word(1ms, "spam")), body);
        EXPECT_EQ(count, 3U);
    });
}

TEST_F(ParityAsCompleted, it_can_be_made_without_a_loop) {
    differs("test_tasks: BaseTaskTests as_completed_coroutine_without_loop",
            "it is lazy: nothing starts before it is awaited");
    auto body = [&](Words& words) { return say_all(words); };
    auto made = as_completed(all(word(1ms, "late")), body);
    EXPECT_TRUE(log.empty());
    run_sim(std::move(made));
    EXPECT_EQ(log.text(), "late -");
}

TEST_F(ParityAsCompleted, a_task_that_does_not_wait_is_given_as_well) {
    same("test_tasks: BaseTaskTests as_completed_coroutine_use_running_loop");
    run_sim([]() -> Task<> {
        auto body = [](Completed<int>& results) -> Task<int> {
            const auto next = co_await results.next();
            co_return *next;
        };
        std::vector<Task<int>> one;
        one.push_back(ready_value(42));
        const int value = co_await as_completed(std::move(one), body);
        EXPECT_EQ(value, 42);
    });
}

TEST_F(ParityAsCompleted, a_single_task_is_no_range) {
    differs("test_tasks: BaseTaskTests as_completed_invalid_args",
            "a wrong argument is found by the compiler: asyncio raises TypeError");
    static_assert(!CanBeCompleted<Task<int>>);
    static_assert(!CanBeCompleted<int>);
    static_assert(CanBeCompleted<std::vector<Task<int>>>);
    run_sim([]() -> Task<> {
        auto body = [](Completed<int>& results) -> Task<std::size_t> { co_return results.left(); };
        std::vector<Task<int>> none;
        const std::size_t left = co_await as_completed(std::move(none), body);
        EXPECT_EQ(left, 0U);
    });
}

TEST_F(ParityAsCompleted, reading_can_stop_and_go_on) {
    same("test_tasks (3.13): as_completed_resume_iterator");
    run_sim([&]() -> Task<> {
        auto body = [&](Words& words) -> Task<> {
            const auto first = co_await words.next();
            log.say(*first);
            co_await sleep(1s);
            EXPECT_EQ(words.left(), 2U);
            co_await say_all(words);
        };
        co_await as_completed(all(word(3ms, "c"), word(1ms, "a"), word(2ms, "b")), body);
    });
    EXPECT_EQ(log.text(), "a b c -");
}

TEST_F(ParityAsCompleted, results_are_given_and_not_tasks) {
    differs("test_tasks (3.13): as_completed_same_tasks_in_as_out",
            "the tasks belong to the block; a result that must name its task says so itself");
    run_sim([&]() -> Task<> {
        std::vector<Task<std::pair<int, std::string>>> tasks;
        for (int i = 0; i < 3; ++i) {
            auto names = [](int index) -> Task<std::pair<int, std::string>> {
                co_await sleep(std::chrono::milliseconds(3 - index));
                co_return std::pair(index, std::string("result"));
            };
            tasks.push_back(names(i));
        }
        auto body = [&](Completed<std::pair<int, std::string>>& results) -> Task<> {
            while (results.left() > 0) {
                const auto next = co_await results.next();
                log.say(std::to_string(next->first));
            }
        };
        co_await as_completed(std::move(tasks), body);
    });
    EXPECT_EQ(log.text(), "2 1 0");
}

TEST_F(ParityAsCompleted, an_error_comes_in_its_turn_and_the_others_follow) {
    same("asyncio.as_completed: an exception does not stop the others");
    run_sim([&]() -> Task<> {
        auto fails = []() -> Task<std::string> {
            co_await sleep(2ms);
            throw std::runtime_error("error");
        };
        auto body = [&](Words& words) -> Task<> {
            while (words.left() > 0) {
                try {
                    const auto next = co_await words.next();
                    log.say(*next);
                } catch (const std::runtime_error& error) {
                    log.say(error.what());
                }
            }
        };
        co_await as_completed(all(word(1ms, "a"), fails(), word(3ms, "c")), body);
    });
    EXPECT_EQ(log.text(), "a error c");
}

TEST_F(ParityAsCompleted, what_nobody_waits_for_any_more_is_stopped) {
    differs("asyncio.as_completed: leftovers keep running",
            "the block ends only when its tasks have, so they are stopped");
    run_sim([&]() -> Task<> {
        auto slow = [&]() -> Task<std::string> {
            const AtEnd end(log, "stopped");
            co_await forever();
            co_return "never";
        };
        auto body = [&](Words& words) -> Task<> {
            const auto first = co_await words.next();
            log.say(*first);
        };
        co_await as_completed(all(word(1ms, "a"), slow()), body);
        log.say("after");
    });
    EXPECT_EQ(log.text(), "a stopped after");
}

}  // namespace
}  // namespace rondo::test
