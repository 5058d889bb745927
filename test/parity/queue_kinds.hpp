// SPDX-License-Identifier: Apache-2.0
/// The three queues, for tests that hold for each of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

#include "rondo/sync/queue.hpp"

namespace rondo::test {

using QueueKinds = testing::Types<Queue<int>, PriorityQueue<int>, LifoQueue<int>>;

/// "Queue", "PriorityQueue", "LifoQueue".
struct QueueKindNames {
    template <class AnyQueue>
    static std::string GetName(int) {
        if constexpr (std::is_same_v<AnyQueue, Queue<int>>) {
            return "Queue";
        } else if constexpr (std::is_same_v<AnyQueue, PriorityQueue<int>>) {
            return "PriorityQueue";
        } else {
            return "LifoQueue";
        }
    }
};

/// The counterpart in test_queues of a test for each kind: "test_queues: LifoQueueJoinTests.…".
template <class AnyQueue>
std::string cpython(const std::string& group, const std::string& test) {
    return "test_queues: " + QueueKindNames::GetName<AnyQueue>(0) + group + "Tests." + test;
}

}  // namespace rondo::test
