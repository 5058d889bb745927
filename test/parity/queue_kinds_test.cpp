// SPDX-License-Identifier: Apache-2.0
// The order of asyncio.LifoQueue and PriorityQueue beside ours; join() and task_done() of all
// three.
#include "parity/queue_kinds.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parity/parity.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

class ParityQueueOrder : public ParityTest {
protected:
    template <class AnyQueue>
    static std::vector<int> through(AnyQueue& queue, std::vector<int> items) {
        run_sim([&]() -> Task<> {
            for (const int item : items) {
                co_await queue.put(item);
            }
            for (int& item : items) {
                item = co_await queue.get();
            }
        });
        return items;
    }
};

TEST_F(ParityQueueOrder, the_last_in_is_the_first_out) {
    same("test_queues: LifoQueueTests.test_order");
    LifoQueue<int> queue;
    EXPECT_EQ(through(queue, {1, 3, 2}), (std::vector<int>{2, 3, 1}));
}

TEST_F(ParityQueueOrder, the_least_is_the_first_out) {
    same("test_queues: PriorityQueueTests.test_order");
    PriorityQueue<int> queue;
    EXPECT_EQ(through(queue, {1, 3, 2}), (std::vector<int>{1, 2, 3}));
}

TEST_F(ParityQueueOrder, equal_priorities_come_in_order_of_arrival) {
    differs("asyncio docs: PriorityQueue retrieves the lowest entry",
            "asyncio compares the whole entry and promises nothing about equal ones");
    using Entry = std::pair<int, std::string>;
    struct ByNumber {
        bool operator()(const Entry& a, const Entry& b) const { return a.first < b.first; }
    };
    PriorityQueue<Entry, ByNumber> queue;
    for (const char* const word : {"z", "a", "m"}) {
        EXPECT_TRUE(queue.try_put(Entry(1, word)));
    }
    EXPECT_TRUE(queue.try_put(Entry(0, "first")));
    while (!queue.empty()) {
        log.say(queue.try_get()->second);
    }
    EXPECT_EQ(log.text(), "first z a m");
}

template <class AnyQueue>
class ParityQueueJoin : public ParityTest {};
template <class AnyQueue>
using ParityQueueJoinDeathTest = ParityQueueJoin<AnyQueue>;

TYPED_TEST_SUITE(ParityQueueJoin, QueueKinds, QueueKindNames);
TYPED_TEST_SUITE(ParityQueueJoinDeathTest, QueueKinds, QueueKindNames);

TYPED_TEST(ParityQueueJoinDeathTest, a_task_done_too_many_stops_the_program) {
    differs(cpython<TypeParam>("Join", "test_task_done_underflow"),
            "a mistake in the program, not a ValueError");
    TypeParam queue;
    EXPECT_DEATH(queue.task_done(), "task_done\\(\\) was called more often than items were put");
}

TYPED_TEST(ParityQueueJoin, it_ends_when_every_item_was_dealt_with) {
    same(cpython<TypeParam>("Join", "test_task_done"));
    TypeParam queue;
    int sum = 0;
    for (int item = 0; item < 100; ++item) {
        EXPECT_TRUE(queue.try_put(item));
    }
    auto main = [&]() -> Task<> {
        auto worker = [&]() -> Task<> {
            for (;;) {
                const int item = co_await queue.get();
                co_await yield();
                sum += item;
                queue.task_done();
            }
        };
        auto body = [&](TaskGroup& group) -> Task<> {
            group.spawn(worker);
            group.spawn(worker);
            co_await queue.join();
            EXPECT_EQ(sum, 99 * 100 / 2);
            group.cancel();
        };
        co_await task_group(body);
    };
    run_sim(main);
    EXPECT_TRUE(queue.empty());
}

TYPED_TEST(ParityQueueJoin, of_one_that_never_held_anything_takes_no_turn) {
    same(cpython<TypeParam>("Join", "test_join_empty_queue"));
    TypeParam queue;
    auto main = [&]() -> Task<> {
        TaskHandle<> other = create_task([&] { this->log.say("other"); });
        co_await queue.join();
        co_await queue.join();
        this->log.say("joined");
        co_await other;
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "joined other");
}

TYPED_TEST(ParityQueueJoin, the_tree_tells_who_waits_for_it) {
    differs(cpython<TypeParam>("Join", "test_format"),
            "there is no format with a count of tasks: dump_tasks() shows who joins");
    TypeParam queue;
    EXPECT_TRUE(queue.try_put(1));
    auto main = [&]() -> Task<> {
        auto joiner = [&]() -> Task<> { co_await queue.join(); };
        TaskHandle<> task = create_task(joiner);
        co_await yield();
        const std::string tree = current_loop().dump_tasks();
        EXPECT_NE(tree.find("queue.join"), std::string::npos) << tree;
        EXPECT_EQ(queue.try_get(), 1);
        co_await yield();
        EXPECT_FALSE(task.done()) << "taken, and not dealt with";
        queue.task_done();
        co_await task;
    };
    run_sim(main);
}

TYPED_TEST(ParityQueueJoin, a_cancelled_join_leaves_the_items_alone) {
    same("asyncio docs: Queue.join waits, so it may be cancelled");
    TypeParam queue;
    EXPECT_TRUE(queue.try_put(1));
    auto main = [&]() -> Task<> {
        auto joiner = [&]() -> Task<> { co_await queue.join(); };
        TaskHandle<> task = create_task(joiner);
        co_await yield();
        task.cancel();
        co_await task.wait();
        EXPECT_TRUE(task.cancelled());
        EXPECT_EQ(queue.try_get(), 1);
        queue.task_done();
        co_await queue.join();
    };
    run_sim(main);
}

}  // namespace
}  // namespace rondo::test
