// SPDX-License-Identifier: Apache-2.0
#include "http/answer_head.hpp"

#include <charconv>
#include <system_error>

#include "http/fields.hpp"

namespace rondo::http::detail {

AnswerHead::Line AnswerHead::take(std::string_view line) {
    if (line.starts_with("HTTP/")) {
        fields_.clear();
        const std::size_t space = line.find(' ');
        status_ = trimmed(space != line.npos ? line.substr(space + 1, 3) : std::string_view());
        return Line::status;
    }
    if (trimmed(line).empty()) {
        return Line::end;
    }
    take_field(line);
    return Line::field;
}

// A line that begins with a blank goes on with the field before it, if there is one, and is none of
// its own (RFC 9112 5.2 and 2.2).
void AnswerHead::take_field(std::string_view line) {
    if (line[0] == ' ' || line[0] == '\t') {
        fields_.append_to_last(trimmed(line));
        return;
    }
    const std::size_t colon = line.find(':');
    if (colon != line.npos) {
        fields_.add(std::string(trimmed(line.substr(0, colon))),
                    std::string(trimmed(line.substr(colon + 1))));
    }
}

bool AnswerHead::has_body() const noexcept {
    return !status_.starts_with('1') && status_ != "204" && status_ != "304";
}

std::uint64_t AnswerHead::announced_bytes() const noexcept {
    if (fields_.contains("transfer-encoding")) {
        return 0;
    }
    const std::string_view text = fields_.get("content-length");
    std::uint64_t bytes = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), bytes);
    return result.ec == std::errc::result_out_of_range ? UINT64_MAX : bytes;
}

}  // namespace rondo::http::detail
