// SPDX-License-Identifier: Apache-2.0
// What the three queues have in common: join, close (asyncio's shutdown), conservation; and the
// orders of PriorityQueue and LifoQueue.
#include <algorithm>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/sync/queue.hpp"
#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

template <class Q>
class QueueKindsTest : public LedgerTest {
protected:
    /// Says its item, or "closed".
    Task<> get(Q& from) {
        try {
            const int item = co_await from.get();
            log.say(std::to_string(item));
        } catch (const QueueClosed&) {
            log.say("closed");
        }
    }
    Task<> put(Q& to, int item) {
        try {
            co_await to.put(item);
            log.say("put");
        } catch (const QueueClosed&) {
            log.say("refused");
        }
    }
    Task<> join(Q& queue) {
        co_await queue.join();
        log.say("joined");
    }
    /// Neither takes nor gives any more.
    Task<> expect_shut(Q& queue) {
        EXPECT_TRUE(queue.closed());
        log.clear();
        co_await put(queue, 1);
        co_await get(queue);
        EXPECT_EQ(log.text(), "refused closed");
        EXPECT_THROW(queue.try_put(1), QueueClosed);
        EXPECT_THROW(queue.try_get(), QueueClosed);
    }
};

struct QueueKindNames {
    template <class Q>
    static std::string GetName(int) {
        if (std::is_same_v<Q, Queue<int>>) {
            return "Queue";
        }
        return std::is_same_v<Q, LifoQueue<int>> ? "LifoQueue" : "PriorityQueue";
    }
};
using QueueKinds = testing::Types<Queue<int>, LifoQueue<int>, PriorityQueue<int>>;
TYPED_TEST_SUITE(QueueKindsTest, QueueKinds, QueueKindNames);

TYPED_TEST(QueueKindsTest, task_done_more_often_than_put_is_misuse) {
    // asyncio: test_task_done_underflow: ValueError; Rondo: misuse ends the program.
    TypeParam queue;
    EXPECT_DEATH(queue.task_done(), "task_done\\(\\) was called more often than items were put");
}

TYPED_TEST(QueueKindsTest, join_waits_until_every_item_is_done) {  // test_task_done
    TypeParam queue;
    for (int i = 0; i < 100; ++i) {
        queue.try_put(i);
    }
    int sum = 0;
    auto main = [&]() -> Task<> {
        auto worker = [&]() -> Task<> {
            for (;;) {
                sum += co_await queue.get();
                co_await yield();
                queue.task_done();
            }
        };
        TaskHandle<> one = create_task(worker());
        TaskHandle<> two = create_task(worker());
        co_await queue.join();
        EXPECT_EQ(sum, 99 * 50);
        EXPECT_TRUE(queue.empty());
        EXPECT_FALSE(one.done() || two.done());
    };
    run_sim(main);
}

TYPED_TEST(QueueKindsTest, join_of_an_empty_one_does_not_wait) {  // test_join_empty_queue
    TypeParam queue;
    auto main = [&]() -> Task<> {
        co_await queue.join();
        co_await queue.join();
    };
    run_sim(main);
}

TYPED_TEST(QueueKindsTest, join_counts_an_item_that_went_straight_to_a_get) {
    TypeParam queue(1);
    auto main = [&]() -> Task<> {
        TaskHandle<> getter = create_task(this->get(queue));
        co_await yield();
        queue.try_put(1);
        TaskHandle<> joiner = create_task(this->join(queue));
        co_await getter;
        co_await turns(2);
        EXPECT_FALSE(joiner.done());
        queue.task_done();
        co_await joiner;
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "1 joined");
}

TYPED_TEST(QueueKindsTest, a_put_that_waits_or_was_cancelled_does_not_count_for_join) {
    TypeParam queue(1);
    auto main = [&]() -> Task<> {
        queue.try_put(1);
        TaskHandle<> putter = create_task(this->put(queue, 2));
        co_await yield();
        putter.cancel();
        co_await yield();
        EXPECT_EQ(queue.try_get(), 1);
        queue.task_done();
        co_await queue.join();
    };
    run_sim(main);
}

TYPED_TEST(QueueKindsTest, closing_an_empty_one_ends_waiting_gets) {  // test_shutdown_empty
    TypeParam queue;
    auto main = [&]() -> Task<> {
        TaskHandle<> getter = create_task(this->get(queue));
        TaskHandle<> other = create_task(this->get(queue));
        co_await yield();
        queue.close();
        co_await queue.join();
        co_await getter;
        co_await other;
        EXPECT_EQ(this->log.text(), "closed closed");
        co_await this->expect_shut(queue);
    };
    run_sim(main);
}

TYPED_TEST(QueueKindsTest, closing_refuses_waiting_puts_and_lets_gets_drain) {
    // test_shutdown_nonempty
    TypeParam queue(1);
    auto main = [&]() -> Task<> {
        queue.try_put(1);
        TaskHandle<> joiner = create_task(this->join(queue));
        TaskHandle<> putter = create_task(this->put(queue, 2));
        co_await yield();
        queue.close();
        EXPECT_EQ(queue.size(), 1U);
        co_await putter;
        co_await this->get(queue);
        EXPECT_EQ(this->log.text(), "refused 1");
        EXPECT_FALSE(joiner.done());
        co_await this->expect_shut(queue);
        queue.task_done();
        co_await joiner;
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "refused closed joined");
}

TYPED_TEST(QueueKindsTest, closing_with_discard_drops_the_items_as_done) {
    // test_shutdown_immediate
    TypeParam queue;
    auto main = [&]() -> Task<> {
        queue.try_put(1);
        queue.try_put(2);
        TaskHandle<> joiner = create_task(this->join(queue));
        co_await yield();
        queue.close(true);
        EXPECT_TRUE(queue.empty());
        co_await joiner;
        co_await this->expect_shut(queue);
        EXPECT_DEATH(queue.task_done(), "more often than items were put");
    };
    run_sim(main);
}

TYPED_TEST(QueueKindsTest, closing_with_discard_leaves_items_under_way_unfinished) {
    // test_shutdown_immediate_with_unfinished
    TypeParam queue;
    auto main = [&]() -> Task<> {
        queue.try_put(1);
        queue.try_put(2);
        TaskHandle<> joiner = create_task(this->join(queue));
        co_await this->get(queue);
        queue.close(true);
        co_await turns(2);
        EXPECT_FALSE(joiner.done());
        co_await this->expect_shut(queue);
        queue.task_done();
        co_await joiner;
    };
    run_sim(main);
}

TYPED_TEST(QueueKindsTest, closing_twice_is_closing_once_and_may_discard_later) {
    TypeParam queue;
    queue.try_put(1);
    queue.close();
    queue.close();
    EXPECT_EQ(queue.size(), 1U);
    queue.close(true);
    EXPECT_TRUE(queue.empty());
}

TYPED_TEST(QueueKindsTest, an_item_handed_over_before_the_close_is_delivered) {
    TypeParam queue(1);
    auto main = [&]() -> Task<> {
        TaskHandle<> getter = create_task(this->get(queue));
        co_await yield();
        queue.try_put(1);
        queue.close(true);
        co_await getter;
    };
    run_sim(main);
    EXPECT_EQ(this->log.text(), "1");
}

TYPED_TEST(QueueKindsTest, a_get_awaited_again_after_the_close_gives_no_old_item) {
    TypeParam queue;
    auto main = [&]() -> Task<> {
        queue.try_put(1);
        auto get = queue.get();
        const int first = co_await get;
        EXPECT_EQ(first, 1);
        queue.close();
        bool closed = false;
        try {
            [[maybe_unused]] const int second = co_await get;
        } catch (const QueueClosed&) {
            closed = true;
        }
        EXPECT_TRUE(closed);
    };
    run_sim(main);
}

TYPED_TEST(QueueKindsTest, who_asks_a_closed_one_for_ever_lets_others_run) {
    TypeParam queue;
    queue.close();
    int turns_of_other = 0;
    auto main = [&]() -> Task<> {
        TaskHandle<> other = create_task([&] { ++turns_of_other; });
        for (int i = 0; i < 1000 && turns_of_other == 0; ++i) {
            co_await this->get(queue);
            co_await this->put(queue, 1);
        }
    };
    run_sim(main);
    EXPECT_EQ(turns_of_other, 1);
}

TYPED_TEST(QueueKindsTest, items_put_are_items_got_or_left_for_all_seeds) {
    long all_got = 0;
    for (std::uint64_t seed = 1; seed <= stress_seeds; ++seed) {
        Random random(seed);
        TypeParam queue(static_cast<std::size_t>(random.below(4)));
        std::vector<int> put;
        std::vector<int> got;
        int next = 0;
        auto round = [&](int worker) -> Task<> {
            try {
                if (worker % 2 == 0) {
                    const int item = next++;
                    co_await queue.put(item);
                    put.push_back(item);
                } else {
                    const int item = co_await queue.get();
                    got.push_back(item);
                    queue.task_done();
                }
            } catch (const QueueClosed&) {
            }
            if (next > 40 && random.one_in(20)) {
                queue.close();
            }
        };
        stress(seed, round, [&] {
            while (!queue.empty()) {
                got.push_back(*queue.try_get());
                queue.task_done();
            }
        });
        all_got += static_cast<long>(got.size());
        std::sort(put.begin(), put.end());
        std::sort(got.begin(), got.end());
        EXPECT_EQ(put, got) << "seed " << seed;
        auto joining = [&]() -> Task<> { co_await queue.join(); };
        run_sim(joining);
    }
    EXPECT_GT(all_got, 1000);
}

using QueueOrderTest = LedgerTest;

template <class Q>
std::string order_of(Q& queue, std::initializer_list<int> items) {
    for (const int item : items) {
        EXPECT_TRUE(queue.try_put(item));
    }
    std::string text;
    while (const std::optional<int> item = queue.try_get()) {
        text += std::to_string(*item);
    }
    return text;
}

TEST_F(QueueOrderTest, the_last_in_is_the_first_out) {  // LifoQueueTests.test_order
    LifoQueue<int> queue;
    EXPECT_EQ(order_of(queue, {1, 3, 2}), "231");
}

TEST_F(QueueOrderTest, the_least_comes_first) {  // PriorityQueueTests.test_order
    PriorityQueue<int> queue;
    EXPECT_EQ(order_of(queue, {1, 3, 2}), "123");
}

TEST_F(QueueOrderTest, another_comparison_turns_it_round) {
    PriorityQueue<int, std::greater<>> queue;
    EXPECT_EQ(order_of(queue, {1, 3, 2}), "321");
}

TEST_F(QueueOrderTest, equal_ones_come_in_order_of_arrival) {
    // asyncio: equal priorities compare the rest of the tuple; Rondo: order of arrival.
    struct ByTens {
        bool operator()(int a, int b) const { return a / 10 < b / 10; }
    };
    PriorityQueue<int, ByTens> queue;
    EXPECT_EQ(order_of(queue, {23, 11, 21, 12, 22, 13}), "111213232122");
}

}  // namespace rondo::test
