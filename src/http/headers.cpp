// SPDX-License-Identifier: Apache-2.0
#include "rondo/http/headers.hpp"

#include <algorithm>

#include "http/fields.hpp"
#include "rondo/http/request.hpp"

namespace rondo::http {
namespace {

char lower(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* Headers::find(std::string_view name) const noexcept {
    for (const Header& field : fields_) {
        if (equal_ignoring_case(field.name, name)) {
            return &field.value;
        }
    }
    return nullptr;
}

std::string_view Headers::get(std::string_view name, std::string_view otherwise) const noexcept {
    const std::string* const value = find(name);
    return value != nullptr ? std::string_view(*value) : otherwise;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const Header& field : fields_) {
        if (equal_ignoring_case(field.name, name)) {
            values.emplace_back(field.value);
        }
    }
    return values;
}

std::size_t Headers::remove(std::string_view name) {
    return std::erase_if(
        fields_, [&](const Header& field) { return equal_ignoring_case(field.name, name); });
}

void Headers::set(std::string_view name, std::string value) {
    const std::string field(name);
    remove(field);
    add(field, std::move(value));
}

void Headers::append_to_last(std::string_view more) {
    if (!fields_.empty()) {
        std::string& value = fields_.back().value;
        value.append(value.empty() ? "" : " ").append(more);
    }
}

Request& Request::header(std::string name, std::string value) & {
    headers_.add(std::move(name), std::move(value));
    return *this;
}

Request& Request::body(std::string bytes) & {
    if (!has_body_ && method_ == "GET") {
        method_ = "POST";
    }
    has_body_ = true;
    body_ = std::move(bytes);
    return *this;
}

namespace detail {
namespace {

bool is_digit(char letter) noexcept { return letter >= '0' && letter <= '9'; }

/// Letters, digits and `marks` only.
bool has_only(std::string_view text, std::string_view marks) noexcept {
    return std::all_of(text.begin(), text.end(), [marks](char letter) {
        const char low = lower(letter);
        return (low >= 'a' && low <= 'z') || is_digit(letter) || marks.find(letter) != marks.npos;
    });
}

}  // namespace

bool is_token(std::string_view text) noexcept {
    return !text.empty() && has_only(text, "!#$%&'*+-.^_`|~");
}

bool is_field_value(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char letter) {
        const auto code = static_cast<unsigned char>(letter);
        return code == '\t' || (code >= 0x20 && code != 0x7f);
    });
}

bool is_host(std::string_view text) noexcept {
    const bool is_bracketed = text.starts_with('[');
    const std::size_t end = std::min(text.find(is_bracketed ? ']' : ':'), text.size());
    const std::string_view name = text.substr(0, end);
    if (!is_bracketed && !has_only(name, "-._~!$&'()*+,;=%")) {
        return false;
    }
    if (is_bracketed && (end == 1 || end == text.size() || !has_only(name.substr(1), ":.%-_~"))) {
        return false;
    }
    const std::string_view port = text.substr(is_bracketed ? end + 1 : end);
    return port.empty() || (port[0] == ':' && std::all_of(port.begin() + 1, port.end(), is_digit));
}

std::string_view origin_of(std::string_view target) noexcept {
    const std::size_t mark = target.starts_with('/') ? target.npos : target.find("://");
    return mark == target.npos ? std::string_view()
                               : target.substr(0, target.find_first_of("/?", mark + 3));
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == text.npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

}  // namespace detail
}  // namespace rondo::http
