// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>
#include <vector>

#include "rondo/base/error.hpp"

namespace rondo::sim {
namespace {

constexpr std::string_view schedule_names[] = {"fifo", "random", "reverse", "pct"};

[[noreturn]] void refuse(std::string_view recipe) {
    throw Error(Errc::invalid, "RONDO_SIM", recipe,
                "valid are fifo, random:SEED, reverse:SEED, pct:DEPTH:SEED and "
                "pct:DEPTH:SEED:STEPS, with /none or /FAULT+FAULT… behind");
}

bool add_fault(std::string_view word, Options& options) {
    if (word == "lies") {
        options.network_lies = true;
        return true;
    }
    for (const Fault fault : all_faults) {
        if (word == to_string(fault)) {
            options.faults = options.faults.with(fault);
            return true;
        }
    }
    return false;
}

// "none", or words between plus signs: what else goes wrong in the network, and nothing but that.
bool read_faults(std::string_view words, Options& options) {
    options.faults = Faults();
    options.network_lies = false;
    if (words == "none") {
        return true;
    }
    for (;;) {
        const std::size_t plus = std::min(words.find('+'), words.size());
        if (!add_fault(words.substr(0, plus), options)) {
            return false;
        }
        if (plus == words.size()) {
            return true;
        }
        words.remove_prefix(plus + 1);
    }
}

std::string write_faults(const Options& options) {
    std::string words = to_string(options.faults);
    if (options.lies()) {
        words = words.empty() ? "lies" : "lies+" + words;
    }
    return words.empty() ? "/none" : "/" + words;
}

std::vector<std::uint64_t> numbers_after(std::string_view recipe, std::size_t at) {
    std::vector<std::uint64_t> numbers;
    while (at < recipe.size()) {
        std::uint64_t number = 0;
        const char* const end = recipe.data() + recipe.size();
        const auto [stop, error] = std::from_chars(recipe.data() + at + 1, end, number);
        if (error != std::errc{} || (stop != end && *stop != ':')) {
            refuse(recipe);
        }
        numbers.push_back(number);
        at = static_cast<std::size_t>(stop - recipe.data());
    }
    return numbers;
}

}  // namespace

std::string to_recipe(const Options& options) {
    std::string recipe(schedule_names[static_cast<std::size_t>(options.schedule)]);
    if (options.schedule == Schedule::pct) {
        recipe.append(":").append(std::to_string(options.pct_depth));
    }
    recipe.append(":").append(std::to_string(options.seed));
    if (options.schedule == Schedule::pct && options.pct_steps != 0) {
        recipe.append(":").append(std::to_string(options.pct_steps));
    }
    if (!options.faults.empty() || options.network_lies.has_value()) {
        recipe.append(write_faults(options));
    }
    return recipe;
}

Options from_recipe(std::string_view text, Options base) {
    const std::size_t slash = text.find('/');
    const std::string_view recipe = text.substr(0, slash);
    if (slash != text.npos && !read_faults(text.substr(slash + 1), base)) {
        refuse(text);
    }
    const std::size_t colon = std::min(recipe.find(':'), recipe.size());
    const std::string_view name = recipe.substr(0, colon);
    std::size_t which = 0;
    while (which < std::size(schedule_names) && schedule_names[which] != name) {
        ++which;
    }
    if (which == std::size(schedule_names)) {
        refuse(recipe);
    }
    base.schedule = static_cast<Schedule>(which);
    std::vector<std::uint64_t> numbers = numbers_after(recipe, colon);
    if (base.schedule == Schedule::pct) {
        constexpr std::uint64_t depth_max = 100;
        if (numbers.empty() || numbers.size() > 3 || numbers[0] - 1 >= depth_max) {
            refuse(recipe);
        }
        base.pct_depth = static_cast<unsigned>(numbers[0]);
        base.pct_steps = numbers.size() > 2 ? numbers[2] : 0;
        numbers.resize(std::min<std::size_t>(numbers.size(), 2));
        numbers.erase(numbers.begin());
    }
    if (numbers.size() > 1) {
        refuse(recipe);
    }
    base.seed = numbers.empty() ? 1 : numbers[0];
    return base;
}

std::optional<Options> from_environment(Options base) {
    const char* const recipe = std::getenv("RONDO_SIM");
    if (recipe == nullptr || *recipe == '\0') {
        return std::nullopt;
    }
    return from_recipe(recipe, std::move(base));
}

}  // namespace rondo::sim
