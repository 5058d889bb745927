// SPDX-License-Identifier: Apache-2.0
// `rondo fetch --ok`: sets of status codes, against a set of bits.
#include "../../cli/status_set.hpp"

#include <bitset>
#include <optional>

#include "fuzz/target.hpp"

namespace rondo::test {
namespace {

constexpr std::size_t codes = 1000;
using Codes = std::bitset<codes>;

std::optional<unsigned> code_of(std::string_view text) {
    unsigned code = 0;
    for (const char letter : text) {
        if (letter < '0' || letter > '9' || code >= codes) {
            return std::nullopt;
        }
        code = code * 10 + static_cast<unsigned>(letter - '0');
    }
    return code >= 100 && code < codes ? std::optional(code) : std::nullopt;
}

bool add(std::string_view item, Codes& to) {
    const std::size_t dash = item.find('-');
    const auto first = code_of(item.substr(0, dash));
    const auto last = dash == item.npos ? first : code_of(item.substr(dash + 1));
    if (!first || !last || *first > *last) {
        return false;
    }
    for (unsigned code = *first; code <= *last; ++code) {
        to.set(code);
    }
    return true;
}

std::optional<Codes> codes_of(std::string_view text) {
    Codes all;
    if (text == "any") {
        return all.set() & ~(~Codes() >> (codes - 100));
    }
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        if (at == text.size() || text[at] == ',') {
            if (!add(text.substr(begin, at - begin), all)) {
                return std::nullopt;
            }
            begin = at + 1;
        }
    }
    return all;
}

}  // namespace

void try_input(std::string_view input) {
    const auto set = cli::StatusSet::parse(input);
    const auto expected = codes_of(input);
    RONDO_ASSERT(set.has_value() == expected.has_value(), "a set, or none");
    for (int code = 0; set && code < static_cast<int>(codes); ++code) {
        RONDO_ASSERT(set->contains(code) == expected->test(static_cast<std::size_t>(code)),
                     "the same codes");
    }
}

}  // namespace rondo::test
