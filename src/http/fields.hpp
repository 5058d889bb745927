// SPDX-License-Identifier: Apache-2.0
/// What RFC 9110 and 9112 let stand in a request or an answer.
#pragma once

#include <string_view>

namespace rondo::http::detail {

/// A method or the name of a field: not empty, no blanks, no separators.
bool is_token(std::string_view text) noexcept;

/// The value of a field: no control characters but the tab. So nothing in it can end the line.
bool is_field_value(std::string_view text) noexcept;

/// The value of a Host field: a name or an address, and perhaps a port. May be empty.
bool is_host(std::string_view text) noexcept;

/// The "http://host:1" that the target of a request begins with, if it does.
std::string_view origin_of(std::string_view target) noexcept;

/// Without the blanks and line ends around it.
std::string_view trimmed(std::string_view text) noexcept;

}  // namespace rondo::http::detail
