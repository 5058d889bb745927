// SPDX-License-Identifier: Apache-2.0
/// Cancels a scenario at every point at which a cancel can strike, one point a run, and audits the
/// books after each: see cancel_everywhere().
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "support/ledger.hpp"
#include "support/point_driver.hpp"

namespace rondo::test {

/// What is run: the main task of a loop of its own, made anew for each run. It must clean up after
/// itself when it is stopped anywhere, and end without an error.
using Scenario = std::function<Task<>()>;

/// Where and how often.
struct Everywhere {
    DriverKind driver = DriverKind::sim;
    std::uint64_t seed = 0;                      ///< 0: ready tasks run first come, first served
    std::size_t points_max = 2'000;              ///< scenarios are small
    std::function<int(const Operation&)> judge;  ///< see PointDriver::fail_by
};

/// How often it was run, and how it ended.
struct EverywhereReport {
    std::size_t points = 0;   ///< of the run that nobody cancelled
    std::size_t stopped = 0;  ///< runs that ended as stopped
};

namespace detail_everywhere {

/// One run with a cancel at point `strike`; returns how many points it had.
class Run {
public:
    Run(const Scenario& scenario, const Everywhere& where, std::size_t strike)
        : where_(where), strike_(strike), before_(Ledger::now()) {
        go(scenario);
    }
    std::size_t points() const noexcept { return points_; }
    bool stopped() const noexcept { return stopped_; }

private:
    void go(const Scenario& scenario) {
        RunOptions options = sim_options();
        options.driver = where_.driver;
        auto driver = std::make_unique<PointDriver>(
            make_driver(DriverOptions{where_.driver, Schedule::fifo, 1}), where_.seed,
            [this] { point(); });
        driver_ = driver.get();
        driver->fail_by(where_.judge);
        {
            EventLoop loop(std::move(driver), options);
            rondo::detail::MainScope<void, rondo::detail::StarterOf<const Scenario&>> main(
                std::in_place, scenario);
            main_ = &main;
            main.start(loop);
            loop.run_main(main);
            main_ = nullptr;
            loop.shut_down();
            stopped_ = main.state == rondo::detail::ScopeState::stopped;
            if (main.state == rondo::detail::ScopeState::error) {
                ADD_FAILURE() << "the scenario failed: " << describe(main.error);
            }
            audit(loop);
        }
        const Ledger after = Ledger::now();
        EXPECT_EQ(after.frames, before_.frames) << "frames";
        EXPECT_EQ(after.tracked, before_.tracked) << "objects";
        EXPECT_EQ(after.descriptors, before_.descriptors) << "descriptors of the process";
    }
    void audit(EventLoop& loop) {
        expect_idle(loop.stats(), 0);
        EXPECT_EQ(loop.root().first, nullptr) << "scopes";
        EXPECT_FALSE(rondo::detail::local.has_ready()) << "ready chains";
        EXPECT_EQ(rondo::detail::local.stops, nullptr) << "stopped chains";
        const PointDriver::Books& books = driver_->books();
        EXPECT_EQ(books.descriptors.size(), 0U) << "descriptors of the driver";
        EXPECT_EQ(books.leases, 0) << "leased buffers";
        EXPECT_EQ(books.bad_descriptors, 0U) << "EBADF";
        EXPECT_NO_THROW(loop.throw_deadlock());
    }
    void point() {
        if (points_++ == strike_ && main_ != nullptr && !main_->ended()) {
            rondo::detail::cancel(*main_, Reason::caller);
            driver_->acted();
        }
    }

    const Everywhere& where_;
    std::size_t strike_;
    Ledger before_;
    PointDriver* driver_ = nullptr;
    rondo::detail::Scope* main_ = nullptr;
    std::size_t points_ = 0;
    bool stopped_ = false;
};

}  // namespace detail_everywhere

/// Runs `scenario` once undisturbed, then once for each point of it, cancelling its main task
/// there. After each run nothing may be left: operations, timers, thread jobs, scopes, frames,
/// tracked objects, descriptors, leased buffers; and no operation met a closed descriptor.
inline EverywhereReport cancel_everywhere(const Scenario& scenario, Everywhere where = {}) {
    constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
    EverywhereReport report;
    const detail_everywhere::Run clean(scenario, where, nowhere);
    report.points = clean.points();
    EXPECT_FALSE(clean.stopped()) << "nobody cancelled it";
    EXPECT_LT(report.points, where.points_max) << "make the scenario smaller";
    for (std::size_t strike = 0; strike < where.points_max; ++strike) {
        const detail_everywhere::Run run(scenario, where, strike);
        report.stopped += run.stopped() ? 1 : 0;
        if (testing::Test::HasFailure()) {
            ADD_FAILURE() << "cancelled at point " << strike << " of " << report.points;
            break;
        }
        if (run.points() <= strike) {
            break;
        }
    }
    EXPECT_GT(report.stopped, 0U) << "no cancel ever stopped it";
    return report;
}

}  // namespace rondo::test
