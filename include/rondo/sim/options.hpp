// SPDX-License-Identifier: Apache-2.0
/// How one simulated run goes, and the line that repeats it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/base/time.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/sim/faults.hpp"
#include "rondo/sim/network_options.hpp"

namespace rondo::sim {

/// What a run depends on, besides the program. Equal options give equal runs, on any machine.
struct Options {
    Schedule schedule = Schedule::fifo;
    /// Of all that is drawn: the order, the network, retry's jitter. Each draws from a stream of
    /// its own.
    std::uint64_t seed = 1;
    /// pct: how many things must happen in an unlucky order for the bug that is looked for; it
    /// finds one of depth d among n tasks and k steps with a probability of at least 1 / (n ·
    /// k^(d-1)).
    unsigned pct_depth = 3;
    /// pct: about how many steps the run takes, for that is where priorities change. 0: drawn.
    std::uint64_t pct_steps = 0;
    /// Whether the network does what a kernel may: short reads and writes, refusals that are over
    /// at once, events that are none. Unset: unless the schedule is fifo.
    std::optional<bool> network_lies;
    /// What else goes wrong in the network by itself, drawn from the seed.
    Faults faults;
    /// How the network is otherwise. Not part of the recipe: the program sets it.
    NetworkOptions network;
    /// A step is a task that is resumed or a call to the network. Beyond this many the run ends
    /// with LimitReached; 0: no limit.
    std::uint64_t steps_max = 2'000'000;
    /// Virtual time beyond which the run ends with LimitReached.
    Duration time_max = Duration::max();
    /// How much virtual time each resumption takes. Not 0: tasks that spin until some time end.
    Duration step_cost{0};

    /// As the real loop: first come, first served, and a network that tells the truth.
    Options() noexcept {}
    explicit Options(Schedule order, std::uint64_t its_seed = 1) noexcept
        : schedule(order), seed(its_seed) {}

    bool lies() const noexcept { return network_lies.value_or(schedule != Schedule::fifo); }
};

/// The options of a schedule of drawn priorities.
inline Options pct(unsigned depth, std::uint64_t seed, std::uint64_t steps = 0) noexcept {
    Options options(Schedule::pct, seed);
    options.pct_depth = depth;
    options.pct_steps = steps;
    return options;
}

/// Schedule and seed in a word: "fifo:1", "random:12", "reverse:3", "pct:2:12", or with the
/// expected steps "pct:2:12:340". If the options say what goes wrong in the network, it follows:
/// "random:12/lies+latency+resets", "random:12/none". What else the program set is not in it.
std::string to_recipe(const Options& options);

/// `base` with what `recipe` has. A seed may be left out: it is 1.
///
/// Errors: Error (invalid) when it is none.
Options from_recipe(std::string_view recipe, Options base = Options());

/// What the variable RONDO_SIM asks for, if it is set: a recipe.
///
/// Errors: Error (invalid) when it holds something else.
std::optional<Options> from_environment(Options base = Options());

}  // namespace rondo::sim
