// SPDX-License-Identifier: Apache-2.0
// How items get through a queue: each is moved, some moves throw, and none is left behind.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "rondo/sync/queue.hpp"
#include "support/fragile.hpp"
#include "sync/laws.hpp"

namespace rondo::test {

class QueueMovesTest : public LedgerTest {
protected:
    template <class Q>
    Task<> put_fragile(Q& to, int item) {
        co_await to.put(Fragile(item));
        log.say("put" + std::to_string(item));
    }
    /// Moves that throw as one is taken out of a full queue at which a put waits.
    template <class Q>
    void failing_moves_of_a_get() {
        auto main = [&]() -> Task<> {
            Q queue(1);
            queue.try_put(Fragile(1));
            TaskHandle<> putter = create_task(put_fragile(queue, 2));
            co_await turns(2);
            Fragile::arm(1);
            EXPECT_THROW(queue.try_get(), MoveFailed);
            EXPECT_EQ(queue.size(), 1U) << "the item is still there";
            Fragile::arm(2);
            const std::optional<Fragile> first = queue.try_get();
            EXPECT_FALSE(Fragile::disarm()) << "the put's item could not be moved";
            EXPECT_EQ(first->number(), 1);
            co_await turns(2);
            EXPECT_FALSE(putter.done()) << "the put waits on";
            const std::optional<Fragile> second = queue.try_get();
            EXPECT_EQ(second->number(), 2);
            co_await putter;
            queue.task_done();
            queue.task_done();
            co_await queue.join();
        };
        run_sim(main);
        EXPECT_EQ(log.text(), "put2");
    }
};

TEST_F(QueueMovesTest, a_value_that_only_moves_goes_through_all_ways) {
    auto main = []() -> Task<int> {
        Queue<std::unique_ptr<int>> one(1);
        auto producer = [&]() -> Task<> {
            for (int i = 1; i <= 5; ++i) {
                co_await one.put(std::make_unique<int>(i));
            }
        };
        TaskHandle<> handle = create_task(producer());
        int sum = 0;
        for (int i = 1; i <= 5; ++i) {
            const std::unique_ptr<int> item = co_await one.get();
            sum += *item;
        }
        co_await handle;
        co_return sum;
    };
    EXPECT_EQ(run_sim(main), 15);
}

TEST_F(QueueMovesTest, items_of_stopped_puts_and_items_left_are_destroyed) {
    auto main = []() -> Task<> {
        Queue<Tracked> one(1);
        auto producer = [&]() -> Task<> {
            for (int i = 0; i < 3; ++i) {
                co_await one.put(Tracked(i));
            }
        };
        TaskHandle<> handle = create_task(producer());
        co_await turns(2);
        handle.cancel();
        co_await turns(2);
        EXPECT_EQ(one.size(), 1U);
    };
    run_sim(main);
    EXPECT_EQ(Tracked::live(), 0);
}

TEST_F(QueueMovesTest, a_put_whose_item_cannot_be_moved_leaves_the_get_waiting) {
    auto main = [&]() -> Task<> {
        Queue<Fragile> queue;
        auto gets = [&](std::string word) -> Task<> {
            const Fragile item = co_await queue.get();
            log.say(word + std::to_string(item.number()));
        };
        TaskHandle<> first = create_task(gets("first"));
        TaskHandle<> second = create_task(gets("second"));
        co_await turns(2);
        Fragile item(7);
        Fragile::arm(1);
        EXPECT_THROW(queue.try_put(std::move(item)), MoveFailed);
        EXPECT_TRUE(item.whole());
        EXPECT_TRUE(queue.try_put(std::move(item)));
        EXPECT_TRUE(queue.try_put(Fragile(8)));
        co_await first;
        co_await second;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "first7 second8");
}

TEST_F(QueueMovesTest, a_get_whose_item_cannot_be_moved_takes_nothing) {
    failing_moves_of_a_get<Queue<Fragile>>();
}

TEST_F(QueueMovesTest, a_get_of_the_last_whose_item_cannot_be_moved_takes_nothing) {
    failing_moves_of_a_get<LifoQueue<Fragile>>();
}

TEST_F(QueueMovesTest, closing_destroys_what_it_discards_without_moving_it) {
    Queue<Fragile> queue;
    queue.try_put(Fragile(1));
    Fragile::arm(1);
    queue.close(true);
    EXPECT_TRUE(Fragile::disarm());
    EXPECT_TRUE(queue.empty());
}

}  // namespace rondo::test
