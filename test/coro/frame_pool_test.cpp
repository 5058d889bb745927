// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/frame_pool.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "support/ledger.hpp"

namespace rondo::test {
namespace {

using detail::FramePool;

TEST(FramePoolTest, blocks_of_every_size_hold_what_is_written) {
    FramePool pool;
    std::vector<std::pair<unsigned char*, std::size_t>> blocks;
    for (std::size_t bytes = 1; bytes <= 20'000; bytes += 1 + bytes / 7) {
        auto* const block = static_cast<unsigned char*>(pool.take(bytes));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 16, 0U);
        std::memset(block, static_cast<int>(bytes % 251), bytes);
        blocks.emplace_back(block, bytes);
    }
    EXPECT_EQ(pool.live(), static_cast<long>(blocks.size()));
    for (const auto& [block, bytes] : blocks) {
        for (std::size_t i = 0; i < bytes; ++i) {
            ASSERT_EQ(block[i], bytes % 251);
        }
        pool.give(block, bytes);
    }
    EXPECT_EQ(pool.live(), 0);
}

TEST(FramePoolTest, a_block_that_was_given_back_is_used_again) {
    if (RONDO_ASAN != 0) {
        GTEST_SKIP() << "every block comes from the heap there";
    }
    FramePool pool;
    for (const std::size_t bytes : {16U, 100U, 1024U, 1030U, 4000U, 16'384U}) {
        void* const first = pool.take(bytes);
        pool.give(first, bytes);
        EXPECT_EQ(pool.take(bytes - 1), first);
        pool.give(first, bytes - 1);
    }
}

TEST(FramePoolTest, blocks_never_overlap) {
    FramePool pool;
    std::mt19937 random(1);
    struct Held {
        unsigned char* at;
        std::size_t bytes;
        unsigned char mark;
    };
    std::vector<Held> held;
    for (int i = 0; i < 20'000; ++i) {
        if (held.size() < 200 && random() % 2 == 0) {
            const std::size_t bytes = 1 + random() % (random() % 4 == 0 ? 17'000 : 600);
            const auto mark = static_cast<unsigned char>(random());
            held.push_back({static_cast<unsigned char*>(pool.take(bytes)), bytes, mark});
            std::memset(held.back().at, mark, bytes);
        } else if (!held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            const Held block = held.back();
            held.pop_back();
            ASSERT_EQ(block.at[0], block.mark);
            ASSERT_EQ(block.at[block.bytes - 1], block.mark);
            pool.give(block.at, block.bytes);
        }
    }
    for (const Held& block : held) {
        pool.give(block.at, block.bytes);
    }
    EXPECT_EQ(pool.live(), 0);
}

Task<Tracked> makes(int number) { co_return Tracked(number); }

TEST(FramePoolTest, a_frame_may_be_freed_on_another_thread) {
    std::vector<Task<Tracked>> tasks;
    for (int i = 0; i < 1000; ++i) {
        tasks.push_back(makes(i));
    }
    std::thread([moved = std::move(tasks)]() mutable {
        const Tracked one = run_sim(std::move(moved[0]));
        EXPECT_EQ(one.number(), 0);
        moved.clear();
        EXPECT_EQ(run_sim(makes(7)).number(), 7);
    }).join();
    EXPECT_EQ(run_sim(makes(8)).number(), 8);
    EXPECT_EQ(Tracked::live(), 0);
}

TEST(FramePoolTest, what_a_thread_leaves_serves_the_next_one) {
    if (RONDO_ASAN != 0) {
        GTEST_SKIP() << "every block comes from the heap there";
    }
    auto addresses = [] {
        std::set<void*> all;
        std::thread([&] {
            std::vector<void*> blocks;
            for (int i = 0; i < 50; ++i) {
                blocks.push_back(detail::local.pool.take(3000));
                all.insert(blocks.back());
            }
            for (void* const block : blocks) {
                detail::local.pool.give(block, 3000);
            }
        }).join();
        return all;
    };
    const std::set<void*> first = addresses();
    const std::set<void*> second = addresses();
    EXPECT_EQ(first, second);
}

// One thread takes and the other gives back, `at_once` blocks at a time.
std::size_t grown_by_passing(std::size_t bytes, std::size_t at_once, int rounds) {
    std::vector<void*> passed(at_once);
    std::barrier meet(2);
    std::thread gives([&] {
        for (int round = 0; round < rounds; ++round) {
            meet.arrive_and_wait();
            for (void* const block : passed) {
                detail::local.pool.give(block, bytes);
            }
            meet.arrive_and_wait();
        }
    });
    const std::size_t before = FramePool::slabs_bytes();
    const long live = detail::local.pool.live();
    for (int round = 0; round < rounds; ++round) {
        for (void*& block : passed) {
            block = detail::local.pool.take(bytes);
            std::memset(block, round, bytes);
        }
        meet.arrive_and_wait();
        meet.arrive_and_wait();
    }
    gives.join();
    EXPECT_EQ(detail::local.pool.live() - live, rounds * static_cast<long>(at_once));
    return FramePool::slabs_bytes() - before;
}

TEST(FramePoolTest, blocks_that_circulate_between_threads_take_bounded_memory) {
    constexpr std::size_t bound = 1024 * 1024;
    EXPECT_LT(grown_by_passing(16, 10'000, 50), bound);
    EXPECT_LT(grown_by_passing(330, 1'000, 100), bound);
    EXPECT_LT(grown_by_passing(16'384, 10, 500), bound);
}

TEST(FramePoolTest, what_a_thread_only_freed_serves_others_when_it_ends) {
    const std::size_t before = FramePool::slabs_bytes();
    for (int i = 0; i < 1000; ++i) {
        void* const block = detail::local.pool.take(5000);
        std::thread([block] { detail::local.pool.give(block, 5000); }).join();
    }
    EXPECT_LE(FramePool::slabs_bytes() - before, 64U * 1024U);
}

/// Gives back when the thread's pool has given all to others.
struct GivesLate {
    std::vector<void*> blocks;
    ~GivesLate() {
        for (void* const block : blocks) {
            detail::local.pool.give(block, 16 * 1024);
        }
    }
};
thread_local GivesLate gives_late;

TEST(FramePoolTest, what_is_given_back_after_the_thread_has_ended_is_taken) {
    std::thread([] {
        gives_late.blocks.reserve(20);  // made before the pool notices its thread
        std::vector<void*> free;
        for (int i = 0; i < 20; ++i) {
            gives_late.blocks.push_back(detail::local.pool.take(16 * 1024));
        }
        for (int i = 0; i < 5; ++i) {
            free.push_back(detail::local.pool.take(16 * 1024));
        }
        for (void* const block : free) {
            detail::local.pool.give(block, 16 * 1024);
        }
    }).join();
}

TEST(FramePoolTest, lists_beyond_the_bound_lose_no_block) {
    FramePool pool;
    std::set<void*> all;
    for (int round = 0; round < 3; ++round) {
        std::vector<void*> blocks;
        for (int i = 0; i < 10'000; ++i) {
            blocks.push_back(pool.take(120));
        }
        EXPECT_EQ(pool.live(), 10'000);
        all.insert(blocks.begin(), blocks.end());
        EXPECT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), blocks.size());
        for (void* const block : blocks) {
            pool.give(block, 120);
        }
        EXPECT_EQ(pool.live(), 0);
    }
    if (RONDO_ASAN == 0) {
        EXPECT_LT(all.size(), 11'000U);
    }
}

// For ThreadSanitizer and AddressSanitizer: tasks made by many threads, run and freed by others.
TEST(FramePoolTest, threads_pass_tasks_around) {
    std::vector<std::optional<Task<Tracked>>> passed(64);
    auto each = [](auto function) {
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < 4; ++i) {
            threads.emplace_back(function, i);
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
    };
    for (int round = 0; round < 5; ++round) {
        each([&](std::size_t me) {
            for (std::size_t i = me; i < passed.size(); i += 4) {
                passed[i].emplace(makes(static_cast<int>(i)));
            }
        });
        each([&](std::size_t me) {
            for (std::size_t i = (me + 1) % 4; i < passed.size(); i += 4) {
                EXPECT_EQ(run_sim(std::move(*passed[i])).number(), static_cast<int>(i));
                passed[i].reset();
            }
        });
    }
}

}  // namespace
}  // namespace rondo::test
