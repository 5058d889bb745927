// SPDX-License-Identifier: Apache-2.0
#include "tls/peer_name.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "rondo/tls/error.hpp"

namespace rondo::tls::detail {

namespace {

constexpr std::size_t name_max = 253;
constexpr std::size_t label_max = 63;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_name_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

bool is_address(const std::string& text) noexcept {
    in6_addr address;
    return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string without_brackets_and_zone(std::string_view host) {
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    if (host.find(':') != std::string_view::npos) {
        host = host.substr(0, host.find('%'));
    }
    return std::string(host);
}

// As the resolver has it: "7", "0x7f".
bool is_number(std::string_view label) noexcept {
    if (label.starts_with("0x")) {
        return std::all_of(label.begin() + 2, label.end(),
                           [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
    }
    return std::all_of(label.begin(), label.end(), is_digit);
}

/// Empty, or what is wrong.
std::string_view fault_of(std::string_view name) noexcept {
    if (name.empty()) {
        return "it is empty";
    }
    if (name.size() > name_max) {
        return "it is longer than 253 characters";
    }
    std::size_t from = 0;
    for (;;) {
        const std::size_t dot = name.find('.', from);
        const std::string_view label = name.substr(from, dot - from);
        if (label.empty() || label.size() > label_max) {
            return "a part between dots is empty or longer than 63 characters";
        }
        if (!std::all_of(label.begin(), label.end(), is_name_character)) {
            return std::any_of(label.begin(), label.end(), [](char c) { return c < 0; })
                       ? "give an international name as its A-label (xn--…)"
                       : "a name has letters, digits, hyphens and dots only";
        }
        if (dot == std::string_view::npos) {
            return is_number(label) ? "it is neither a name nor an address" : "";
        }
        from = dot + 1;
    }
}

/// For messages: what cannot be printed is not.
std::string printable(std::string_view host) {
    std::string text(host.substr(0, name_max));
    std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c == 127; }, '?');
    return text;
}

}  // namespace

std::string normal_name(std::string_view name) {
    if (!name.empty() && name.back() == '.') {
        name.remove_suffix(1);
    }
    std::string text(name);
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

PeerName parse_peer_name(std::string_view host) {
    if (host.find('\0') == std::string_view::npos) {
        if (std::string address = without_brackets_and_zone(host); is_address(address)) {
            return {std::move(address), true};
        }
    }
    std::string name = normal_name(host);
    if (const std::string_view fault = fault_of(name); !fault.empty()) {
        throw TlsError(Errc::invalid, "tls connect", printable(host), fault);
    }
    return {std::move(name), false};
}

}  // namespace rondo::tls::detail
