// SPDX-License-Identifier: Apache-2.0
/// The heads of answers, line by line, as libcurl hands them over: with their line ends, and one
/// after the other, of an answer "100 Continue" and of one that redirects too.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/http/headers.hpp"

namespace rondo::http::detail {

class AnswerHead {
public:
    enum class Line : unsigned char { status, field, end };

    /// `fields` are those of the last answer. They must outlive this.
    explicit AnswerHead(Headers& fields) noexcept : fields_(fields) {}

    /// Says what it was. Errors: std::bad_alloc.
    Line take(std::string_view line);

    /// Of the last answer, as three digits; fewer if its line has no more, and none before it.
    const std::string& status() const noexcept { return status_; }
    /// Whether an answer with this status has a body, unless the request was HEAD.
    bool has_body() const noexcept;
    /// How long its body is by the head: 0 where that does not say, UINT64_MAX where it is more.
    std::uint64_t announced_bytes() const noexcept;

private:
    void take_field(std::string_view line);

    Headers& fields_;
    std::string status_;
};

}  // namespace rondo::http::detail
