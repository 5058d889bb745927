// SPDX-License-Identifier: Apache-2.0
/// The URLs to fetch, one after the other: from the command line, and where that says "-", from
/// stdin, of which never more than a few lines are held.
#pragma once

#include <cstddef>
#include <optional>
#include <rondo/rondo.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::cli {

class UrlSource {
public:
    /// Longer lines are cut off here and cannot be fetched.
    static constexpr std::size_t line_max = 64 * 1024;

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
    Task<bool> read_more();
    /// A URL out of a line: without blanks around it; empty for comments.
    static std::string_view url_in(std::string_view line) noexcept;

    const std::vector<std::string>& arguments_;
    std::size_t argument_ = 0;
    std::string buffer_;     ///< what was read from stdin
    std::size_t taken_ = 0;  ///< of the buffer
    bool first_line_ = true;
    bool at_end_ = false;
};

}  // namespace rondo::cli
