// SPDX-License-Identifier: Apache-2.0
#include "coro/fuzz_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/to_thread.hpp"

namespace rondo::test {
namespace {

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "fuzz: %s\n", what);
    std::abort();
}

}  // namespace

Living::Living(Living* parent) : parent_(parent) {
    ++count_;
    if (parent_ != nullptr) {
        ++parent_->children_;
    }
}

Living::~Living() {
    expect_alone();
    if (parent_ != nullptr) {
        --parent_->children_;
    }
    --count_;
    ++checks_;
}

void Living::expect_alone() const {
    if (children_ != 0) {
        fail("a parent's frame died, or went on, before its child's was gone");
    }
}

int FuzzTree::below(int bound) {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return static_cast<int>((mixed ^ (mixed >> 31)) % static_cast<unsigned>(bound));
}

int FuzzTree::fan_out() {
    const int count = one_in(4) ? below(fan_out_max + 1) : below(4);
    counts().widest = std::max(counts().widest, count);
    return count;
}

Task<int> FuzzTree::leaf(Living* parent) {
    const Living here(parent);
    const int kind = below(4);
    if (kind == 0) {
        co_await yield();
    } else if (kind == 1) {
        co_await sleep(some(5000));
    } else if (kind == 2) {
        SlowOperation slow(some(3000), one_in(2));
        co_await slow;
    }
    co_return 1;
}

Task<int> FuzzTree::node(int depth, Living* parent) {
    Living here(parent);
    --nodes_left_;
    ++counts().nodes;
    counts().deepest = std::max(counts().deepest, depth_max - depth);
    int sum = 0;
    const int steps = 1 + below(4);
    for (int i = 0; i < steps; ++i) {
        here.expect_alone();
        try {
            sum += co_await step(depth, here);
        } catch (const TimeoutError&) {
            static_cast<void>(suppressed_errors());
            if (one_in(3)) {
                throw;
            }
        } catch (const Cancelled&) {
            static_cast<void>(suppressed_errors());
        } catch (const Boom&) {
            static_cast<void>(suppressed_errors());
            if (one_in(2)) {
                throw;
            }
        } catch (...) {
            fail("a stop was seen as an exception");
        }
    }
    here.expect_alone();
    co_return sum;
}

Task<int> FuzzTree::step(int depth, Living& here) {
    const int kind = below(depth > 0 && nodes_left_ > 0 ? 23 : 10);
    if (kind < 7) {
        return simple_step(kind, here);
    }
    if (kind < 10) {
        return shared_step(kind - 7, here);
    }
    if (kind < 15) {
        return bounded_step(kind - 10, depth - 1, here);
    }
    if (kind < 20) {
        return joined_step(kind - 15, depth - 1, here);
    }
    if (kind < 22) {
        return group_step(depth - 1, here);
    }
    return spawned_step(depth - 1, here);
}

Task<int> FuzzTree::simple_step(int kind, Living& here) {
    switch (kind) {
        case 0: co_await yield(); break;
        case 1: co_await sleep(some(3000)); break;
        case 2: co_return co_await leaf(&here);
        case 3: {
            SlowOperation slow(some(2000), one_in(2));
            co_await slow;
            break;
        }
        case 4:
            if (one_in(6)) {
                ++counts().failures;
                throw Boom();
            }
            break;
        case 5: {
            const int value = co_await to_thread([this] { return below(3); });
            co_return value;
        }
        default: co_await gate_.wait(); break;
    }
    co_return 1;
}

Task<int> FuzzTree::shared_step(int kind, Living& here) {
    switch (kind) {
        case 0: return locked_step(here);
        case 1: return put_step();
        default: return get_step();
    }
}

// Whoever holds the lock is alone, and gives it back wherever it is stopped.
Task<int> FuzzTree::locked_step(Living& here) {
    struct Inside {
        bool& flag;
        explicit Inside(bool& of) : flag(of) {
            if (std::exchange(flag, true)) {
                fail("two tasks hold one lock");
            }
        }
        ~Inside() { flag = false; }
    };
    const Lock::Guard guard = co_await lock_.acquire();
    const Inside inside(inside_);
    co_return co_await leaf(&here);
}

// The time is bounded, for nobody may come to the other end.
Task<int> FuzzTree::put_step() {
    auto put = [this]() -> Task<> {
        co_await queue_.put(Tracked(1));
        ++put_;
    };
    co_await move_on_after(some(3000), std::move(put));
    co_return 1;
}

Task<int> FuzzTree::get_step() {
    const auto item = co_await move_on_after(some(3000), queue_.get());
    if (item.has_value()) {
        ++got_;
    }
    co_return item.has_value() ? item->number() : 0;
}

Task<int> FuzzTree::bounded_step(int kind, int depth, Living& here) {
    switch (kind) {
        case 0: {
            const auto result = co_await move_on_after(some(4000), node(depth, &here));
            co_return result.value_or(0);
        }
        case 1: co_return co_await timeout(some(4000), node(depth, &here));
        case 2: co_return co_await shield(node(depth, &here), some(2000));
        case 3: {
            auto captures =
                [this, depth, &here,
                 text = std::string("a capture that owns memory of the heap")]() -> Task<int> {
                co_await yield();
                const int value = co_await node(depth, &here);
                co_return value + static_cast<int>(text.size());
            };
            co_return co_await timeout(some(4000), std::move(captures));
        }
        default: co_return co_await finally(node(depth, &here), leaf(&here), some(3000));
    }
}

std::vector<Task<int>> FuzzTree::some_nodes(int depth, Living& here) {
    std::vector<Task<int>> tasks;
    const int count = fan_out();
    for (int i = 0; i < count; ++i) {
        tasks.push_back(node(depth, &here));
    }
    return tasks;
}

Task<int> FuzzTree::joined_step(int kind, int depth, Living& here) {
    switch (kind) {
        case 0: {
            auto [a, b] = co_await gather(node(depth, &here), node(depth, &here));
            co_return a + b;
        }
        case 1: {
            const std::vector<int> all = co_await gather(some_nodes(depth, here));
            co_return static_cast<int>(all.size());
        }
        case 2: {
            const auto all = co_await gather(settle, limit(2), some_nodes(depth, here));
            co_return static_cast<int>(all.size());
        }
        case 3: {
            const auto all = co_await gather(limit(1 + static_cast<std::size_t>(below(3))),
                                             some_nodes(depth, here));
            co_return static_cast<int>(all.size());
        }
        default: co_return co_await race(node(depth, &here), leaf(&here), node(depth, &here));
    }
}

// Children may use the body's own locals only while the body waits for all of them.
Task<> FuzzTree::group_body(TaskGroup& group, int depth, Living& outside) {
    Living body(&outside);
    const bool waits_for_all = one_in(2);
    std::vector<TaskHandle<int>> handles;
    const int count = fan_out();
    for (int i = 0; i < count; ++i) {
        if (one_in(2)) {
            auto call = [this, depth, &outside,
                         text =
                             std::string("a capture that owns memory of the heap")]() -> Task<int> {
                const int value = co_await node(depth, &outside);
                co_return value + static_cast<int>(text.size());
            };
            handles.push_back(group.spawn(std::move(call)));
        } else {
            group.spawn(node(depth, waits_for_all ? &body : &outside));
        }
    }
    if (one_in(3)) {
        co_await yield();
    }
    if (!handles.empty() && one_in(3)) {
        ++counts().cancels;
        handles[0].cancel();
    }
    if (one_in(4)) {
        ++counts().cancels;
        group.cancel();
    }
    for (TaskHandle<int>& handle : handles) {
        try {
            co_await handle;
        } catch (const std::exception&) {
            if (!waits_for_all) {
                throw;
            }
        }
    }
    while (waits_for_all && group.size() != 0) {
        co_await sleep(50us);
    }
}

Task<int> FuzzTree::group_step(int depth, Living& here) {
    co_await task_group([&](TaskGroup& group) -> Task<> { return group_body(group, depth, here); });
    co_return 1;
}

Task<int> FuzzTree::quiet_node(int depth) {
    try {
        co_return co_await node(depth, nullptr);
    } catch (const std::exception&) {
        static_cast<void>(suppressed_errors());
    }
    co_return 0;
}

// Tasks of the root outlive this coroutine: they use nothing of it.
Task<int> FuzzTree::spawned_step(int depth, Living&) {
    const int what = below(4);
    TaskHandle<int> handle = create_task(what < 2 ? quiet_node(depth) : node(depth, nullptr));
    if (what == 0) {
        handle.detach();
        co_return 0;
    }
    if (what == 1) {
        co_await yield();
        co_return 0;
    }
    if (what == 2) {
        co_return co_await std::move(handle);
    }
    co_return co_await timeout(some(3000), std::move(handle));
}

void FuzzTree::expect_nothing_lost() const {
    EXPECT_FALSE(lock_.locked());
    EXPECT_EQ(put_, got_ + queue_.size()) << "items lost, or got twice";
}

Task<> FuzzTree::main() {
    Living here(nullptr);
    const int kill = below(3);
    create_task([this]() -> Task<> {
        for (;;) {
            co_await sleep(300us);
            gate_.let_one_pass();
        }
    }).detach();
    auto body = [&](TaskGroup& group) -> Task<> {
        auto killer = [this, &group, kill]() -> Task<> {
            co_await sleep(some(8000));
            if (kill == 0) {
                group.cancel();
            }
        };
        group.spawn(killer);
        TaskHandle<int> first = group.spawn(node(depth_max, &here));
        TaskHandle<int> second = group.spawn(node(depth_max, &here));
        co_await first;
        co_await second;
        group.cancel();
    };
    try {
        co_await task_group(std::move(body));
    } catch (const Boom&) {
        static_cast<void>(suppressed_errors());
    } catch (const TimeoutError&) {
        static_cast<void>(suppressed_errors());
    } catch (const Cancelled&) {
    }
}

}  // namespace rondo::test
