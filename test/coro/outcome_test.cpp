// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/outcome.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace rondo::test {
namespace {

TEST(OutcomeTest, a_value_is_kept) {
    Outcome<int> outcome(std::in_place, 4);
    EXPECT_TRUE(outcome);
    EXPECT_TRUE(outcome.has_value());
    EXPECT_FALSE(outcome.has_error());
    EXPECT_FALSE(outcome.stopped());
    EXPECT_EQ(outcome.value(), 4);
    outcome.value() = 5;
    EXPECT_EQ(std::as_const(outcome).value(), 5);
    EXPECT_EQ(outcome.error(), nullptr);
    EXPECT_EQ(outcome.reason(), Reason::none);
}

TEST(OutcomeTest, a_value_that_only_moves_is_moved_out) {
    Outcome<std::unique_ptr<int>> outcome(std::in_place, std::make_unique<int>(3));
    const std::unique_ptr<int> taken = std::move(outcome).value();
    EXPECT_EQ(*taken, 3);
}

TEST(OutcomeTest, an_error_is_kept_and_thrown) {
    const auto error = std::make_exception_ptr(std::runtime_error("x"));
    const Outcome<int> outcome(error);
    EXPECT_FALSE(outcome);
    EXPECT_TRUE(outcome.has_error());
    EXPECT_EQ(outcome.error(), error);
    EXPECT_THROW(outcome.value(), std::runtime_error);
}

TEST(OutcomeTest, a_stop_is_kept_and_thrown_as_cancelled) {
    const Outcome<void> outcome(Reason::deadline);
    EXPECT_TRUE(outcome.stopped());
    EXPECT_EQ(outcome.reason(), Reason::deadline);
    EXPECT_EQ(outcome.error(), nullptr);
    try {
        outcome.value();
        FAIL();
    } catch (const Cancelled& cancelled) {
        EXPECT_EQ(cancelled.reason(), Reason::deadline);
    }
}

TEST(OutcomeTest, a_reference_is_kept_as_one) {
    int number = 1;
    const Outcome<int&> outcome(std::in_place, number);
    outcome.value().get() = 2;
    EXPECT_EQ(number, 2);
}

TEST(CancelledTest, each_reason_reads_well) {
    for (const Reason reason : {Reason::none, Reason::caller, Reason::deadline, Reason::sibling,
                                Reason::shutdown, Reason::abandoned}) {
        EXPECT_EQ(std::string(Cancelled(reason).what()).substr(0, 9), "cancelled");
    }
}

}  // namespace
}  // namespace rondo::test
