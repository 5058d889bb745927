// SPDX-License-Identifier: Apache-2.0
/// The addresses of the simulated network: the loopback ones of IPv4 and IPv6, and Unix paths.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

struct sockaddr;

namespace rondo::detail {

struct SimAddress {
    int family = 0;  ///< AF_INET, AF_INET6 or AF_UNIX; 0 when there is none
    std::uint16_t port = 0;
    std::string path;

    auto operator<=>(const SimAddress&) const = default;

    /// 0, or -EAFNOSUPPORT, -EINVAL, -EADDRNOTAVAIL (`local`: an address of another machine) or
    /// -ENETUNREACH.
    static int parse(const sockaddr* address, std::uint32_t length, bool local,
                     SimAddress& result) noexcept;

    /// As getsockname(2) does: copies what fits, and sets `length` to what there is.
    void write_to(sockaddr* address, std::uint32_t* length) const noexcept;
};

}  // namespace rondo::detail
