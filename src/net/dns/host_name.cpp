// SPDX-License-Identifier: Apache-2.0
#include "net/dns/host_name.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/small_file.hpp"
#include "rondo/base/error.hpp"

namespace rondo::net::detail {
namespace {

constexpr std::size_t name_max = 253;
constexpr std::size_t label_max = 63;

char lower(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool is_digit(char letter) noexcept { return letter >= '0' && letter <= '9'; }

bool is_name_letter(char letter) noexcept {
    return (letter >= 'a' && letter <= 'z') || is_digit(letter) || letter == '-' || letter == '_';
}

// "7", "0x7f": such a last label would make it an address to some programs.
bool is_number(std::string_view label) noexcept {
    if (label.starts_with("0x")) {
        return std::all_of(label.begin() + 2, label.end(), [](char letter) {
            return is_digit(letter) || (letter >= 'a' && letter <= 'f');
        });
    }
    return std::all_of(label.begin(), label.end(), is_digit);
}

[[noreturn]] void refuse(std::string_view host, std::string_view why) {
    std::string shown;
    for (const char letter : host.substr(0, name_max)) {
        const bool plain = letter >= ' ' && letter < 0x7f;
        shown.push_back(plain ? letter : '?');
    }
    throw Error(Errc::invalid, "resolve", shown, why);
}

}  // namespace

std::size_t HostName::dots() const noexcept {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '.'));
}

bool HostName::is_localhost() const noexcept {
    return text == "localhost" || text.ends_with(".localhost");
}

HostName parse_host_name(std::string_view host) {
    HostName name;
    std::string_view rest = host;
    if (rest.size() > 1 && rest.ends_with('.')) {
        name.absolute = true;
        rest.remove_suffix(1);
    }
    if (rest.empty() || rest.size() > name_max) {
        refuse(host, rest.empty() ? "an empty name" : "longer than 253 characters");
    }
    name.text.resize(rest.size());
    std::transform(rest.begin(), rest.end(), name.text.begin(), lower);
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= name.text.size(); ++i) {
        if (i < name.text.size() && name.text[i] != '.') {
            if (!is_name_letter(name.text[i])) {
                refuse(host, "not a name: only letters, digits, '-' and '_' of ASCII");
            }
            continue;
        }
        if (i == begin || i - begin > label_max) {
            refuse(host, i == begin ? "an empty label" : "a label of more than 63 characters");
        }
        if (i == name.text.size() && is_number(std::string_view(name.text).substr(begin))) {
            refuse(host, "neither an address nor a name: it ends in a number");
        }
        begin = i + 1;
    }
    return name;
}

std::optional<Address> parse_numeric_host(std::string_view host) {
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == host.npos) {
            return std::nullopt;
        }
    }
    const std::size_t percent = host.find('%');
    const auto address = Address::try_parse(host.substr(0, percent), 0);
    if (percent == host.npos || !address) {
        return address;
    }
    const std::string_view zone = host.substr(percent + 1);
    std::uint32_t index = 0;
    const auto [end, error] = std::from_chars(zone.data(), zone.data() + zone.size(), index);
    if (error != std::errc() || end != zone.data() + zone.size()) {
        index = rondo::detail::interface_index(std::string(zone));
    }
    if (index == 0 || !address->is_ipv6()) {
        return std::nullopt;
    }
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, address->data(), sizeof ipv6);
    ipv6.sin6_scope_id = index;
    return Address::from(reinterpret_cast<const sockaddr*>(&ipv6), sizeof ipv6);
}

bool is_loopback(const Address& address) noexcept {
    if (address.is_ipv6()) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, address.data(), sizeof ipv6);
        return IN6_IS_ADDR_LOOPBACK(&ipv6.sin6_addr);
    }
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, address.data(), sizeof ipv4);
    return ntohl(ipv4.sin_addr.s_addr) >> 24 == 127;
}

std::vector<std::string> candidates(const HostName& host, const std::vector<std::string>& domains,
                                    unsigned ndots) {
    std::vector<std::string> names;
    const bool as_it_is_first = host.absolute || host.dots() >= ndots;
    if (as_it_is_first) {
        names.push_back(host.text);
    }
    if (!host.absolute) {
        for (const std::string& domain : domains) {
            std::string name = host.text + "." + domain;
            while (name.ends_with('.')) {
                name.pop_back();
            }
            std::transform(name.begin(), name.end(), name.begin(), lower);
            if (name.size() <= name_max && name != host.text) {
                names.push_back(std::move(name));
            }
        }
    }
    if (!as_it_is_first) {
        names.push_back(host.text);
    }
    return names;
}

std::string reverse_name(const Address& address) {
    constexpr char digits[] = "0123456789abcdef";
    std::string name;
    if (!address.is_ipv6()) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address.data(), sizeof ipv4);
        const std::uint32_t host = ntohl(ipv4.sin_addr.s_addr);
        for (unsigned shift = 0; shift < 32; shift += 8) {
            name += std::to_string(host >> shift & 0xff) + ".";
        }
        return name + "in-addr.arpa";
    }
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, address.data(), sizeof ipv6);
    for (std::size_t i = 16; i-- > 0;) {
        const unsigned byte = ipv6.sin6_addr.s6_addr[i];
        name += {digits[byte & 0xf], '.', digits[byte >> 4], '.'};
    }
    return name + "ip6.arpa";
}

}  // namespace rondo::net::detail
