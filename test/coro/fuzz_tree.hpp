// SPDX-License-Identifier: Apache-2.0
/// Random trees of tasks, for the fuzzer: see fuzz_test.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/coro/task.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/sync/lock.hpp"
#include "rondo/sync/queue.hpp"
#include "support/leaves.hpp"
#include "support/recorder.hpp"
#include "support/run_sim.hpp"

namespace rondo::test {

/// Thrown by a node that fails.
struct Boom : std::exception {};

/// A local of each coroutine: dies after its children's, or the program ends.
class Living {
public:
    explicit Living(Living* parent);
    Living(const Living&) = delete;
    Living& operator=(const Living&) = delete;
    ~Living();
    /// Ends the program when a child's coroutine still lives.
    void expect_alone() const;

    static long count() noexcept { return count_; }
    static long checks() noexcept { return checks_; }

private:
    static inline long count_ = 0;
    static inline long checks_ = 0;
    Living* parent_;
    int children_ = 0;
    std::string heap_{"a string that is long enough to live on the heap"};
};

/// A tree that is drawn while it runs: up to depth_max levels below the two trees of the main task,
/// and up to fan_out_max children of one join or group.
class FuzzTree {
public:
    static constexpr int depth_max = 8;
    static constexpr int fan_out_max = 16;
    static constexpr int nodes_max = 300;

    /// What was drawn so far, of all trees.
    struct Counts {
        long nodes = 0;
        long failures = 0;
        long cancels = 0;
        int deepest = 0;
        int widest = 0;
    };
    static Counts& counts() noexcept {
        static Counts all;
        return all;
    }

    explicit FuzzTree(std::uint64_t seed) : state_(seed * 7919 + 1) {}

    /// The main task of one run.
    Task<> main();
    /// After it: the lock is free, and what was put was got or is there still.
    void expect_nothing_lost() const;

private:
    int below(int bound);
    bool one_in(int count) { return below(count) == 0; }
    Duration some(int microseconds) { return std::chrono::microseconds(below(microseconds) + 1); }

    /// How many children: seldom many.
    int fan_out();

    Task<int> leaf(Living* parent);
    Task<int> node(int depth, Living* parent);
    /// A node whose errors nobody waits for.
    Task<int> quiet_node(int depth);
    /// One step of a node, drawn.
    Task<int> step(int depth, Living& here);
    Task<int> simple_step(int kind, Living& here);
    Task<int> shared_step(int kind, Living& here);
    Task<int> locked_step(Living& here);
    Task<int> put_step();
    Task<int> get_step();
    Task<int> bounded_step(int kind, int depth, Living& here);
    Task<int> joined_step(int kind, int depth, Living& here);
    Task<int> group_step(int depth, Living& here);
    Task<int> spawned_step(int depth, Living& here);
    Task<> group_body(TaskGroup& group, int depth, Living& outside);
    std::vector<Task<int>> some_nodes(int depth, Living& here);

    std::uint64_t state_;
    int nodes_left_ = nodes_max;
    Gate gate_;
    Lock lock_{"the lock"};
    bool inside_ = false;
    Queue<Tracked> queue_{3, "the queue"};
    std::size_t put_ = 0;
    std::size_t got_ = 0;
};

}  // namespace rondo::test
