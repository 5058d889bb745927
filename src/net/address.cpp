// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include "rondo/base/error.hpp"

namespace rondo::net {
namespace {

template <class T>
T as(const std::byte* bytes) noexcept {
    T result;
    std::memcpy(&result, bytes, sizeof result);
    return result;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto [at, error] = std::from_chars(begin, end, port);
    if (error != std::errc() || at != end || text.empty()) {
        return std::nullopt;
    }
    return port;
}

/// The number of the interface, which `host` loses; 0 when it has none.
std::optional<std::uint32_t> take_zone(std::string_view& host) noexcept {
    const std::size_t percent = host.find('%');
    if (percent == host.npos) {
        return 0;
    }
    const char* const end = host.data() + host.size();
    std::uint32_t zone = 0;
    const auto [at, error] = std::from_chars(host.data() + percent + 1, end, zone);
    if (error != std::errc() || at != end || zone == 0) {
        return std::nullopt;
    }
    host = host.substr(0, percent);
    return zone;
}

}  // namespace

Address::Address() noexcept {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    std::memcpy(bytes_, &any, sizeof any);
    size_ = sizeof any;
}

std::optional<Address> Address::from(const sockaddr* address, std::uint32_t length) noexcept {
    if (length < sizeof(sa_family_t)) {
        return std::nullopt;
    }
    const std::size_t size = address->sa_family == AF_INET    ? sizeof(sockaddr_in)
                             : address->sa_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                              : 0;
    static_assert(sizeof(sockaddr_in6) <= capacity);
    if (size == 0 || length < size) {
        return std::nullopt;
    }
    Address result;
    std::memcpy(result.bytes_, address, size);
    result.size_ = static_cast<std::uint32_t>(size);
    return result;
}

std::optional<Address> Address::try_parse(std::string_view host, std::uint16_t port) noexcept {
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == host.npos) {
            return std::nullopt;
        }
    }
    const auto zone = take_zone(host);
    char text[INET6_ADDRSTRLEN] = {};
    if (!zone || host.size() >= sizeof text || host.find('\0') != host.npos) {
        return std::nullopt;
    }
    host.copy(text, host.size());
    sockaddr_in ipv4{};
    if (*zone == 0 && inet_pton(AF_INET, text, &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(port);
        return from(reinterpret_cast<const sockaddr*>(&ipv4), sizeof ipv4);
    }
    sockaddr_in6 ipv6{};
    if (inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1) {
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(port);
        ipv6.sin6_scope_id = *zone;
        return from(reinterpret_cast<const sockaddr*>(&ipv6), sizeof ipv6);
    }
    return std::nullopt;
}

// An IPv6 host needs its brackets here: "::1:80" could be either.
std::optional<Address> Address::try_parse(std::string_view text) noexcept {
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) {
        return std::nullopt;
    }
    const std::string_view host = text.substr(0, colon);
    const auto port = parse_port(text.substr(colon + 1));
    const bool bare_ipv6 = host.find(':') != host.npos && !host.starts_with('[');
    if (!port || bare_ipv6) {
        return std::nullopt;
    }
    return try_parse(host, *port);
}

Address Address::parse(std::string_view host, std::uint16_t port) {
    if (const auto address = try_parse(host, port)) {
        return *address;
    }
    throw Error(Errc::invalid, "address", host, "not an IPv4 or IPv6 address");
}

Address Address::parse(std::string_view host_and_port) {
    if (const auto address = try_parse(host_and_port)) {
        return *address;
    }
    throw Error(Errc::invalid, "address", host_and_port, "not an IP address with a port");
}

Address Address::loopback(std::uint16_t port) noexcept {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return *from(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int Address::family() const noexcept { return as<sockaddr_in>(bytes_).sin_family; }

bool Address::is_ipv6() const noexcept { return family() == AF_INET6; }

std::uint16_t Address::port() const noexcept {
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    return ntohs(as<sockaddr_in>(bytes_).sin_port);
}

Address Address::with_port(std::uint16_t port) const noexcept {
    Address result = *this;
    const in_port_t value = htons(port);
    std::memcpy(result.bytes_ + offsetof(sockaddr_in, sin_port), &value, sizeof value);
    return result;
}

std::string Address::host() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (!is_ipv6()) {
        const auto ipv4 = as<sockaddr_in>(bytes_);
        return inet_ntop(AF_INET, &ipv4.sin_addr, text, sizeof text);
    }
    const auto ipv6 = as<sockaddr_in6>(bytes_);
    const std::string host = inet_ntop(AF_INET6, &ipv6.sin6_addr, text, sizeof text);
    return ipv6.sin6_scope_id == 0 ? host : host + "%" + std::to_string(ipv6.sin6_scope_id);
}

std::string Address::to_string() const {
    const std::string text = is_ipv6() ? "[" + host() + "]" : host();
    return text + ":" + std::to_string(port());
}

bool operator==(const Address& a, const Address& b) noexcept {
    if (a.family() != b.family() || a.port() != b.port()) {
        return false;
    }
    if (!a.is_ipv6()) {
        return as<sockaddr_in>(a.bytes_).sin_addr.s_addr ==
               as<sockaddr_in>(b.bytes_).sin_addr.s_addr;
    }
    const auto x = as<sockaddr_in6>(a.bytes_);
    const auto y = as<sockaddr_in6>(b.bytes_);
    return x.sin6_scope_id == y.sin6_scope_id &&
           std::memcmp(&x.sin6_addr, &y.sin6_addr, sizeof x.sin6_addr) == 0;
}

}  // namespace rondo::net
