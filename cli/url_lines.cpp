// SPDX-License-Identifier: Apache-2.0
#include "url_lines.hpp"

#include <algorithm>

namespace rondo::cli {
namespace {

constexpr std::string_view blanks = " \t\r\f\v";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

// One byte more than a line may have, so that it can be told from one that fits.
constexpr std::size_t kept_max = UrlLines::line_max + 1;

}  // namespace

// What a line has beyond kept_max is dropped as it comes, so that no input can fill the memory.
void UrlLines::add(std::string_view text) {
    text_.erase(0, taken_);
    taken_ = 0;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::size_t room = kept_max - std::min(text_.size(), kept_max);
    text_ += text.substr(0, std::min(end, room));
    text_ += text.substr(end);
}

std::optional<std::string> UrlLines::next() {
    while (taken_ < text_.size()) {
        const std::size_t end = text_.find('\n', taken_);
        if (end == std::string::npos && !at_end_) {
            return std::nullopt;
        }
        const std::string_view rest = std::string_view(text_).substr(taken_);
        std::string url(url_in(rest.substr(0, std::min(end - taken_, kept_max))));
        taken_ = end == std::string::npos ? text_.size() : end + 1;
        if (!url.empty()) {
            return url;
        }
    }
    return std::nullopt;
}

std::string_view UrlLines::url_in(std::string_view line) noexcept {
    if (first_line_ && line.starts_with(byte_order_mark)) {
        line.remove_prefix(byte_order_mark.size());
    }
    first_line_ = false;
    const std::size_t first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos || line[first] == '#') {
        return {};
    }
    return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

}  // namespace rondo::cli
