// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/post_queue.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "support/ledger.hpp"

namespace rondo::test {
namespace {

using detail::PostQueue;

class PostQueueTest : public LedgerTest {
protected:
    /// Runs what `queue` holds.
    static void run_all(PostQueue& queue) {
        queue.run_all([](UniqueFunction<void()>& function) { function(); });
    }
};

TEST_F(PostQueueTest, functions_run_once_in_order_over_many_blocks) {
    for (const int count : {0, 1, 510, 511, 512, 1022, 1023, 5000, 30'000}) {
        PostQueue queue;
        std::vector<int> ran;
        for (int round = 0; round < 2; ++round) {
            ran.clear();
            for (int i = 0; i < count; ++i) {
                queue.push([&ran, i] { ran.push_back(i); });
            }
            run_all(queue);
            ASSERT_EQ(ran.size(), static_cast<std::size_t>(count));
            for (int i = 0; i < count; ++i) {
                ASSERT_EQ(ran[static_cast<std::size_t>(i)], i);
            }
            run_all(queue);
            ASSERT_EQ(ran.size(), static_cast<std::size_t>(count)) << "none runs twice";
        }
    }
}

TEST_F(PostQueueTest, what_was_not_run_is_destroyed_with_the_queue) {
    PostQueue queue;
    for (int i = 0; i < 600; ++i) {
        queue.push([held = Tracked(i)] {});
    }
    EXPECT_EQ(Tracked::live(), 600);
}

TEST_F(PostQueueTest, each_is_destroyed_before_the_next_runs) {
    PostQueue queue;
    for (int i = 0; i < 600; ++i) {
        queue.push([held = Tracked(i), i] { EXPECT_EQ(Tracked::live(), 600 - i); });
    }
    run_all(queue);
    EXPECT_EQ(Tracked::live(), 0);
}

TEST_F(PostQueueTest, swapped_queues_keep_their_contents) {
    PostQueue one;
    PostQueue other;
    for (int i = 0; i < 600; ++i) {
        one.push([&] { log.say("one"); });
    }
    one.swap(other);
    one.push([&] { log.say("later"); });
    run_all(one);
    EXPECT_EQ(log.text(), "later");
    run_all(other);
    EXPECT_NE(log.text(), "later");
}

}  // namespace
}  // namespace rondo::test
