// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_events.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace rondo::test {
namespace {

using detail::SimEvents;

class SimEventsTest : public testing::Test {
protected:
    void say_at(SimEvents::Time when, SimEvents::Owner& whose, char word) {
        events.at(when, whose, [this, word] { said += word; });
    }

    std::string said;
    SimEvents events;
    SimEvents::Owner owner;
};

TEST_F(SimEventsTest, happen_by_time_and_among_equals_by_order) {
    say_at(3, owner, 'd');
    say_at(1, owner, 'a');
    say_at(2, owner, 'b');
    say_at(2, owner, 'c');
    EXPECT_EQ(events.next(), 1);
    EXPECT_TRUE(events.run_due(2));
    EXPECT_EQ(said, "abc");
    EXPECT_FALSE(events.run_due(2));
    EXPECT_TRUE(events.run_due(9));
    EXPECT_EQ(said, "abcd");
    EXPECT_EQ(events.next(), SimEvents::never);
}

TEST_F(SimEventsTest, what_an_event_arranges_for_now_happens_now) {
    events.at(1, owner, [this] { say_at(1, owner, 'x'); });
    events.run_due(1);
    EXPECT_EQ(said, "x");
}

TEST_F(SimEventsTest, are_off_when_their_owner_is_gone) {
    {
        SimEvents::Owner other;
        say_at(1, other, 'a');
        say_at(2, owner, 'b');
    }
    EXPECT_EQ(events.next(), 2);
    SimEvents::Owner new_one;  // takes the place of the other one
    say_at(3, new_one, 'c');
    events.run_due(9);
    EXPECT_EQ(said, "bc");
}

TEST_F(SimEventsTest, an_owner_that_is_renewed_goes_on) {
    say_at(1, owner, 'a');
    owner.renew();
    say_at(1, owner, 'b');
    events.run_due(1);
    EXPECT_EQ(said, "b");
}

TEST_F(SimEventsTest, an_owner_may_die_in_its_event) {
    auto mortal = std::make_unique<SimEvents::Owner>();
    events.at(1, *mortal, [&] { mortal.reset(); });
    say_at(1, *mortal, 'x');
    events.run_due(1);
    EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace rondo::test
