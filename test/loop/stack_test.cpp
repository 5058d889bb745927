// SPDX-License-Identifier: Apache-2.0
// Resumption never overflows the stack, whatever is awaited a million times or a million deep: the
// loop runs on a thread whose stack is filled with a pattern, and what it touched is measured.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/loop/timeout.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

constexpr std::size_t stack_bytes = std::size_t{4} << 20;
constexpr unsigned char pattern = 0xA5;
constexpr int million = 1'000'000;

/// Bytes of its stack that a new thread touches while it calls `function`.
std::size_t stack_used(const std::function<void()>& function) {
    void* const stack = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    EXPECT_NE(stack, MAP_FAILED);
    std::memset(stack, pattern, stack_bytes);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, stack, stack_bytes);
    pthread_t thread{};
    auto call = [](void* argument) -> void* {
        (*static_cast<const std::function<void()>*>(argument))();
        return nullptr;
    };
    EXPECT_EQ(pthread_create(&thread, &attributes, call,
                             const_cast<void*>(static_cast<const void*>(&function))),
              0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
    const auto* const bytes = static_cast<const unsigned char*>(stack);
    std::size_t untouched = 0;
    while (untouched < stack_bytes && bytes[untouched] == pattern) {
        ++untouched;
    }
    munmap(stack, stack_bytes);
    return stack_bytes - untouched;
}

// The deepest that the test's own code goes, without anything to await.
std::size_t baseline() {
    return stack_used([] {
        run_sim([]() -> Task<> {
            auto once = co_await move_on_after(1ms, forever());
            static_cast<void>(once);
        });
    });
}

void expect_small_stack(const std::function<Task<>()>& main) {
    const std::size_t before = baseline();
    const std::size_t used = stack_used([&] { run_sim(main()); });
    testing::Test::RecordProperty(
        "stack_growth_bytes", std::to_string(static_cast<long>(used) - static_cast<long>(before)));
    EXPECT_LT(used, before + std::size_t{128} * 1024);
}

Task<int> deep_ready(int depth) {
    if (depth == 0) {
        co_return 0;
    }
    const int below = co_await deep_ready(depth - 1);
    co_return below + 1;
}
Task<int> deep_suspending(int depth) {
    if (depth == 0) {
        co_await yield();
        co_return 0;
    }
    const int below = co_await deep_suspending(depth - 1);
    co_return below + 1;
}
Task<int> deep_waiting(int depth) {
    if (depth == 0) {
        co_return co_await forever();
    }
    const int below = co_await deep_waiting(depth - 1);
    co_return below + 1;
}
Task<int> deep_failing(int depth) {
    if (depth == 0) {
        co_await yield();
        throw std::runtime_error("bottom");
    }
    const int below = co_await deep_failing(depth - 1);
    co_return below + 1;
}
Task<int> deep_timeouts(int depth) {
    if (depth == 0) {
        co_return co_await forever();
    }
    const int below = co_await timeout(1000h, deep_timeouts(depth - 1));
    co_return below + 1;
}
Task<int> deep_gathers(int depth) {
    if (depth == 0) {
        co_return co_await forever();
    }
    auto [below] = co_await gather(deep_gathers(depth - 1));
    co_return below + 1;
}
Task<> deep_groups(int depth) {
    if (depth == 0) {
        co_await forever();
        co_return;
    }
    co_await task_group([&](TaskGroup& group) -> Task<> {
        group.spawn(deep_groups(depth - 1));
        co_return;
    });
}

class StackTest : public LedgerTest {};

TEST_F(StackTest, a_million_awaits_in_a_loop) {
    expect_small_stack([]() -> Task<> {
        long sum = 0;
        for (int i = 0; i < million; ++i) {
            sum += co_await ready_value(1);
        }
        EXPECT_EQ(sum, million);
    });
}

TEST_F(StackTest, a_chain_a_million_deep) {
    expect_small_stack([]() -> Task<> {
        const int depth = co_await deep_ready(million);
        EXPECT_EQ(depth, million);
    });
}

TEST_F(StackTest, a_suspending_chain_a_million_deep) {
    expect_small_stack([]() -> Task<> {
        const int depth = co_await deep_suspending(million);
        EXPECT_EQ(depth, million);
    });
}

TEST_F(StackTest, a_chain_a_million_deep_is_stopped) {
    expect_small_stack([]() -> Task<> {
        const auto result = co_await move_on_after(1ms, deep_waiting(million));
        EXPECT_FALSE(result);
    });
}

TEST_F(StackTest, an_error_rises_through_100000_levels) {
    expect_small_stack([]() -> Task<> {
        bool caught = false;
        try {
            co_await deep_failing(million / 10);
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST_F(StackTest, a_gather_of_a_million) {
    expect_small_stack([]() -> Task<> {
        std::vector<Task<int>> tasks;
        tasks.reserve(million);
        for (int i = 0; i < million; ++i) {
            tasks.push_back(ready_value(i));
        }
        const std::vector<int> results = co_await gather(std::move(tasks));
        EXPECT_EQ(results.size(), std::size_t{million});
        EXPECT_EQ(results[777'777], 777'777);
    });
}

TEST_F(StackTest, a_gather_of_a_million_sleepers_is_stopped) {
    expect_small_stack([]() -> Task<> {
        std::vector<Task<int>> tasks;
        tasks.reserve(million);
        for (int i = 0; i < million; ++i) {
            tasks.push_back(forever());
        }
        const auto result = co_await move_on_after(1ms, gather(std::move(tasks)));
        EXPECT_FALSE(result);
    });
}

TEST_F(StackTest, nested_timeouts_are_stopped) {
    expect_small_stack([]() -> Task<> {
        const auto result = co_await move_on_after(1ms, deep_timeouts(100'000));
        EXPECT_FALSE(result);
    });
}

TEST_F(StackTest, nested_gathers_and_groups_are_stopped) {
    expect_small_stack([]() -> Task<> {
        const auto gathers = co_await move_on_after(1ms, deep_gathers(100'000));
        EXPECT_FALSE(gathers);
        const auto groups = co_await move_on_after(1s, deep_groups(100'000));
        EXPECT_FALSE(groups);
    });
}

}  // namespace
}  // namespace rondo::test
