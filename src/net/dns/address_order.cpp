// SPDX-License-Identifier: Apache-2.0
#include "net/dns/address_order.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "net/dns/sort_stably.hpp"

namespace rondo::net::detail {
namespace {

using Bytes16 = std::array<std::uint8_t, 16>;

// IPv4 addresses take part as ::ffff:a.b.c.d.
Bytes16 bytes_of(const Address& address) noexcept {
    Bytes16 bytes{};
    if (address.is_ipv6()) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, address.data(), sizeof ipv6);
        std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
    } else {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, address.data(), sizeof ipv4);
        bytes[10] = bytes[11] = 0xff;
        std::memcpy(bytes.data() + 12, &ipv4.sin_addr, 4);
    }
    return bytes;
}

int common_bits(const Bytes16& a, const Bytes16& b) noexcept {
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto differ = static_cast<std::uint8_t>(a[i] ^ b[i]);
        if (differ != 0) {
            return static_cast<int>(i) * 8 + std::countl_zero(differ);
        }
    }
    return 128;
}

struct Policy {
    Bytes16 prefix;
    int bits;
    int precedence;
    int label;
};

// The table of RFC 6724, 2.1; longer prefixes first.
constexpr std::array<Policy, 9> policies{{
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 50, 0},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 35, 4},
    {{}, 96, 1, 3},
    {{0x20, 0x01}, 32, 5, 5},
    {{0x20, 0x02}, 16, 30, 2},
    {{0x3f, 0xfe}, 16, 1, 12},
    {{0xfe, 0xc0}, 10, 1, 11},
    {{0xfc}, 7, 3, 13},
    {{}, 0, 40, 1},
}};

const Policy& policy_of(const Bytes16& address) noexcept {
    return *std::find_if(policies.begin(), policies.end(), [&](const Policy& policy) {
        return common_bits(policy.prefix, address) >= policy.bits;
    });
}

constexpr int link_local = 2;
constexpr int site_local = 5;
constexpr int global = 14;

int scope_of(const Bytes16& address) noexcept {
    const Policy& policy = policy_of(address);
    if (policy.label == 4) {
        const bool local = address[12] == 127 || (address[12] == 169 && address[13] == 254);
        return local ? link_local : global;
    }
    if (address[0] == 0xff) {
        return address[1] & 0xf;
    }
    if (policy.label == 0 || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80)) {
        return link_local;
    }
    return policy.label == 11 ? site_local : global;
}

/// What the rules compare.
struct Rank {
    bool usable = false;
    bool same_scope = false;
    bool same_label = false;
    int precedence = 0;
    int scope = 0;
    int common = 0;
    bool ipv6 = false;

    explicit Rank(const Destination& destination) noexcept {
        const Bytes16 to = bytes_of(destination.to);
        usable = destination.from.has_value();
        precedence = policy_of(to).precedence;
        scope = scope_of(to);
        ipv6 = destination.to.is_ipv6();
        if (usable) {
            const Bytes16 from = bytes_of(*destination.from);
            same_scope = scope_of(from) == scope;
            same_label = policy_of(from).label == policy_of(to).label;
            common = std::min(common_bits(from, to), 64);
        }
    }

    bool operator<(const Rank& other) const noexcept {
        if (usable != other.usable) {
            return usable;
        }
        if (same_scope != other.same_scope) {
            return same_scope;
        }
        if (same_label != other.same_label) {
            return same_label;
        }
        if (precedence != other.precedence) {
            return precedence > other.precedence;
        }
        if (scope != other.scope) {
            return scope < other.scope;
        }
        return ipv6 && other.ipv6 && common > other.common;
    }
};

std::optional<Address> source_of(const Address& to, Driver& driver) {
    sockaddr_storage from{};
    auto* const name = reinterpret_cast<sockaddr*>(&from);
    std::uint32_t length = sizeof from;
    const Address somewhere = to.port() != 0 ? to : to.with_port(9);
    if (driver.source_of(somewhere.data(), somewhere.size(), name, &length) < 0) {
        return std::nullopt;
    }
    return Address::from(name, length);
}

}  // namespace

bool comes_before(const Destination& a, const Destination& b) { return Rank(a) < Rank(b); }

std::vector<Address> in_order(std::vector<Address> addresses, Driver& driver) {
    constexpr std::size_t looked_at_max = 64;
    const std::size_t count = std::min(addresses.size(), looked_at_max);
    if (addresses.size() <= 1) {
        return addresses;
    }
    std::vector<std::pair<Rank, Address>> ranked;
    ranked.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        const Destination destination{addresses[i], source_of(addresses[i], driver)};
        ranked.emplace_back(Rank(destination), addresses[i]);
    }
    sort_stably(ranked, [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < count; ++i) {
        addresses[i] = ranked[i].second;
    }
    return addresses;
}

}  // namespace rondo::net::detail
