// SPDX-License-Identifier: Apache-2.0
// What people may name, in dumps.
#include <gtest/gtest.h>

#include "rondo/rondo.hpp"

namespace rondo::test {
namespace {

constexpr const char* chosen = "jobs";

TEST(name, is_given_back_as_it_was_given) {
    Lock lock(chosen);
    EXPECT_EQ(lock.name(), chosen);
    EXPECT_EQ(Condition(lock, chosen).name(), chosen);
    EXPECT_EQ(RwLock(chosen).name(), chosen);
    EXPECT_EQ(Event(chosen).name(), chosen);
    EXPECT_EQ(Semaphore(1, chosen).name(), chosen);
    EXPECT_EQ(BoundedSemaphore(1, chosen).name(), chosen);
    EXPECT_EQ(Barrier(2, chosen).name(), chosen);
    EXPECT_EQ(Queue<int>(1, chosen).name(), chosen);
    EXPECT_EQ(PriorityQueue<int>(1, chosen).name(), chosen);
    EXPECT_EQ(LifoQueue<int>(1, chosen).name(), chosen);
    EXPECT_EQ(Channel<int>(1, chosen).name(), chosen);
    EXPECT_EQ(Broadcast<int>(1, chosen).name(), chosen);
    EXPECT_EQ(Value<int>(1, chosen).name(), chosen);
}

TEST(name, is_null_when_none_was_given) {
    Lock lock;
    EXPECT_EQ(lock.name(), nullptr);
    EXPECT_EQ(Condition(lock).name(), nullptr);
    EXPECT_EQ(RwLock().name(), nullptr);
    EXPECT_EQ(Event().name(), nullptr);
    EXPECT_EQ(Semaphore(1).name(), nullptr);
    EXPECT_EQ(BoundedSemaphore(1).name(), nullptr);
    EXPECT_EQ(Barrier(2).name(), nullptr);
    EXPECT_EQ(Queue<int>().name(), nullptr);
    EXPECT_EQ(PriorityQueue<int>().name(), nullptr);
    EXPECT_EQ(LifoQueue<int>().name(), nullptr);
    EXPECT_EQ(Channel<int>().name(), nullptr);
    EXPECT_EQ(Broadcast<int>(1).name(), nullptr);
    EXPECT_EQ(Value<int>().name(), nullptr);
}

}  // namespace
}  // namespace rondo::test
