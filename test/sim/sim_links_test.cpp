// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_links.hpp"

#include <gtest/gtest.h>

#include "sim/sim_weather.hpp"

namespace rondo::test {
namespace {

using detail::SimHost;
using detail::SimLinks;

class SimLinksTest : public testing::Test {
protected:
    bool is_cut() { return links.between(a, b).cut; }

    detail::SimWeather weather{sim::Faults(), 1};
    SimLinks links{sim::Link(), 1, weather};
    const SimHost a = *SimHost::parse("10.0.0.1");
    const SimHost b = *SimHost::parse("10.0.0.2");
};

TEST_F(SimLinksTest, a_drawn_partition_ends_when_its_time_is_over) {
    EXPECT_TRUE(links.partition_until(a, b, 5));
    EXPECT_FALSE(links.between(b, a).cut) << "it is one way";
    EXPECT_FALSE(links.end_drawn(a, b, 4));
    EXPECT_TRUE(is_cut());
    EXPECT_TRUE(links.end_drawn(a, b, 5));
    EXPECT_FALSE(is_cut());
    EXPECT_FALSE(links.end_drawn(a, b, 6)) << "there is none";
}

TEST_F(SimLinksTest, of_two_drawn_partitions_the_later_end_counts) {
    links.partition_until(a, b, 9);
    EXPECT_FALSE(links.partition_until(a, b, 5)) << "it was cut already";
    links.end_drawn(a, b, 5);
    EXPECT_TRUE(is_cut());
    links.end_drawn(a, b, 9);
    EXPECT_FALSE(is_cut());
}

TEST_F(SimLinksTest, a_drawn_partition_does_not_heal_the_programs_own) {
    links.partition_until(a, b, 5);
    EXPECT_FALSE(links.partition(a, b));
    links.end_drawn(a, b, 5);
    EXPECT_TRUE(is_cut());
    links.heal(a, b);
    EXPECT_FALSE(is_cut());
}

TEST_F(SimLinksTest, who_heals_ends_both_kinds) {
    for (const bool all : {false, true}) {
        links.partition(a, b);
        links.partition_until(a, b, 5);
        all ? links.heal_all() : links.heal(a, b);
        EXPECT_FALSE(is_cut());
        links.partition(a, b);
        links.end_drawn(a, b, 5);
        EXPECT_TRUE(is_cut()) << "that end was of another partition";
        links.heal(a, b);
    }
}

}  // namespace
}  // namespace rondo::test
