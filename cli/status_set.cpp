// SPDX-License-Identifier: Apache-2.0
#include "status_set.hpp"

#include <algorithm>
#include <charconv>

namespace rondo::cli {
namespace {

constexpr int status_min = 100;
constexpr int status_max = 999;

std::optional<int> status_in(std::string_view text) noexcept {
    int status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && status >= status_min && status <= status_max ? std::optional(status)
                                                                 : std::nullopt;
}

}  // namespace

std::optional<StatusSet> StatusSet::parse(std::string_view text) {
    StatusSet set;
    if (text == "any") {
        set.ranges_.emplace_back(status_min, status_max);
        return set;
    }
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        const std::string_view item = text.substr(0, comma);
        const std::size_t dash = item.find('-');
        const std::optional<int> first = status_in(item.substr(0, dash));
        const std::optional<int> last =
            dash == std::string_view::npos ? first : status_in(item.substr(dash + 1));
        if (!first || !last || *first > *last) {
            return std::nullopt;
        }
        set.ranges_.emplace_back(*first, *last);
        more = comma != std::string_view::npos;
        text.remove_prefix(more ? comma + 1 : text.size());
    }
    return set;
}

bool StatusSet::contains(int status) const noexcept {
    return std::any_of(ranges_.begin(), ranges_.end(), [status](const std::pair<int, int>& range) {
        return status >= range.first && status <= range.second;
    });
}

}  // namespace rondo::cli
