// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rondo::detail {

std::optional<SimHost> SimHost::parse(std::string_view text) noexcept {
    char copy[INET6_ADDRSTRLEN] = {};
    if (text.size() >= sizeof copy || text.find('\0') != text.npos) {
        return std::nullopt;
    }
    text.copy(copy, text.size());
    SimHost host;
    for (const int family : {AF_INET, AF_INET6}) {
        if (inet_pton(family, copy, host.bytes.data()) == 1) {
            host.family = family;
            return host;
        }
    }
    return std::nullopt;
}

SimHost SimHost::loopback(int family) noexcept {
    SimHost host;
    host.family = family;
    if (family == AF_INET) {
        host.bytes[0] = 127;
        host.bytes[3] = 1;
    } else {
        host.bytes[15] = 1;
    }
    return host;
}

std::string SimHost::to_string() const {
    char text[INET6_ADDRSTRLEN] = {};
    return inet_ntop(family, bytes.data(), text, sizeof text) != nullptr ? text : "";
}

bool SimHost::is_loopback() const noexcept {
    return family == AF_INET ? bytes[0] == 127 : *this == loopback(AF_INET6);
}

bool SimHost::is_broadcast() const noexcept {
    return family == AF_INET && bytes[0] == 127 && bytes[1] == 255 && bytes[2] == 255 &&
           bytes[3] == 255;
}

bool SimHost::is_private() const noexcept {
    if (family == AF_INET6) {
        return (bytes[0] & 0xfe) == 0xfc;
    }
    return bytes[0] == 10 || (bytes[0] == 172 && bytes[1] >> 4 == 1) ||
           (bytes[0] == 192 && bytes[1] == 168);
}

namespace {

int parse_ipv4(const sockaddr_in& address, SimAddress& result) noexcept {
    result.family = AF_INET;
    result.port = ntohs(address.sin_port);
    result.host.family = AF_INET;
    std::memcpy(result.host.bytes.data(), &address.sin_addr, sizeof address.sin_addr);
    return 0;
}

int parse_ipv6(const sockaddr_in6& address, SimAddress& result) noexcept {
    result.family = AF_INET6;
    result.port = ntohs(address.sin6_port);
    result.host.family = AF_INET6;
    std::memcpy(result.host.bytes.data(), &address.sin6_addr, sizeof address.sin6_addr);
    return 0;
}

// A path ends at its zero; an abstract name begins with one and has a length.
int parse_unix(const sockaddr_un& address, std::uint32_t length, SimAddress& result) {
    const std::size_t given = length - offsetof(sockaddr_un, sun_path);
    const std::size_t size =
        given > 0 && address.sun_path[0] == '\0' ? given : strnlen(address.sun_path, given);
    result.family = AF_UNIX;
    result.path.assign(address.sun_path, size);
    return 0;
}

}  // namespace

int SimAddress::parse(const sockaddr* address, std::uint32_t length, SimAddress& result) noexcept {
    if (length < sizeof(sa_family_t)) {
        return -EINVAL;
    }
    switch (address->sa_family) {
        case AF_INET:
            return length < sizeof(sockaddr_in)
                       ? -EINVAL
                       : parse_ipv4(*reinterpret_cast<const sockaddr_in*>(address), result);
        case AF_INET6:
            return length < sizeof(sockaddr_in6)
                       ? -EINVAL
                       : parse_ipv6(*reinterpret_cast<const sockaddr_in6*>(address), result);
        case AF_UNIX:
            return length < offsetof(sockaddr_un, sun_path)
                       ? -EINVAL
                       : parse_unix(*reinterpret_cast<const sockaddr_un*>(address), length, result);
        default: return -EAFNOSUPPORT;
    }
}

void SimAddress::write_to(sockaddr* address, std::uint32_t* length) const noexcept {
    sockaddr_storage full{};
    std::size_t size = 0;
    if (family == AF_INET) {
        auto& ipv4 = reinterpret_cast<sockaddr_in&>(full);
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(port);
        std::memcpy(&ipv4.sin_addr, host.bytes.data(), sizeof ipv4.sin_addr);
        size = sizeof ipv4;
    } else if (family == AF_INET6) {
        auto& ipv6 = reinterpret_cast<sockaddr_in6&>(full);
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(port);
        std::memcpy(&ipv6.sin6_addr, host.bytes.data(), sizeof ipv6.sin6_addr);
        size = sizeof ipv6;
    } else {
        auto& local = reinterpret_cast<sockaddr_un&>(full);
        local.sun_family = AF_UNIX;
        const std::size_t bytes = std::min(path.size(), sizeof local.sun_path);
        std::memcpy(local.sun_path, path.data(), bytes);
        size = offsetof(sockaddr_un, sun_path) + bytes;
    }
    std::memcpy(address, &full, std::min<std::size_t>(size, *length));
    *length = static_cast<std::uint32_t>(size);
}

}  // namespace rondo::detail
