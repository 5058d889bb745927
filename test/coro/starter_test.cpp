// SPDX-License-Identifier: Apache-2.0
// What every combinator takes, and how long it keeps it.
#include "rondo/coro/starter.hpp"

#include <gtest/gtest.h>

#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

using detail::result_of_start;
using detail::Startable;

struct NotCallable {};

template <std::size_t Alignment>
struct alignas(Alignment) Aligned {
    void operator()() const;
};
template <class Held>
struct Waits : std::suspend_never {
    Held held;
};
template <class Held>
struct Body {
    Task<> operator()(TaskGroup& group);
    Held held;
};

static_assert(Startable<Task<int>>);
static_assert(!Startable<Task<int>&>, "a named task must be moved in");
static_assert(Startable<TaskHandle<int>>);
static_assert(Startable<decltype(sleep(1h))>);
static_assert(Startable<int (*)()>);
static_assert(Startable<int (&)(int), int>);
static_assert(!Startable<int (&)(int)>, "an argument is missing");
static_assert(!Startable<NotCallable>);
static_assert(Startable<Aligned<16>> && Startable<void (&)(Aligned<16>), Aligned<16>>);
static_assert(!Startable<Aligned<32>>, "a frame is aligned to 16");
static_assert(!Startable<void (&)(Aligned<32>), Aligned<32>>);
static_assert(!Startable<Waits<Aligned<32>>>);
static_assert(!detail::TaskGroupBody<Body<Aligned<32>>> && detail::TaskGroupBody<Body<char>>);
static_assert(std::is_same_v<result_of_start<Task<int>>, int>);
static_assert(std::is_same_v<result_of_start<Task<>>, void>);
static_assert(std::is_same_v<result_of_start<TaskHandle<int>>, int>);
static_assert(std::is_same_v<result_of_start<decltype(sleep(1h))>, void>);
static_assert(std::is_same_v<result_of_start<Task<int> (*)()>, int>);
static_assert(std::is_same_v<result_of_start<int& (*)()>, int&>);

class StarterTest : public LedgerTest {};

TEST_F(StarterTest, arguments_are_kept_and_passed_once_as_rvalues) {
    run_sim([]() -> Task<> {
        auto takes = [](std::unique_ptr<Tracked> one, Tracked two) -> Task<int> {
            co_await yield();
            co_return one->number() + two.number();
        };
        const Tracked two(2);
        const int sum = co_await timeout(1h, takes, std::make_unique<Tracked>(1), two);
        EXPECT_EQ(sum, 3);
        EXPECT_TRUE(two.whole());
    });
}

TEST_F(StarterTest, std_ref_passes_a_reference) {
    run_sim([]() -> Task<> {
        int number = 1;
        auto raises = [](int& x) -> Task<> {
            co_await yield();
            ++x;
        };
        co_await timeout(1h, raises, std::ref(number));
        EXPECT_EQ(number, 2);
    });
}

TEST_F(StarterTest, member_functions_can_be_started) {
    struct Counter {
        int value = 4;
        Task<int> plus(int more) {
            co_await yield();
            co_return value + more;
        }
    };
    run_sim([]() -> Task<> {
        Counter counter;
        const int sum = co_await timeout(1h, &Counter::plus, &counter, 3);
        EXPECT_EQ(sum, 7);
    });
}

TEST_F(StarterTest, a_closure_lives_as_long_as_its_coroutine) {
    run_sim([&]() -> Task<> {
        auto make = [&] {
            return [this, held = Tracked(5), end = AtEnd(log, "closure")]() -> Task<int> {
                co_await sleep(1ms);
                log.say("coroutine");
                co_return held.number();
            };
        };
        auto closure = make();
        const int value = co_await timeout(1h, std::move(closure));
        EXPECT_EQ(value, 5);
    });
    EXPECT_EQ(log.text(), "coroutine closure");
}

TEST_F(StarterTest, a_callable_may_return_any_awaitable) {
    run_sim([]() -> Task<> {
        const TimePoint before = now();
        co_await timeout(1h, [] { return sleep(5ms); });
        EXPECT_EQ(now() - before, 5ms);
        const auto result = co_await timeout(1h, [] { return move_on_after(1ms, forever()); });
        EXPECT_FALSE(result);
    });
}

TEST_F(StarterTest, a_call_that_throws_is_the_chains_error) {
    run_sim([&]() -> Task<> {
        auto throws = [](int) -> Task<int> { throw std::runtime_error("call"); };
        try {
            co_await timeout(1h, throws, 1);
        } catch (const std::runtime_error& error) {
            log.say(error.what());
        }
    });
    EXPECT_EQ(log.text(), "call");
}

TEST_F(StarterTest, a_task_handle_is_given_away_to_a_combinator) {
    run_sim([]() -> Task<> {
        TaskHandle<int> handle = create_task(value_after(2ms, 5));
        const int value = co_await timeout(1h, std::move(handle));
        EXPECT_EQ(value, 5);
        TaskHandle<int> late = create_task(forever());
        const auto none = co_await move_on_after(1ms, std::move(late));
        EXPECT_FALSE(none);
        co_await yield();
        expect_idle(current_loop().stats());
    });
}

}  // namespace
}  // namespace rondo::test
