// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/errors.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "support/leaves.hpp"
#include "support/ledger.hpp"

namespace rondo::test {
namespace {

class ErrorsTest : public LedgerTest {
protected:
    /// Fails after it was asked to stop.
    static Task<> fails_late(Duration duration, std::string what) {
        SlowOperation slow(duration, true);
        co_await slow;
        throw std::runtime_error(what);
    }
    static Task<> three_failures() {
        co_await gather(fails_late(3ms, "third"), fails_late(1ms, "first"),
                        fails_late(2ms, "second"));
    }
};

TEST_F(ErrorsTest, the_others_are_kept_in_order_of_occurrence) {
    run_sim([&]() -> Task<> {
        try {
            co_await three_failures();
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say(describe(other));
            }
        }
    });
    EXPECT_EQ(log.text(), "first std::runtime_error: second std::runtime_error: third");
}

TEST_F(ErrorsTest, they_travel_with_the_error_through_levels_and_rethrows) {
    auto passes_on = []() -> Task<> {
        try {
            co_await three_failures();
        } catch (...) {
            throw;
        }
    };
    run_sim([&]() -> Task<> {
        try {
            co_await passes_on();
        } catch (const std::runtime_error&) {
            EXPECT_EQ(suppressed_errors().size(), 2U);
            EXPECT_EQ(suppressed_errors().size(), 2U) << "a second look sees the same";
        }
    });
}

TEST_F(ErrorsTest, an_error_collects_companions_at_each_level_it_passes) {
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        try {
            co_await gather(three_failures(), fails_late(9ms, "fourth"));
        } catch (const std::runtime_error& error) {
            log.say(error.what());
            for (const std::exception_ptr& other : suppressed_errors()) {
                log.say(describe(other).substr(20));
            }
        }
    });
    EXPECT_EQ(log.text(), "first second third fourth");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ErrorsTest, what_joins_after_a_first_look_is_reported_alone) {
    auto looks = []() -> Task<> {
        try {
            co_await three_failures();
        } catch (const std::runtime_error&) {
            static_cast<void>(suppressed_errors());
            throw;
        }
    };
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        try {
            co_await gather(looks(), fails_late(9ms, "fourth"));
        } catch (const std::runtime_error&) {
        }
    });
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("fourth"), std::string::npos) << text;
    EXPECT_EQ(text.find("second"), std::string::npos) << text;
}

TEST_F(ErrorsTest, outside_a_handler_and_for_single_errors_there_are_none) {
    EXPECT_TRUE(suppressed_errors().empty());
    run_sim([&]() -> Task<> {
        try {
            co_await gather(fail_at_once("alone"), sleep(1h));
        } catch (const std::runtime_error&) {
            EXPECT_TRUE(suppressed_errors().empty());
        }
    });
}

TEST_F(ErrorsTest, what_nobody_reads_is_reported_when_run_ends) {
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        try {
            co_await three_failures();
        } catch (const std::runtime_error&) {
        }
    });
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("second"), std::string::npos) << text;
    EXPECT_NE(text.find("third"), std::string::npos) << text;
    EXPECT_EQ(text.find("first"), std::string::npos) << text;
}

TEST_F(ErrorsTest, what_was_read_is_not_reported) {
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        try {
            co_await three_failures();
        } catch (const std::runtime_error&) {
            static_cast<void>(suppressed_errors());
        }
    });
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ErrorsTest, an_error_of_a_task_that_nobody_asked_is_reported_with_its_name) {
    testing::internal::CaptureStderr();
    run_sim([&]() -> Task<> {
        create_task(fail_at_once("lost"), "the loser").detach();
        TaskHandle<int> asked = create_task(fail_at_once("seen"));
        bool caught = false;
        try {
            co_await asked;
        } catch (const std::runtime_error&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("lost"), std::string::npos) << text;
    EXPECT_NE(text.find("the loser"), std::string::npos) << text;
    EXPECT_EQ(text.find("seen"), std::string::npos) << text;
}

TEST(DescribeTest, it_names_the_type_and_the_message) {
    EXPECT_EQ(describe(std::make_exception_ptr(std::out_of_range("far"))),
              "std::out_of_range: far");
    EXPECT_EQ(describe(std::make_exception_ptr(7)), "int");
    EXPECT_EQ(describe(nullptr), "no error");
}

}  // namespace
}  // namespace rondo::test
