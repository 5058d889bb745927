// SPDX-License-Identifier: Apache-2.0
/// Runs a scenario in many orders, and says how to repeat the one that failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "rondo/sim/run.hpp"

namespace rondo::sim {

/// Which runs explore() makes. When the variable RONDO_SIM holds a recipe, only that one.
struct Plan {
    std::size_t runs = 100;
    /// The first run's seed, and for all runs the limits, the network and pct's depth.
    Options options;
    /// Only this one, each run with the next seed. Unset: the real loop's order once, the reverse
    /// once, and then random order, pct of depth 2, random and pct of depth 3 in turn.
    std::optional<Schedule> schedule;

    // NOLINTNEXTLINE(google-explicit-constructor): a bare number of runs is a plan
    Plan(std::size_t count) : runs(count) {}
    Plan(std::size_t count, Schedule only) : runs(count), schedule(only) {}
};

/// The runs of a plan, one after the other, for whoever makes them himself.
class PlannedRuns {
public:
    /// Errors: Error (invalid) when RONDO_SIM holds no recipe.
    explicit PlannedRuns(const Plan& plan);

    /// The options of the next run, or nothing when all were made.
    std::optional<Options> next();
    /// Tells how long a run was, so that pct knows where to change priorities.
    void measured(const Report& report);

    std::size_t made() const noexcept { return made_; }
    std::size_t total() const noexcept { return plan_.runs; }

private:
    Options mixed(std::size_t run) const;

    Plan plan_;
    std::optional<Options> asked_for_;
    std::size_t made_ = 0;
    std::uint64_t steps_ = 0;
};

/// A run that failed.
struct Failure {
    Report report;
    std::exception_ptr error;  ///< what the scenario threw; null when it leaked
    std::size_t run = 0;       ///< 1 for the first
    std::size_t runs = 0;      ///< of the plan
    /// What shrink() found: options with less in them that fail too.
    std::optional<Options> smaller;

    /// Which run failed, of what, and the variable that repeats it.
    std::string message() const;
};

/// "RONDO_SIM=pct:3:17:240": set so, the program makes this run and no other.
std::string replay_line(const Options& options);

/// The first failure of the plan's runs, if there is one. A run fails when the scenario throws,
/// deadlocks, reaches a limit, or leaks frames or descriptors.
std::optional<Failure> find_failure(const Plan& plan, const Scenario& scenario);

/// Looks for less that fails too, and notes it in `failure`: the same seed first come, first
/// served, on a network that tells the truth, and without one class of faults after the other, each
/// of which stays away if the scenario still fails. Makes 12 runs at most; none when RONDO_SIM is
/// set.
void shrink(Failure& failure, const Scenario& scenario);

/// What explore() throws.
class ExplorationFailed : public std::exception {
public:
    explicit ExplorationFailed(Failure failure);
    const char* what() const noexcept override { return what_.c_str(); }
    const Failure& failure() const noexcept { return failure_; }

private:
    Failure failure_;
    std::string what_;
};

/// Runs `scenario` as planned. Of a run that fails it looks for less that fails too: see shrink().
///
/// Errors: ExplorationFailed at the first run that fails; what() ends with the line that repeats
/// it, or the smaller one.
void explore(const Plan& plan, const Scenario& scenario);

}  // namespace rondo::sim
