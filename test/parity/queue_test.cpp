// SPDX-License-Identifier: Apache-2.0
// asyncio.Queue beside rondo::Queue: the basics and get(). put() is in queue_put_test.cpp.
#include "rondo/sync/queue.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/event.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityQueue : public ParityTest {
protected:
    static Task<int> get(Queue<int>& queue) { co_return co_await queue.get(); }
    static Task<> put(Queue<int>& queue, int item) { co_await queue.put(item); }
};
using ParityQueueGet = ParityQueue;

TEST_F(ParityQueue, the_tree_tells_who_waits_to_get) {
    differs("test_queues: QueueBasicTests.test_repr",
            "there is no repr: size() is the state, and dump_tasks() shows the waiters");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        TaskHandle<int> getter = create_task(get(queue));
        co_await yield();
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("queue.get"), std::string::npos) << tree;
        EXPECT_TRUE(queue.try_put(0));
        const int item = co_await getter;
        EXPECT_EQ(item, 0);
    });
}

TEST_F(ParityQueue, the_tree_tells_who_waits_to_put) {
    differs("test_queues: QueueBasicTests.test_str",
            "there is no str: size() is the state, and dump_tasks() shows the waiters");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        EXPECT_TRUE(queue.try_put(1));
        TaskHandle<> putter = create_task(put(queue, 2));
        co_await yield();
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("queue.put"), std::string::npos) << tree;
        const std::optional<int> item = queue.try_get();
        EXPECT_EQ(item, 1);
        co_await putter;
    });
    EXPECT_EQ(queue.size(), 1U);
}

TEST_F(ParityQueue, its_type_names_what_it_holds) {
    differs("test_queues: QueueBasicTests.test_generic_alias",
            "the item's type is checked by the compiler, not an annotation");
    static_assert(
        std::is_same_v<decltype(std::declval<Queue<int>&>().try_get()), std::optional<int>>);
    Queue<std::string> queue;
    EXPECT_TRUE(queue.try_put("text"));
    const std::optional<std::string> item = queue.try_get();
    EXPECT_EQ(item, "text");
}

TEST_F(ParityQueue, empty_says_whether_it_is) {
    same("test_queues: QueueBasicTests.test_empty");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        EXPECT_TRUE(queue.empty());
        co_await queue.put(1);
        EXPECT_FALSE(queue.empty());
        const int item = co_await queue.get();
        EXPECT_EQ(item, 1);
        EXPECT_TRUE(queue.empty());
    });
}

TEST_F(ParityQueue, full_says_whether_it_is_and_without_a_bound_never) {
    same("test_queues: QueueBasicTests.test_full");
    Queue<int> unbounded;
    EXPECT_FALSE(unbounded.full());
    Queue<int> queue(1);
    run_sim([&]() -> Task<> { co_await queue.put(1); });
    EXPECT_TRUE(queue.full());
}

TEST_F(ParityQueue, the_first_in_is_the_first_out) {
    same("test_queues: QueueBasicTests.test_order");
    Queue<int> queue;
    std::vector<int> items;
    run_sim([&]() -> Task<> {
        for (const int item : {1, 3, 2}) {
            co_await queue.put(item);
        }
        while (!queue.empty()) {
            items.push_back(co_await queue.get());
        }
    });
    EXPECT_EQ(items, (std::vector<int>{1, 3, 2}));
}

TEST_F(ParityQueue, a_put_beyond_the_bound_waits_for_room) {
    same("test_queues: QueueBasicTests.test_maxsize");
    Queue<int> queue(2);
    run_sim([&]() -> Task<> {
        auto putter = [&]() -> Task<> {
            for (int item = 0; item < 3; ++item) {
                co_await queue.put(item);
                log.say(std::to_string(item));
            }
        };
        TaskHandle<> task = create_task(putter);
        co_await turns(2);
        EXPECT_EQ(log.text(), "0 1");
        EXPECT_TRUE(queue.full());
        const int first = co_await queue.get();
        co_await yield();
        EXPECT_EQ(log.text(), "0 1 2");
        const int second = co_await queue.get();
        const int third = co_await queue.get();
        EXPECT_EQ(first * 100 + second * 10 + third, 12);
        EXPECT_TRUE(task.succeeded());
    });
}

TEST_F(ParityQueueGet, it_takes_what_is_there_without_waiting) {
    same("test_queues: QueueGetTests.test_blocking_get");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        EXPECT_TRUE(queue.try_put(1));
        TaskHandle<> other = create_task([&] { log.say("other"); });
        const int item = co_await queue.get();
        log.say(std::to_string(item));
        co_await other;
    });
    EXPECT_EQ(log.text(), "1 other");
}

TEST_F(ParityQueueGet, a_get_wakes_the_put_that_waits_for_room) {
    same("test_queues: QueueGetTests.test_get_with_putters");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        co_await queue.put(1);
        TaskHandle<> putter = create_task(put(queue, 2));
        co_await yield();
        EXPECT_FALSE(putter.done());
        const int item = co_await queue.get();
        EXPECT_EQ(item, 1);
        co_await yield();
        EXPECT_TRUE(putter.succeeded());
    });
}

TEST_F(ParityQueueGet, it_waits_until_something_is_put) {
    same("test_queues: QueueGetTests.test_blocking_get_wait");
    Queue<int> queue;
    Event started;
    run_sim([&]() -> Task<> {
        auto getter = [&]() -> Task<int> {
            started.set();
            const int item = co_await queue.get();
            log.say("got");
            co_return item;
        };
        TaskHandle<int> task = create_task(getter);
        co_await started.wait();
        EXPECT_TRUE(log.empty());
        co_await sleep(10ms);
        EXPECT_TRUE(queue.try_put(1));
        const int item = co_await task;
        EXPECT_EQ(item, 1);
    });
    EXPECT_EQ(log.text(), "got");
}

TEST_F(ParityQueueGet, try_get_takes_what_is_there) {
    same("test_queues: QueueGetTests.test_nonblocking_get");
    Queue<int> queue;
    EXPECT_TRUE(queue.try_put(1));
    const std::optional<int> item = queue.try_get();
    EXPECT_EQ(item, 1);
}

TEST_F(ParityQueueGet, try_get_of_an_empty_one_gives_nothing) {
    differs("test_queues: QueueGetTests.test_nonblocking_get_exception",
            "an empty optional in place of QueueEmpty");
    Queue<int> queue;
    EXPECT_FALSE(queue.try_get());
}

TEST_F(ParityQueueGet, an_item_passes_over_a_cancelled_getter) {
    same("test_queues: QueueGetTests.test_get_cancelled_race");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        TaskHandle<int> one = create_task(get(queue));
        TaskHandle<int> two = create_task(get(queue));
        co_await yield();
        one.cancel();
        co_await yield();
        EXPECT_TRUE(one.cancelled());
        co_await queue.put(7);
        const int item = co_await two;
        EXPECT_EQ(item, 7);
    });
}

TEST_F(ParityQueueGet, puts_that_wait_are_received_in_their_order) {
    same("test_queues: QueueGetTests.test_get_with_waiting_putters");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        TaskHandle<> a = create_task(put(queue, 1));
        TaskHandle<> b = create_task(put(queue, 2));
        const int first = co_await queue.get();
        const int second = co_await queue.get();
        EXPECT_EQ(first, 1);
        EXPECT_EQ(second, 2);
        co_await a;
        co_await b;
    });
}

TEST_F(ParityQueueGet, a_producer_and_a_consumer_of_one_place_both_end) {
    same("test_queues: QueueGetTests.test_why_are_getters_waiting");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        co_await timeout(1s, task_group([&](TaskGroup& group) -> Task<> {
                             group.spawn([&]() -> Task<> {
                                 for (int item = 0; item < 5; ++item) {
                                     co_await queue.put(item);
                                 }
                             });
                             for (int item = 0; item < 5; ++item) {
                                 const int got = co_await queue.get();
                                 EXPECT_EQ(got, item);
                             }
                         }));
    });
    EXPECT_TRUE(queue.empty());
}

TEST_F(ParityQueueGet, a_getter_that_timed_out_is_forgotten) {
    same("test_queues: QueueGetTests.test_cancelled_getters_not_being_held_in_self_getters");
    Queue<int> queue(5);
    run_sim([&]() -> Task<> {
        bool late = false;
        try {
            co_await timeout(100ms, queue.get());
        } catch (const TimeoutError&) {
            late = true;
        }
        EXPECT_TRUE(late);
        EXPECT_TRUE(queue.try_put(1));
        EXPECT_EQ(queue.size(), 1U) << "nobody was there to take it";
    });
}

}  // namespace
}  // namespace rondo::test
