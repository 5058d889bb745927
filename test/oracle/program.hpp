// SPDX-License-Identifier: Apache-2.0
/// A program of the oracle: a tree of statements, written `(name number… node…)`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oracle {

struct Node {
    std::string name;
    std::vector<std::int64_t> numbers;
    std::vector<Node> kids;
};

/// Errors: std::invalid_argument.
Node parse(std::string_view text);

}  // namespace oracle
