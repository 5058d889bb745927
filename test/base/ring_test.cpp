// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/ring.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <utility>

#include "support/fragile.hpp"
#include "support/recorder.hpp"

namespace rondo::detail {

using test::Fragile;
using test::MoveFailed;
using test::Tracked;

TEST(Ring, begins_empty_and_without_memory) {
    const Ring<int> ring;
    EXPECT_TRUE(ring.empty());
    EXPECT_EQ(ring.size(), 0U);
}

TEST(Ring, gives_back_in_order) {
    Ring<int> ring;
    for (int i = 0; i < 5; ++i) {
        ring.push(int(i));
    }
    EXPECT_EQ(ring.size(), 5U);
    EXPECT_EQ(ring.front(), 0);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(ring.pop(), i);
    }
    EXPECT_TRUE(ring.empty());
}

TEST(Ring, an_index_counts_from_the_oldest) {
    Ring<int> ring;
    for (int i = 0; i < 8; ++i) {
        ring.push(int(i));
    }
    ring.drop_front();
    ring.drop_front();
    ring.push(8);
    ring.push(9);
    for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(ring[i], static_cast<int>(i) + 2);
    }
}

TEST(Ring, grows_while_it_wraps_and_keeps_the_order) {
    Ring<int> ring;
    for (int i = 0; i < 8; ++i) {
        ring.push(int(i));
    }
    for (int i = 0; i < 5; ++i) {
        ring.drop_front();
    }
    for (int i = 8; i < 30; ++i) {
        ring.push(int(i));
    }
    for (int i = 5; i < 30; ++i) {
        EXPECT_EQ(ring.pop(), i);
    }
}

TEST(Ring, moves_and_destroys_each_item_once) {
    {
        Ring<Tracked> ring;
        for (int i = 0; i < 20; ++i) {
            ring.push(Tracked(i));
        }
        EXPECT_EQ(Tracked::live(), 20);
        const Tracked first = ring.pop();
        EXPECT_EQ(first.number(), 0);
        EXPECT_TRUE(first.whole());
        ring.drop_front();
        EXPECT_EQ(Tracked::live(), 19);
        EXPECT_TRUE(ring.front().whole());
    }
    EXPECT_EQ(Tracked::live(), 0);
}

TEST(Ring, holds_items_that_only_move) {
    Ring<std::unique_ptr<int>> ring;
    for (int i = 0; i < 10; ++i) {
        ring.push(std::make_unique<int>(i));
    }
    EXPECT_EQ(*ring.pop(), 0);
    EXPECT_EQ(*ring[8], 9);
}

TEST(Ring, holds_items_of_large_alignment) {
    struct alignas(64) Wide {
        int value;
    };
    Ring<Wide> ring;
    for (int i = 0; i < 9; ++i) {
        ring.push(Wide{i});
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&ring.front()) % 64, 0U);
    }
    EXPECT_EQ(ring.pop().value, 0);
}

// Growing moves the items; those that were moved before one throws are lost, as in a std::vector.
TEST(Ring, a_move_that_throws_while_it_grows_leaves_it_whole) {
    for (int failing = 1; failing <= 9; ++failing) {
        {
            Ring<Fragile> ring;
            for (int i = 0; i < 8; ++i) {
                ring.push(Fragile(i));
            }
            Fragile next(8);
            Fragile::arm(failing);
            EXPECT_THROW(ring.push(std::move(next)), MoveFailed);
            EXPECT_TRUE(next.whole());
            EXPECT_EQ(ring.size(), 8U);
            EXPECT_EQ(Fragile::live(), 9U);
            ring.push(std::move(next));
            EXPECT_EQ(ring.size(), 9U);
            EXPECT_EQ(ring[8].number(), 8);
        }
        EXPECT_EQ(Fragile::live(), 0U);
        EXPECT_EQ(Fragile::faults(), 0);
    }
}

TEST(Ring, grows_by_copies_where_a_move_may_throw) {
    static int moves = 0;
    struct Copied {
        explicit Copied(int of) : number(of) {}
        Copied(const Copied&) = default;
        Copied(Copied&& other) noexcept(false) : number(other.number) { ++moves; }
        int number;
    };
    Ring<Copied> ring;
    for (int i = 0; i < 30; ++i) {
        ring.push(Copied(i));
    }
    EXPECT_EQ(moves, 30) << "one for each push";
    EXPECT_EQ(ring.front().number, 0);
}

TEST(Ring, a_move_that_throws_takes_nothing_out) {
    {
        Ring<Fragile> ring;
        ring.push(Fragile(1));
        ring.push(Fragile(2));
        std::optional<Fragile> item;
        Fragile::arm(1);
        EXPECT_THROW(ring.take_front(item), MoveFailed);
        EXPECT_EQ(ring.size(), 2U);
        ring.take_front(item);
        EXPECT_EQ(item->number(), 1);
        ring.take_front(item);
        EXPECT_EQ(item->number(), 2);
        EXPECT_TRUE(ring.empty());
    }
    EXPECT_EQ(Fragile::live(), 0U);
}

TEST(Ring, does_what_a_deque_does) {
    std::mt19937 random(7);
    Ring<int> ring;
    std::deque<int> model;
    for (int i = 0; i < 20'000; ++i) {
        const bool grows = random() % 100 < (i < 10'000 ? 60 : 40);
        if (grows) {
            ring.push(int(i));
            model.push_back(i);
        } else if (!model.empty()) {
            ASSERT_EQ(ring.pop(), model.front());
            model.pop_front();
        }
        ASSERT_EQ(ring.size(), model.size());
        if (!model.empty()) {
            const std::size_t at = random() % model.size();
            ASSERT_EQ(ring[at], model[at]);
        }
    }
}

}  // namespace rondo::detail
