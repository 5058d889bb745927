// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace rondo::detail {
namespace {

int parse_ipv4(const sockaddr_in& address, bool local, SimAddress& result) noexcept {
    const std::uint32_t host = ntohl(address.sin_addr.s_addr);
    if (host != INADDR_ANY && host >> 24 != 127) {
        return local ? -EADDRNOTAVAIL : -ENETUNREACH;
    }
    result.family = AF_INET;
    result.port = ntohs(address.sin_port);
    return 0;
}

int parse_ipv6(const sockaddr_in6& address, bool local, SimAddress& result) noexcept {
    if (!IN6_IS_ADDR_LOOPBACK(&address.sin6_addr) && !IN6_IS_ADDR_UNSPECIFIED(&address.sin6_addr)) {
        return local ? -EADDRNOTAVAIL : -ENETUNREACH;
    }
    result.family = AF_INET6;
    result.port = ntohs(address.sin6_port);
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

int SimAddress::parse(const sockaddr* address, std::uint32_t length, bool local,
                      SimAddress& result) noexcept {
    if (length < sizeof(sa_family_t)) {
        return -EINVAL;
    }
    switch (address->sa_family) {
        case AF_INET:
            return length < sizeof(sockaddr_in)
                       ? -EINVAL
                       : parse_ipv4(*reinterpret_cast<const sockaddr_in*>(address), local, result);
        case AF_INET6:
            return length < sizeof(sockaddr_in6)
                       ? -EINVAL
                       : parse_ipv6(*reinterpret_cast<const sockaddr_in6*>(address), local, result);
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
        ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        size = sizeof ipv4;
    } else if (family == AF_INET6) {
        auto& ipv6 = reinterpret_cast<sockaddr_in6&>(full);
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(port);
        ipv6.sin6_addr = in6addr_loopback;
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
