// SPDX-License-Identifier: Apache-2.0
/// Numeric internet addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace rondo::net {

/// An IPv4 or IPv6 address with a port. A value: copied freely, compared by ==.
class Address {
public:
    /// 0.0.0.0:0, for listening: every address of this machine, any free port.
    Address() noexcept;

    /// From a numeric host, "127.0.0.1", "::1" or "[::1]"; of a link-local one with the number of
    /// its interface, "fe80::1%2". Names are not looked up, nor those of interfaces: see resolve().
    ///
    /// Errors: Error (invalid) when `host` is no numeric address.
    static Address parse(std::string_view host, std::uint16_t port);
    /// From "127.0.0.1:80" or "[::1]:80".
    static Address parse(std::string_view host_and_port);
    /// Empty instead of the error.
    static std::optional<Address> try_parse(std::string_view host, std::uint16_t port) noexcept;
    static std::optional<Address> try_parse(std::string_view host_and_port) noexcept;
    /// 127.0.0.1 with this port.
    static Address loopback(std::uint16_t port) noexcept;
    /// As the system has it; empty when it is neither IPv4 nor IPv6.
    static std::optional<Address> from(const sockaddr* address, std::uint32_t length) noexcept;

    std::uint16_t port() const noexcept;
    Address with_port(std::uint16_t port) const noexcept;
    bool is_ipv6() const noexcept;
    /// "127.0.0.1", "::1", "fe80::1%2"; parse() reads it back.
    std::string host() const;
    /// "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80"; parse() reads it back.
    std::string to_string() const;

    // For system calls.
    int family() const noexcept;
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(bytes_); }
    std::uint32_t size() const noexcept { return size_; }

    friend bool operator==(const Address& a, const Address& b) noexcept;

private:
    static constexpr std::size_t capacity = 28;

    alignas(8) std::byte bytes_[capacity] = {};
    std::uint32_t size_ = 0;
};

}  // namespace rondo::net
