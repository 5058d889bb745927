// SPDX-License-Identifier: Apache-2.0
// asyncio's Queue.shutdown(immediate) beside our close(discard), for all three queues.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "parity/parity.hpp"
#include "parity/queue_kinds.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/turns.hpp"

namespace rondo::test {
namespace {

template <class AnyQueue>
class ParityQueueShutdown : public ParityTest {
protected:
    AnyQueue queue{2};

    /// Each says how it ended.
    Task<> get() {
        try {
            const int item = co_await queue.get();
            log.say("got" + std::to_string(item));
        } catch (const QueueClosed&) {
            log.say("get-closed");
        }
    }
    Task<> put(int item) {
        try {
            co_await queue.put(item);
            log.say("put");
        } catch (const QueueClosed&) {
            log.say("put-closed");
        }
    }
    Task<> join() {
        co_await queue.join();
        log.say("joined");
    }
    /// Nothing can be put or taken any more, in any way.
    Task<> expect_shut() {
        log.clear();
        co_await get();
        co_await put(9);
        EXPECT_EQ(log.text(), "get-closed put-closed");
        EXPECT_THROW(queue.try_put(9), QueueClosed);
        EXPECT_THROW(queue.try_get(), QueueClosed);
    }
};

TYPED_TEST_SUITE(ParityQueueShutdown, QueueKinds, QueueKindNames);

TYPED_TEST(ParityQueueShutdown, closed_says_so) {
    differs(cpython<TypeParam>("Shutdown", "test_format"),
            "there is no format that shows it; closed() says it, which asyncio has no call for");
    EXPECT_FALSE(this->queue.closed());
    this->queue.close();
    EXPECT_TRUE(this->queue.closed());
}

TYPED_TEST(ParityQueueShutdown, an_empty_one_ends_its_gets_and_can_be_joined) {
    same(cpython<TypeParam>("Shutdown", "test_shutdown_empty"));
    auto main = [&]() -> Task<> {
        TaskHandle<> getter = create_task(this->get());
        co_await yield();
        this->queue.close();
        EXPECT_EQ(this->queue.size(), 0U);
        co_await this->queue.join();
        co_await getter;
        EXPECT_EQ(this->log.text(), "get-closed");
        co_await this->expect_shut();
    };
    run_sim(main);
}

TYPED_TEST(ParityQueueShutdown, what_is_in_it_can_still_be_taken_and_must_be_dealt_with) {
    same(cpython<TypeParam>("Shutdown", "test_shutdown_nonempty"));
    auto main = [&]() -> Task<> {
        EXPECT_TRUE(this->queue.try_put(1));
        EXPECT_TRUE(this->queue.try_put(1));
        TaskHandle<> joiner = create_task(this->join());
        TaskHandle<> putter = create_task(this->put(3));
        co_await yield();
        EXPECT_TRUE(this->log.empty());
        this->queue.close();
        EXPECT_EQ(this->queue.size(), 2U);
        co_await putter;
        co_await this->get();
        co_await this->get();
        EXPECT_EQ(this->log.text(), "put-closed got1 got1");
        co_await this->expect_shut();
        EXPECT_FALSE(joiner.done());
        this->queue.task_done();
        this->queue.task_done();
        co_await joiner;
    };
    run_sim(main);
}

TYPED_TEST(ParityQueueShutdown, at_once_it_drops_what_is_in_it_and_counts_it_as_done) {
    same(cpython<TypeParam>("Shutdown", "test_shutdown_immediate"));
    auto main = [&]() -> Task<> {
        EXPECT_TRUE(this->queue.try_put(1));
        EXPECT_TRUE(this->queue.try_put(2));
        TaskHandle<> joiner = create_task(this->join());
        TaskHandle<> putter = create_task(this->put(3));
        co_await yield();
        this->queue.close(true);
        EXPECT_EQ(this->queue.size(), 0U);
        co_await joiner;
        co_await putter;
        EXPECT_EQ(this->log.text(), "joined put-closed");
        co_await this->expect_shut();
    };
    run_sim(main);
}

TYPED_TEST(ParityQueueShutdown, at_once_it_does_not_count_what_was_taken_before) {
    same(cpython<TypeParam>("Shutdown", "test_shutdown_immediate_with_unfinished"));
    auto main = [&]() -> Task<> {
        EXPECT_TRUE(this->queue.try_put(1));
        EXPECT_TRUE(this->queue.try_put(2));
        TaskHandle<> joiner = create_task(this->join());
        co_await this->get();
        this->queue.close(true);
        EXPECT_EQ(this->queue.size(), 0U);
        co_await turns(2);
        EXPECT_FALSE(joiner.done()) << "one is still being dealt with";
        co_await this->expect_shut();
        this->queue.task_done();
        co_await joiner;
    };
    run_sim(main);
}

TYPED_TEST(ParityQueueShutdown, an_item_handed_to_a_get_before_the_close_arrives) {
    differs("asyncio docs: shutdown wakes all who get, and they look again",
            "a put hands its item over, so the get has it whatever comes after");
    auto main = [&]() -> Task<> {
        TaskHandle<> getter = create_task(this->get());
        co_await yield();
        EXPECT_TRUE(this->queue.try_put(1));
        this->queue.close(true);
        co_await getter;
        EXPECT_EQ(this->log.text(), "got1");
        this->queue.task_done();
        co_await this->queue.join();
    };
    run_sim(main);
}

TYPED_TEST(ParityQueueShutdown, closing_again_may_still_drop_what_is_left) {
    same("asyncio docs: shutdown may be called again, with immediate=True");
    auto main = [&]() -> Task<> {
        EXPECT_TRUE(this->queue.try_put(1));
        this->queue.close();
        this->queue.close();
        EXPECT_EQ(this->queue.size(), 1U);
        this->queue.close(true);
        EXPECT_EQ(this->queue.size(), 0U);
        co_await this->queue.join();
    };
    run_sim(main);
}

}  // namespace
}  // namespace rondo::test
