// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/process_options.hpp"

#include <unistd.h>

#include <algorithm>

#include "rondo/base/assert.hpp"

namespace rondo::os {
namespace {

std::string_view name_of(std::string_view line) noexcept { return line.substr(0, line.find('=')); }

}  // namespace

Environment& Environment::change(std::string_view name, std::optional<std::string> value) {
    RONDO_REQUIRE(!name.empty() && name.find('=') == std::string_view::npos,
                  "a variable's name is not empty and contains no '='");
    const auto same = std::find_if(changes_.begin(), changes_.end(),
                                   [&](const Change& earlier) { return earlier.name == name; });
    if (same != changes_.end()) {
        same->value = std::move(value);
    } else {
        changes_.push_back({std::string(name), std::move(value)});
    }
    return *this;
}

Environment& Environment::set(std::string_view name, std::string_view value) {
    return change(name, std::string(value));
}

Environment& Environment::unset(std::string_view name) { return change(name, std::nullopt); }

Environment& Environment::clear() noexcept {
    changes_.clear();
    inherits_ = false;
    return *this;
}

std::vector<std::string> Environment::lines() const {
    std::vector<std::string> all;
    const auto is_changed = [&](std::string_view name) {
        return std::any_of(changes_.begin(), changes_.end(),
                           [&](const Change& change) { return change.name == name; });
    };
    for (char** line = inherits_ ? environ : nullptr; line != nullptr && *line != nullptr; ++line) {
        if (!is_changed(name_of(*line))) {
            all.emplace_back(*line);
        }
    }
    for (const Change& change : changes_) {
        if (change.value) {
            all.push_back(change.name + "=" + *change.value);
        }
    }
    return all;
}

std::optional<std::string> Environment::get(std::string_view name) const {
    for (const std::string& line : lines()) {
        if (name_of(line) == name && line.size() > name.size()) {
            return line.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

ProcessOptions::ProcessOptions(std::vector<std::string> words) : arguments(std::move(words)) {
    RONDO_REQUIRE(!arguments.empty(), "a command without a program");
}

}  // namespace rondo::os
