// SPDX-License-Identifier: Apache-2.0
// asyncio's Queue wakes a waiter, which then takes or puts by itself; Rondo's moves the item
// between the two at once, so that nobody can come between and a result wins over a cancel.
#include "rondo/sync/queue.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sync/laws.hpp"
#include "sync/stress.hpp"

namespace rondo::test {

struct QueueGet : CaseBase {
    static constexpr const char* name = "get";
    Queue<int> queue;
    int waiters;
    int put = 0;
    int drained = 0;

    explicit QueueGet(int count) : waiters(count) {}
    Task<> block() {
        while (queue.try_get()) {
            ++drained;
        }
        co_return;
    }
    auto make(Nothing) { return queue.get(); }
    Task<> open() {
        for (int i = 0; i < waiters; ++i) {
            put += queue.try_put(i) ? 1 : 0;
        }
        co_return;
    }
    bool whole() const { return static_cast<int>(queue.size()) + passed + drained == put; }
};

struct QueuePut : CaseBase {
    static constexpr const char* name = "put";
    Queue<int> queue;
    int filled = 0;
    int got = 0;

    explicit QueuePut(int count) : queue(static_cast<std::size_t>(count)) {}
    Task<> block() {
        while (queue.try_put(1)) {
            ++filled;
        }
        co_return;
    }
    auto make(Nothing) { return queue.put(2); }
    Task<> open() {
        for (std::size_t i = queue.size(); i > 0; --i) {
            got += queue.try_get() ? 1 : 0;
        }
        co_return;
    }
    bool whole() const { return static_cast<int>(queue.size()) + got == filled + passed; }
};

struct QueueJoin : CaseBase {
    static constexpr const char* name = "join";
    Queue<int> queue;

    explicit QueueJoin(int) {}
    Task<> block() {
        queue.try_put(1);
        co_return;
    }
    auto make(Nothing) { return queue.join(); }
    Task<> open() {
        while (queue.try_get()) {
            queue.task_done();
        }
        co_return;
    }
    bool whole() const { return queue.empty(); }
};

using QueueCases = testing::Types<QueueGet, QueuePut, QueueJoin>;
using QueueAgainCases = testing::Types<QueueGet, QueueJoin>;
INSTANTIATE_TYPED_TEST_SUITE_P(queue, Laws, QueueCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(queue, OpenLaws, QueueCases, CaseNames);
INSTANTIATE_TYPED_TEST_SUITE_P(queue, AgainLaws, QueueAgainCases, CaseNames);

class QueueTest : public LedgerTest {
protected:
    Task<> get(Queue<int>& from) {
        const int item = co_await from.get();
        log.say(std::to_string(item));
    }
    Task<> put(Queue<int>& to, int item) {
        co_await to.put(item);
        log.say("put" + std::to_string(item));
    }
    std::string left_in(Queue<int>& queue) {
        std::string text;
        while (const std::optional<int> item = queue.try_get()) {
            text += std::to_string(*item);
        }
        return text;
    }
};
using QueueDeathTest = QueueTest;

TEST_F(QueueTest, knows_when_it_is_empty_and_when_full) {  // test_empty, test_full
    Queue<int> two(2);
    EXPECT_TRUE(two.empty());
    EXPECT_FALSE(two.full());
    two.try_put(1);
    EXPECT_FALSE(two.empty());
    EXPECT_FALSE(two.full());
    two.try_put(2);
    EXPECT_TRUE(two.full());
    EXPECT_EQ(two.size(), 2U);
}

TEST_F(QueueTest, gives_the_first_first) {  // test_order
    Queue<int> queue;
    for (const int item : {1, 3, 2}) {
        queue.try_put(item);
    }
    EXPECT_EQ(left_in(queue), "132");
}

TEST_F(QueueTest, capacity_zero_has_no_bound) {
    // asyncio: test_maxsize, test_float_maxsize: also negative or fractional; Rondo: std::size_t.
    Queue<int> queue;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(queue.try_put(i));
    }
    EXPECT_FALSE(queue.full());
}

TEST_F(QueueTest, a_third_put_into_two_places_waits) {  // test_maxsize
    Queue<int> two(2);
    auto main = [&]() -> Task<> {
        auto producer = [&]() -> Task<> {
            co_await put(two, 1);
            co_await put(two, 2);
            co_await put(two, 3);
        };
        TaskHandle<> handle = create_task(producer());
        co_await turns(3);
        EXPECT_EQ(log.text(), "put1 put2");
        EXPECT_EQ(two.try_get(), 1);
        co_await handle;
        EXPECT_EQ(two.size(), 2U);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "put1 put2 put3");
}

TEST_F(QueueTest, get_takes_what_is_there) {  // test_blocking_get, test_nonblocking_get
    Queue<int> queue;
    queue.try_put(1);
    queue.try_put(2);
    auto main = [&]() -> Task<> { co_await get(queue); };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
    EXPECT_EQ(queue.try_get(), 2);
}

TEST_F(QueueTest, a_get_accepts_the_item_of_a_waiting_put) {  // test_get_with_putters
    Queue<int> one(1);
    one.try_put(1);
    auto main = [&]() -> Task<> {
        TaskHandle<> putter = create_task(put(one, 2));
        co_await yield();
        EXPECT_FALSE(putter.done());
        EXPECT_EQ(one.try_get(), 1);
        EXPECT_TRUE(one.full()) << "moved in at once";
        co_await putter;
        EXPECT_EQ(one.try_get(), 2);
    };
    run_sim(main);
}

TEST_F(QueueTest, get_waits_for_a_put) {  // test_blocking_get_wait
    Queue<int> queue;
    auto main = [&]() -> Task<> {
        TaskHandle<> getter = create_task(get(queue));
        co_await sleep(50ms);
        EXPECT_FALSE(getter.done());
        co_await queue.put(1);
        co_await getter;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
}

TEST_F(QueueTest, try_get_of_an_empty_one_gives_nothing) {
    // asyncio: test_nonblocking_get_exception: QueueEmpty; Rondo: an empty optional.
    Queue<int> queue;
    EXPECT_FALSE(queue.try_get().has_value());
}

TEST_F(QueueTest, a_cancelled_get_takes_no_item) {
    // test_get_cancelled_race, test_why_are_getters_waiting,
    // test_cancelled_getters_not_being_held_in_self_getters
    Queue<int> queue;
    auto main = [&]() -> Task<> {
        TaskHandle<> first = create_task(get(queue));
        TaskHandle<> second = create_task(get(queue));
        co_await yield();
        first.cancel();
        queue.try_put(1);
        co_await second;
        EXPECT_TRUE(first.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
}

TEST_F(QueueTest, gets_that_time_out_lose_nothing) {
    Queue<int> queue;
    auto main = [&]() -> Task<> {
        for (int i = 0; i < 3; ++i) {
            co_await move_on_after(100ms, queue.get());
        }
        queue.try_put(7);
        co_await get(queue);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "7");
}

TEST_F(QueueTest, waiting_puts_keep_their_order) {  // test_get_with_waiting_putters
    Queue<int> one(1);
    auto main = [&]() -> Task<> {
        create_task(put(one, 1)).detach();
        create_task(put(one, 2)).detach();
        create_task(put(one, 3)).detach();
        co_await turns(2);
        co_await get(one);
        co_await get(one);
        co_await get(one);
        co_await turns(2);
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "put1 1 2 3 put2 put3");
}

TEST_F(QueueTest,
       put_into_an_open_one_does_not_suspend) {  // test_blocking_put, test_nonblocking_put
    Queue<int> queue;
    auto main = [&]() -> Task<> {
        TaskHandle<> other = create_task([&] { log.say("other"); });
        co_await put(queue, 1);
        co_await other;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "put1 other");
    EXPECT_EQ(left_in(queue), "1");
}

TEST_F(QueueTest, put_waits_for_a_get) {  // test_blocking_put_wait
    Queue<int> one(1);
    one.try_put(0);
    auto main = [&]() -> Task<> {
        TaskHandle<> putter = create_task(put(one, 1));
        co_await sleep(50ms);
        EXPECT_FALSE(putter.done());
        co_await get(one);
        co_await putter;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "0 put1");
    EXPECT_EQ(left_in(one), "1");
}

TEST_F(QueueTest, a_get_cancelled_beside_a_put_does_not_swallow_the_item) {
    // test_get_cancel_drop_one_pending_reader
    Queue<int> queue;
    auto main = [&]() -> Task<> {
        TaskHandle<> reader = create_task(get(queue));
        co_await yield();
        reader.cancel();
        queue.try_put(1);
        queue.try_put(2);
        co_await turns(2);
    };
    run_sim(main);
    EXPECT_EQ(left_in(queue), "12");
}

TEST_F(QueueTest, many_gets_cancelled_beside_puts_swallow_nothing) {
    // asyncio: test_get_cancel_drop_many_pending_readers: the first reader is cancelled and the
    // others get the items; Rondo: also who was handed an item before his cancel has it.
    Queue<int> queue;
    auto main = [&]() -> Task<> {
        TaskHandle<> one = create_task(get(queue));
        TaskHandle<> two = create_task(get(queue));
        TaskHandle<> three = create_task(get(queue));
        co_await yield();
        one.cancel();
        queue.try_put(1);
        two.cancel();
        queue.try_put(2);
        co_await two;
        co_await three;
        EXPECT_TRUE(one.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1 2");
}

TEST_F(QueueTest, a_cancelled_put_puts_nothing) {
    // test_put_cancel_drop, test_put_cancelled, test_why_are_putters_waiting,
    // test_cancelled_puts_not_being_held_in_self_putters
    Queue<int> one(1);
    one.try_put(0);
    auto main = [&]() -> Task<> {
        TaskHandle<> gone = create_task(put(one, 1));
        TaskHandle<> next = create_task(put(one, 2));
        co_await yield();
        gone.cancel();
        EXPECT_EQ(one.try_get(), 0);
        co_await next;
        EXPECT_TRUE(gone.cancelled());
    };
    run_sim(main);
    EXPECT_EQ(left_in(one), "2");
}

TEST_F(QueueTest, a_put_cancelled_after_its_item_was_accepted_has_put_it) {
    // asyncio: test_put_cancelled_race, test_cancelled_put_silence_value_error_exception: the put
    // is cancelled and the place goes on; Rondo: the item is in, so the put has happened.
    Queue<int> one(1);
    one.try_put(0);
    auto main = [&]() -> Task<> {
        TaskHandle<> putter = create_task(put(one, 1));
        co_await yield();
        EXPECT_EQ(one.try_get(), 0);
        putter.cancel();
        co_await putter;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "put1");
    EXPECT_EQ(left_in(one), "1");
}

TEST_F(QueueTest, try_put_into_a_full_one_is_refused_and_keeps_the_item) {
    // asyncio: test_nonblocking_put_exception: QueueFull; Rondo: false.
    Queue<std::unique_ptr<int>> one(1);
    EXPECT_TRUE(one.try_put(std::make_unique<int>(1)));
    auto second = std::make_unique<int>(2);
    EXPECT_FALSE(one.try_put(std::move(second)));
    EXPECT_EQ(*second, 2);  // NOLINT(bugprone-use-after-move): as promised
}

TEST_F(QueueTest, try_put_of_a_variable_leaves_it_alone) {
    Queue<std::string> queue;
    const std::string constant = "a constant";
    std::string variable = "a variable";
    EXPECT_TRUE(queue.try_put(constant));
    EXPECT_TRUE(queue.try_put(variable));
    EXPECT_EQ(variable, "a variable");
    EXPECT_EQ(queue.try_get(), constant);
    EXPECT_EQ(queue.try_get(), variable);
}

TEST_F(QueueTest, a_put_goes_straight_to_a_waiting_get) {  // test_put_with_waiting_getters
    Queue<int> one(1);
    auto main = [&]() -> Task<> {
        TaskHandle<> getter = create_task(get(one));
        co_await yield();
        EXPECT_TRUE(one.try_put(1));
        EXPECT_TRUE(one.empty());
        EXPECT_TRUE(one.try_put(2)) << "the first has gone through already";
        co_await getter;
    };
    run_sim(main);
    EXPECT_EQ(log.text(), "1");
    EXPECT_EQ(left_in(one), "2");
}

TEST_F(QueueDeathTest, a_put_is_awaited_once) {
    auto main = []() -> Task<> {
        Queue<int> queue;
        auto put = queue.put(1);
        co_await put;
        co_await put;
    };
    EXPECT_DEATH(run_sim(main), "a put was awaited twice");
}

TEST_F(QueueDeathTest, must_not_die_while_a_task_waits) {
    auto main = [&]() -> Task<> {
        auto mine = std::make_unique<Queue<int>>();
        TaskHandle<> handle = create_task(get(*mine));
        co_await yield();
        mine.reset();
    };
    EXPECT_DEATH(run_sim(main), "a queue was destroyed while a task waits");
}

}  // namespace rondo::test
