// SPDX-License-Identifier: Apache-2.0
/// URLs out of lines of text that comes in pieces, of which never more than a few are held.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rondo::cli {

class UrlLines {
public:
    /// Longer lines are cut off here and cannot be fetched.
    static constexpr std::size_t line_max = 64 * 1024;

    /// What comes next. Requires: next() has nothing more to give, and not at_end().
    void add(std::string_view text);
    /// Nothing comes any more.
    void end() noexcept { at_end_ = true; }
    bool at_end() const noexcept { return at_end_; }

    /// The next one: a line without the blanks around it, of those that are neither empty nor
    /// comments. Nothing: more must come, if there is more.
    std::optional<std::string> next();

    /// Bytes that are held.
    std::size_t size() const noexcept { return text_.size(); }

private:
    /// A URL out of a line; empty: there is none.
    std::string_view url_in(std::string_view line) noexcept;

    std::string text_;
    std::size_t taken_ = 0;  ///< of it
    bool first_line_ = true;
    bool at_end_ = false;
};

}  // namespace rondo::cli
