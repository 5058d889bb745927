// SPDX-License-Identifier: Apache-2.0
/// The addresses of the simulated network: hosts by IPv4 and IPv6 addresses, and Unix paths.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace rondo::detail {

/// A machine of the simulated network. IPv4 addresses use the first four bytes.
struct SimHost {
    int family = 0;  ///< AF_INET or AF_INET6; 0: none
    std::array<std::uint8_t, 16> bytes{};

    auto operator<=>(const SimHost&) const = default;

    /// From a numeric address.
    static std::optional<SimHost> parse(std::string_view text) noexcept;
    static SimHost loopback(int family) noexcept;
    /// "10.0.0.1", "fd00::1".
    std::string to_string() const;

    bool is_any() const noexcept { return bytes == std::array<std::uint8_t, 16>{}; }
    bool is_loopback() const noexcept;
    /// 127.255.255.255: all of this machine.
    bool is_broadcast() const noexcept;
    /// 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7: each of them is a host.
    bool is_private() const noexcept;
};

struct SimAddress {
    int family = 0;  ///< AF_INET, AF_INET6 or AF_UNIX; 0 when there is none
    std::uint16_t port = 0;
    SimHost host;
    std::string path;

    auto operator<=>(const SimAddress&) const = default;

    /// Of a Unix socket that has a file.
    bool is_path() const noexcept { return !path.empty() && path[0] != '\0'; }

    /// 0, or -EAFNOSUPPORT or -EINVAL.
    static int parse(const sockaddr* address, std::uint32_t length, SimAddress& result) noexcept;

    /// As getsockname(2) does: copies what fits, and sets `length` to what there is.
    void write_to(sockaddr* address, std::uint32_t* length) const noexcept;
};

}  // namespace rondo::detail
