// SPDX-License-Identifier: Apache-2.0
// asyncio.Queue beside rondo::Queue: put(), and items beside cancels.
#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

#include "parity/parity.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/sync/queue.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityQueuePut : public ParityTest {
protected:
    static Task<int> get(Queue<int>& queue) { co_return co_await queue.get(); }
    static Task<> put(Queue<int>& queue, int item) { co_await queue.put(item); }
};

TEST_F(ParityQueuePut, without_a_bound_it_never_waits) {
    same("test_queues: QueuePutTests.test_blocking_put");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await queue.put(1);
        const int item = co_await queue.get();
        log.say(std::to_string(item));
        co_await other;
    });
    EXPECT_EQ(log.text(), "1 other");
}

TEST_F(ParityQueuePut, it_waits_until_something_is_taken) {
    same("test_queues: QueuePutTests.test_blocking_put_wait");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        auto putter = [&]() -> Task<> {
            co_await queue.put(1);
            log.say("1");
            co_await queue.put(2);
            log.say("2");
        };
        TaskHandle<> task = create_task(putter);
        co_await sleep(10ms);
        EXPECT_EQ(log.text(), "1");
        const std::optional<int> item = queue.try_get();
        EXPECT_EQ(item, 1);
        co_await task;
    });
    EXPECT_EQ(log.text(), "1 2");
}

TEST_F(ParityQueuePut, try_put_puts) {
    same("test_queues: QueuePutTests.test_nonblocking_put");
    Queue<int> queue;
    EXPECT_TRUE(queue.try_put(1));
    EXPECT_EQ(queue.try_get(), 1);
}

TEST_F(ParityQueuePut, an_item_given_to_a_getter_that_is_then_cancelled_is_not_dropped) {
    differs("test_queues: QueuePutTests.test_get_cancel_drop_one_pending_reader",
            "asyncio leaves the item in the queue and cancels the get; here the item was handed "
            "over, so the get ends with it. In neither is it lost");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        TaskHandle<int> reader = create_task(get(queue));
        co_await yield();
        EXPECT_TRUE(queue.try_put(1));
        EXPECT_TRUE(queue.try_put(2));
        reader.cancel();
        const int item = co_await reader;
        EXPECT_EQ(item, 1);
    });
    EXPECT_EQ(queue.size(), 1U);
}

TEST_F(ParityQueuePut, of_many_getters_one_cancelled_after_the_puts_drops_nothing) {
    differs("test_queues: QueuePutTests.test_get_cancel_drop_many_pending_readers",
            "asyncio cancels the first reader and the other two get the items; here the first two "
            "have them, in order of arrival, and the third goes on waiting");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        TaskHandle<int> one = create_task(get(queue));
        TaskHandle<int> two = create_task(get(queue));
        TaskHandle<int> three = create_task(get(queue));
        co_await yield();
        EXPECT_TRUE(queue.try_put(1));
        EXPECT_TRUE(queue.try_put(2));
        one.cancel();
        const int first = co_await one;
        const int second = co_await two;
        EXPECT_EQ(first, 1);
        EXPECT_EQ(second, 2);
        co_await yield();
        EXPECT_FALSE(three.done());
    });
}

TEST_F(ParityQueuePut, a_put_that_was_let_in_and_then_cancelled_has_put_its_item_once) {
    differs("test_queues: QueuePutTests.test_put_cancel_drop",
            "asyncio cancels the put, to be tried again; here its item took the free place, so it "
            "ended well");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        EXPECT_TRUE(queue.try_put(1));
        TaskHandle<> writer = create_task(put(queue, 2));
        co_await yield();
        EXPECT_EQ(queue.try_get(), 1);
        writer.cancel();
        co_await writer;
        EXPECT_EQ(queue.try_get(), 2);
        EXPECT_EQ(queue.size(), 0U);
    });
}

TEST_F(ParityQueuePut, try_put_into_a_full_one_is_refused) {
    differs("test_queues: QueuePutTests.test_nonblocking_put_exception",
            "false in place of QueueFull; the item stays with the caller");
    Queue<std::string> queue(1);
    EXPECT_TRUE(queue.try_put("1"));
    std::string item = "2";
    EXPECT_FALSE(queue.try_put(std::move(item)));
    EXPECT_EQ(item, "2");  // NOLINT(bugprone-use-after-move): refused, so not moved from
}

TEST_F(ParityQueuePut, the_bound_is_a_whole_number_of_items) {
    differs("test_queues: QueuePutTests.test_float_maxsize",
            "a size is a whole number, so 1.3 items cannot be the bound; asyncio rounds it up");
    Queue<int> queue(2);
    EXPECT_TRUE(queue.try_put(1));
    EXPECT_FALSE(queue.full());
    EXPECT_TRUE(queue.try_put(2));
    EXPECT_TRUE(queue.full());
    EXPECT_FALSE(queue.try_put(3));
}

TEST_F(ParityQueuePut, a_put_in_a_task_of_its_own_ends_with_the_get_that_takes_the_item) {
    same("test_queues: QueuePutTests.test_put_cancelled");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        TaskHandle<> task = create_task(put(queue, 1));
        const int item = co_await queue.get();
        EXPECT_EQ(item, 1);
        EXPECT_TRUE(task.succeeded());
    });
}

TEST_F(ParityQueuePut, a_cancelled_put_leaves_the_line_to_the_one_before_it) {
    same("test_queues: QueuePutTests.test_put_cancelled_race");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        TaskHandle<> a = create_task(put(queue, 1));
        TaskHandle<> b = create_task(put(queue, 2));
        TaskHandle<> c = create_task(put(queue, 3));
        co_await yield();
        EXPECT_TRUE(a.succeeded());
        EXPECT_FALSE(b.done());
        c.cancel();
        co_await yield();
        EXPECT_TRUE(c.cancelled());
        EXPECT_EQ(queue.try_get(), 1);
        co_await yield();
        EXPECT_EQ(queue.try_get(), 2);
        co_await b;
        EXPECT_TRUE(queue.empty());
    });
}

TEST_F(ParityQueuePut, a_put_goes_to_the_getter_that_waits) {
    same("test_queues: QueuePutTests.test_put_with_waiting_getters");
    Queue<int> queue;
    run_sim([&]() -> Task<> {
        TaskHandle<int> getter = create_task(get(queue));
        co_await yield();
        co_await queue.put(1);
        const int item = co_await getter;
        EXPECT_EQ(item, 1);
    });
}

TEST_F(ParityQueuePut, emptying_a_full_one_lets_as_many_puts_in) {
    same("test_queues: QueuePutTests.test_why_are_putters_waiting");
    Queue<int> queue(2);
    run_sim([&]() -> Task<> {
        auto getter = [&]() -> Task<> {
            co_await yield();
            for (std::size_t left = queue.size(); left > 0; --left) {
                EXPECT_TRUE(queue.try_get());
            }
        };
        auto all = gather(getter, put(queue, 0), put(queue, 1), put(queue, 2), put(queue, 3));
        co_await timeout(1s, std::move(all));
    });
    EXPECT_EQ(queue.try_get(), 2);
    EXPECT_EQ(queue.try_get(), 3);
}

TEST_F(ParityQueuePut, a_cancelled_put_is_forgotten_and_its_item_with_it) {
    same("test_queues: QueuePutTests.test_cancelled_puts_not_being_held_in_self_putters");
    Queue<Tracked> queue(1);
    run_sim([&]() -> Task<> {
        EXPECT_TRUE(queue.try_put(Tracked(1)));
        auto putter = [&]() -> Task<> { co_await queue.put(Tracked(2)); };
        TaskHandle<> task = create_task(putter);
        co_await yield();
        task.cancel();
        co_await task.wait();
        EXPECT_TRUE(task.cancelled());
        const std::optional<Tracked> item = queue.try_get();
        EXPECT_EQ(item->number(), 1);
        EXPECT_TRUE(queue.empty()) << "no put came in behind it";
    });
}

TEST_F(ParityQueuePut, a_put_cancelled_right_after_a_get_made_room_has_ended) {
    differs("test_queues: QueuePutTests.test_cancelled_put_silence_value_error_exception",
            "asyncio must not trip over its own list, and cancels; here the get let the item in, "
            "so there is nothing left to cancel");
    Queue<int> queue(1);
    run_sim([&]() -> Task<> {
        EXPECT_TRUE(queue.try_put(1));
        TaskHandle<> task = create_task(put(queue, 2));
        co_await yield();
        EXPECT_EQ(queue.try_get(), 1);
        task.cancel();
        co_await task.wait();
        EXPECT_FALSE(task.cancelled());
        EXPECT_TRUE(task.succeeded());
        EXPECT_EQ(queue.size(), 1U);
    });
}

}  // namespace
}  // namespace rondo::test
