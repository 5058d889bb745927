// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/explore.hpp"

#include <algorithm>
#include <utility>

namespace rondo::sim {
namespace {

std::string describe(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& thrown) {
        return thrown.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

std::string describe_leak(const Report& report) {
    return std::to_string(report.frames_leaked) + " coroutine frames and " +
           std::to_string(report.descriptors_leaked) + " descriptors were left behind";
}

}  // namespace

PlannedRuns::PlannedRuns(const Plan& plan)
    : plan_(plan), asked_for_(from_environment(plan.options)) {
    if (asked_for_) {
        plan_.runs = 1;
    }
}

std::optional<Options> PlannedRuns::next() {
    if (made_ == plan_.runs) {
        return std::nullopt;
    }
    const std::size_t run = made_++;
    if (asked_for_) {
        return asked_for_;
    }
    Options options = plan_.options;
    if (plan_.schedule) {
        options.schedule = *plan_.schedule;
        options.seed += run;
    } else {
        options = mixed(run);
    }
    if (options.schedule == Schedule::pct && options.pct_steps == 0) {
        options.pct_steps = steps_;
    }
    return options;
}

Options PlannedRuns::mixed(std::size_t run) const {
    Options options = plan_.options;
    options.seed += run;
    if (run < 2) {
        options.schedule = run == 0 ? Schedule::fifo : Schedule::reverse;
    } else if (run % 2 == 0) {
        options.schedule = Schedule::random;
    } else {
        options.schedule = Schedule::pct;
        options.pct_depth = run % 4 == 3 ? 2 : 3;
    }
    return options;
}

void PlannedRuns::measured(const Report& report) { steps_ = std::max(steps_, report.steps); }

std::string replay_line(const Options& options) { return "RONDO_SIM=" + to_recipe(options); }

std::string Failure::message() const {
    std::string text = "run " + std::to_string(run) + " of " + std::to_string(runs) +
                       " failed, in order " + to_recipe(report.options) + ":\n" +
                       (error ? describe(error) : describe_leak(report)) + "\nto repeat it, set " +
                       replay_line(report.options);
    if (smaller) {
        text += "\nless fails too: set " + replay_line(*smaller);
    }
    return text;
}

namespace {

// One run; true if it failed.
bool fails(const Options& options, const Scenario& scenario, Failure& failure) {
    try {
        run(std::cref(scenario), options, failure.report);
    } catch (...) {
        failure.error = std::current_exception();
    }
    return failure.error || failure.report.leaked();
}

}  // namespace

std::optional<Failure> find_failure(const Plan& plan, const Scenario& scenario) {
    PlannedRuns runs(plan);
    while (const std::optional<Options> options = runs.next()) {
        Failure failure;
        if (fails(*options, scenario, failure)) {
            failure.run = runs.made();
            failure.runs = runs.total();
            return failure;
        }
        runs.measured(failure.report);
    }
    return std::nullopt;
}

void shrink(Failure& failure, const Scenario& scenario) {
    if (from_environment()) {
        return;
    }
    Options least = failure.report.options;
    const auto try_instead = [&](const Options& options) {
        Failure again;
        if (fails(options, scenario, again) && !again.error == !failure.error) {
            failure.smaller = least = options;
        }
    };
    if (least.schedule != Schedule::fifo) {
        Options fifo = least;
        fifo.schedule = Schedule::fifo;
        fifo.network_lies = least.lies();
        try_instead(fifo);
    }
    if (least.lies() && failure.report.calls > 0) {
        Options honest = least;
        honest.network_lies = false;
        try_instead(honest);
    }
    for (const Fault fault : all_faults) {
        if (least.faults.has(fault)) {
            Options without = least;
            without.faults = least.faults.without(fault);
            without.network_lies = least.lies();  // or the recipe would leave the last "none" out
            try_instead(without);
        }
    }
}

ExplorationFailed::ExplorationFailed(Failure failure)
    : failure_(std::move(failure)), what_(failure_.message()) {}

void explore(const Plan& plan, const Scenario& scenario) {
    if (std::optional<Failure> failure = find_failure(plan, scenario)) {
        shrink(*failure, scenario);
        throw ExplorationFailed(*std::move(failure));
    }
}

}  // namespace rondo::sim
