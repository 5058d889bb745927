// SPDX-License-Identifier: Apache-2.0
/// The URLs to fetch, one after the other: from the command line, and where that says "-", from
/// stdin.
#pragma once

#include <cstddef>
#include <optional>
#include <rondo/rondo.hpp>
#include <string>
#include <vector>

#include "url_lines.hpp"

namespace rondo::cli {

class UrlSource {
public:
    /// Longer URLs cannot be fetched.
    static constexpr std::size_t line_max = UrlLines::line_max;

    /// Lifetime: `arguments` must outlive this.
    explicit UrlSource(const std::vector<std::string>& arguments) noexcept
        : arguments_(arguments) {}

    /// The next one, or nothing at the end. Waits for stdin without blocking the loop.
    ///
    /// Errors: Error when stdin cannot be read.
    Task<std::optional<std::string>> next();

    /// Nothing is read from stdin, so that the number of URLs is known.
    bool is_counted() const noexcept;

private:
    Task<std::optional<std::string>> next_line();
    Task<> read_more();

    const std::vector<std::string>& arguments_;
    std::size_t argument_ = 0;
    UrlLines lines_;  ///< of stdin
};

}  // namespace rondo::cli
