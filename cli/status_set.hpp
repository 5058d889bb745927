// SPDX-License-Identifier: Apache-2.0
/// Which HTTP status codes count as success.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo::cli {

class StatusSet {
public:
    /// From "200-299,404" or "any"; empty when it is neither.
    static std::optional<StatusSet> parse(std::string_view text);

    bool contains(int status) const noexcept;

private:
    std::vector<std::pair<int, int>> ranges_;
};

}  // namespace rondo::cli
