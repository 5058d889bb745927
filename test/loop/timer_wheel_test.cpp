// SPDX-License-Identifier: Apache-2.0
// The wheel against a model: a multimap from the tick, rounded up, to the order of insertion.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "rondo/loop/timer.hpp"

namespace rondo::detail {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

struct TestTimer : Timer {
    std::vector<int>* fired = nullptr;
    int number = 0;

    void arm(TimerWheel& wheel, std::int64_t at, int id, std::vector<int>& into) {
        when = at;
        number = id;
        fired = &into;
        fire = [](Timer& timer) noexcept {
            auto& self = static_cast<TestTimer&>(timer);
            self.fired->push_back(self.number);
        };
        wheel.add(*this);
    }
};

class TimerWheelTest : public testing::Test {
protected:
    std::vector<int> fired;
};

TEST_F(TimerWheelTest, an_empty_wheel_has_no_next_time) {
    TimerWheel wheel(5 * ms);
    EXPECT_EQ(wheel.next(), never);
    EXPECT_EQ(wheel.advance(1000 * ms), 0U);
}

TEST_F(TimerWheelTest, a_timer_is_never_early_and_at_most_a_tick_late) {
    TimerWheel wheel(0);
    TestTimer timer;
    timer.arm(wheel, 10 * ms + 1, 1, fired);
    EXPECT_EQ(wheel.advance(10 * ms + 999'999), 0U);
    EXPECT_EQ(wheel.next(), 11 * ms);
    EXPECT_EQ(wheel.advance(11 * ms), 1U);
    EXPECT_EQ(wheel.next(), never);
}

TEST_F(TimerWheelTest, a_time_in_the_past_is_the_next_tick) {
    TimerWheel wheel(100 * ms);
    TestTimer past;
    TestTimer negative;
    past.arm(wheel, 3 * ms, 1, fired);
    negative.arm(wheel, -7, 2, fired);
    EXPECT_EQ(wheel.next(), 101 * ms);
    wheel.advance(101 * ms);
    EXPECT_EQ(fired, (std::vector<int>{1, 2}));
}

TEST_F(TimerWheelTest, equal_ticks_fire_in_order_of_insertion_on_every_level) {
    for (const std::int64_t distance : {5L, 300L, 70'000L, 20'000'000L, 5'000'000'000L}) {
        fired.clear();
        TimerWheel wheel(0);
        std::vector<TestTimer> timers(6);
        for (int i = 0; i < 3; ++i) {
            timers[static_cast<std::size_t>(i)].arm(wheel, distance * ms, i, fired);
        }
        wheel.advance((distance - 3) * ms);
        for (int i = 3; i < 6; ++i) {
            timers[static_cast<std::size_t>(i)].arm(wheel, distance * ms - i, i, fired);
        }
        wheel.advance(distance * ms);
        EXPECT_EQ(fired, (std::vector<int>{0, 1, 2, 3, 4, 5})) << distance;
    }
}

TEST_F(TimerWheelTest, a_timer_that_is_unlinked_never_fires) {
    TimerWheel wheel(0);
    TestTimer kept;
    TestTimer gone;
    gone.arm(wheel, 400 * ms, 1, fired);
    kept.arm(wheel, 400 * ms, 2, fired);
    gone.unlink();
    wheel.advance(500 * ms);
    EXPECT_EQ(fired, std::vector<int>{2});
}

TEST_F(TimerWheelTest, a_timer_may_be_armed_again_while_it_fires) {
    struct Again : Timer {
        TimerWheel* wheel;
        int left = 3;
    } again;
    TimerWheel wheel(0);
    again.wheel = &wheel;
    again.when = 1 * ms;
    again.fire = [](Timer& timer) noexcept {
        auto& self = static_cast<Again&>(timer);
        if (--self.left > 0) {
            self.when += 256 * ms;
            self.wheel->add(self);
        }
    };
    wheel.add(again);
    EXPECT_EQ(wheel.advance(10'000 * ms), 3U);
    EXPECT_EQ(again.left, 0);
}

TEST_F(TimerWheelTest, the_farthest_deadline_is_never) {
    TimerWheel wheel(0);
    TestTimer timer;
    timer.arm(wheel, never, 1, fired);
    std::int64_t at = 0;
    int jumps = 0;
    while ((at = wheel.next()) != never) {
        ASSERT_EQ(wheel.advance(at), 0U);
        ASSERT_LT(++jumps, 10'000);
    }
    EXPECT_TRUE(fired.empty());
    timer.unlink();
}

TEST_F(TimerWheelTest, a_deadline_beyond_2_to_the_32_ticks_is_met_exactly) {
    TimerWheel wheel(7 * ms);
    TestTimer timer;
    const std::int64_t when = ((std::int64_t{3} << 32) + 12'345) * ms;
    timer.arm(wheel, when, 1, fired);
    std::int64_t at = wheel.next();
    while (wheel.advance(at) == 0) {
        const std::int64_t next = wheel.next();
        ASSERT_GT(next, at);
        ASSERT_LE(next, when);
        at = next;
    }
    EXPECT_EQ(at, when);
}

// Adds, unlinks and advances at random and compares what fired, in its order, with the model.
class Model {
public:
    Model(std::uint64_t seed, std::int64_t start) : random_(seed), now_(start), wheel_(start) {}

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            switch (random_() % 8) {
                case 0:
                case 1:
                case 2:
                case 3: add(); break;
                case 4: unlink(); break;
                default: advance(step()); break;
            }
            if (testing::Test::HasFailure()) {
                return;
            }
        }
        while (!expected_.empty()) {
            advance(wheel_.next() - now_);
        }
    }

private:
    struct Entry {
        std::unique_ptr<TestTimer> timer;
        std::multimap<std::int64_t, int>::iterator place;
    };

    // Spread over all levels, with many equal ticks.
    std::int64_t step() {
        const auto digits = random_() % 37;
        return static_cast<std::int64_t>(random_() & ((std::uint64_t{1} << digits) - 1)) *
                   (random_() % 4 == 0 ? ms : ms / 16) +
               static_cast<std::int64_t>(random_() % 3);
    }
    void add() {
        const std::int64_t when = now_ + step();
        const std::int64_t tick = std::max((when + ms - 1) / ms, now_ / ms + 1);
        Entry entry{std::make_unique<TestTimer>(), expected_.emplace(tick, next_id_)};
        entry.timer->arm(wheel_, when, next_id_, fired_);
        entries_.emplace(next_id_++, std::move(entry));
    }
    void unlink() {
        if (entries_.empty()) {
            return;
        }
        auto at = entries_.lower_bound(static_cast<int>(random_() % unsigned(next_id_)));
        if (at == entries_.end()) {
            at = entries_.begin();
        }
        at->second.timer->unlink();
        expected_.erase(at->second.place);
        entries_.erase(at);
    }
    void advance(std::int64_t by) {
        if (!expected_.empty() && random_() % 2 == 0) {  // else it goes by what it remembers
            ASSERT_LE(wheel_.next(), expected_.begin()->first * ms);
        }
        now_ += by;
        fired_.clear();
        const std::size_t count = wheel_.advance(now_);
        ASSERT_EQ(count, fired_.size());
        for (const int id : fired_) {
            ASSERT_FALSE(expected_.empty());
            ASSERT_EQ(expected_.begin()->second, id);
            ASSERT_LE(entries_.at(id).timer->when, now_) << "early";
            expected_.erase(expected_.begin());
            entries_.erase(id);
        }
        if (!expected_.empty()) {
            ASSERT_GT(expected_.begin()->first, now_ / ms) << "late";
        }
    }

    std::mt19937_64 random_;
    std::int64_t now_;
    TimerWheel wheel_;
    std::multimap<std::int64_t, int> expected_;
    std::map<int, Entry> entries_;
    std::vector<int> fired_;
    int next_id_ = 0;
};

TEST_F(TimerWheelTest, it_does_what_a_multimap_does) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        const std::int64_t turn = (std::int64_t{1} << 32) * ms;
        const std::int64_t starts[] = {1, 12'345'678'901, turn - 300 * ms, 5 * turn - ms};
        Model model(seed, starts[seed % 4]);
        model.run(400);
        ASSERT_FALSE(HasFailure()) << "seed " << seed;
    }
}

}  // namespace
}  // namespace rondo::detail
