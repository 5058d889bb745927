// SPDX-License-Identifier: Apache-2.0
/// Tests that are coroutines, for programs that use GoogleTest.
///
///     RONDO_TEST(Suite, name) { …; co_await …; EXPECT_EQ(…); }
///
/// The body runs in the simulation: on virtual time, and in the order that the variable RONDO_SIM
/// asks for (see Options), else in that of the real loop. The test fails with an EXPECT_, with what
/// the body throws, with a deadlock (the tree of waiting tasks is printed), at a limit, and when
/// tasks still run that nobody cancelled, or frames or simulated descriptors are left. Each message
/// says how to repeat the run.
///
/// Link GoogleTest yourself: this header needs it, the library does not. It is not part of
/// rondo/rondo.hpp.
///
/// In a coroutine ASSERT_ macros do not compile, because they return: write RONDO_MUST(EXPECT_…).
/// Do not await inside of a macro: g++ 12 miscompiles it. Await into a variable, then test that.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <string>

#include "rondo/sim/explore.hpp"

namespace rondo::sim {

/// What RONDO_MUST throws when its expectation failed. The failure is recorded already.
class TestEnded : public std::exception {
public:
    const char* what() const noexcept override { return "the test has failed"; }
};

namespace detail {

inline int failures() {
    const testing::TestResult& result =
        *testing::UnitTest::GetInstance()->current_test_info()->result();
    int count = 0;
    for (int i = 0; i < result.total_part_count(); ++i) {
        count += result.GetTestPartResult(i).failed() ? 1 : 0;
    }
    return count;
}

/// The runs of one test: as many as it asks for, unless RONDO_TEST_SEEDS has a number.
inline Plan test_plan(std::size_t runs) {
    const char* const variable = std::getenv("RONDO_TEST_SEEDS");
    const std::size_t wanted = variable != nullptr ? std::strtoull(variable, nullptr, 10) : 0;
    return Plan(wanted != 0 ? wanted : runs);
}

/// Where the test stands, and how often it runs.
struct TestPlace {
    const char* file;
    int line;
    std::size_t runs;
};

inline void fail_at(const TestPlace& place, const std::string& message) {
    ADD_FAILURE_AT(place.file, place.line) << message;
}

inline Report run_test(const Scenario& body, const Options& options, const TestPlace& place) {
    const testing::ScopedTrace trace(
        place.file, place.line,
        "in order " + to_recipe(options) + "; to repeat this run, set " + replay_line(options));
    Report report;
    try {
        run(std::cref(body), options, report);
    } catch (const TestEnded&) {
        return report;
    } catch (const std::exception& error) {
        fail_at(place, std::string("the test ended with an exception: ") + error.what());
    } catch (...) {
        fail_at(place, "the test ended with an exception that is no std::exception");
    }
    if (!report.left_running.empty()) {
        fail_at(place, "tasks still ran when the test ended:\n" + report.left_running);
    }
    if (report.leaked()) {
        fail_at(place, std::to_string(report.frames_leaked) + " coroutine frames and " +
                           std::to_string(report.descriptors_leaked) +
                           " descriptors were left behind");
    }
    return report;
}

/// A test of which each run has a fixture of its own.
template <class Body>
class CoroutineTest final : public Body {
public:
    explicit CoroutineTest(const TestPlace& place) : place_(place) {}

private:
    void TestBody() override {
        PlannedRuns runs(test_plan(place_.runs));
        while (const std::optional<Options> options = runs.next()) {
            if (runs.made() == 1) {
                runs.measured(run_body(*options));
            } else {
                CoroutineTest again(place_);
                again.SetUp();
                if (!testing::Test::HasFailure()) {
                    runs.measured(again.run_body(*options));
                }
                again.TearDown();
            }
            if (testing::Test::HasFailure() || testing::Test::IsSkipped()) {
                return;
            }
        }
    }
    Report run_body(const Options& options) {
        return run_test([this] { return this->rondo_body(); }, options, place_);
    }

    TestPlace place_;
};

template <class Fixture, class Body>
testing::TestInfo* register_test(const char* suite, const char* name, const TestPlace& place) {
    return testing::RegisterTest(suite, name, nullptr, nullptr, place.file, place.line,
                                 [place]() -> Fixture* { return new CoroutineTest<Body>(place); });
}

}  // namespace detail
}  // namespace rondo::sim

/// A test whose body is a coroutine; it may use `return` no more than any coroutine.
#define RONDO_TEST(suite, name) RONDO_DETAIL_TEST(suite, name, ::testing::Test, 1)

/// The same, run `count` times: in the real loop's order, in reverse, and then in drawn orders.
/// RONDO_TEST_SEEDS=10000 changes how often, of all coroutine tests.
#define RONDO_TEST_SEEDS(suite, name, count) RONDO_DETAIL_TEST(suite, name, ::testing::Test, count)

/// With a fixture: each run has one of its own, between SetUp() and TearDown().
#define RONDO_TEST_F(fixture, name) RONDO_DETAIL_TEST(fixture, name, fixture, 1)
#define RONDO_TEST_F_SEEDS(fixture, name, count) RONDO_DETAIL_TEST(fixture, name, fixture, count)

/// RONDO_MUST(EXPECT_EQ(a, b) << "why"): when the expectation fails, the test ends here. In any
/// coroutine or function that the test calls.
#define RONDO_MUST(...)                                              \
    do {                                                             \
        const int rondo_failures = ::rondo::sim::detail::failures(); \
        __VA_ARGS__;                                                 \
        if (::rondo::sim::detail::failures() != rondo_failures) {    \
            throw ::rondo::sim::TestEnded();                         \
        }                                                            \
    } while (false)

#define RONDO_DETAIL_TEST(suite, name, fixture, count)                                     \
    class suite##_##name##_RondoTest : public fixture {                                    \
    protected:                                                                             \
        ::rondo::Task<> rondo_body();                                                      \
    };                                                                                     \
    [[maybe_unused]] static const ::testing::TestInfo* const suite##_##name##_registered = \
        ::rondo::sim::detail::register_test<fixture, suite##_##name##_RondoTest>(          \
            #suite, #name, ::rondo::sim::detail::TestPlace{__FILE__, __LINE__, count});    \
    ::rondo::Task<> suite##_##name##_RondoTest::rondo_body()
