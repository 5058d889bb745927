// SPDX-License-Identifier: Apache-2.0
// Addresses: as text against inet_pton and against their own text, and as the system gives them.
#include "rondo/net/address.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

#include <charconv>
#include <cstdint>

#include "fuzz/target.hpp"
#include "rondo/net/unix_address.hpp"
#include "sim/sim_address.hpp"

namespace rondo::test {
namespace {

using net::Address;
using net::UnixAddress;

/// Digits that are neither 0 nor beyond 32 bits.
bool is_zone(std::string_view text) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number != 0;
}

bool is_numeric(std::string_view host) {
    if (host.find('\0') != host.npos) {
        return false;
    }
    const bool in_brackets = host.size() >= 2 && host.starts_with('[') && host.ends_with(']');
    if (in_brackets) {
        host = host.substr(1, host.size() - 2);
    }
    const std::size_t percent = host.find('%');
    const bool has_zone = percent != host.npos;
    const std::string text(host.substr(0, percent));
    in6_addr bytes;
    if (inet_pton(AF_INET6, text.c_str(), &bytes) == 1) {
        return !has_zone || is_zone(host.substr(percent + 1));
    }
    return !in_brackets && !has_zone && inet_pton(AF_INET, text.c_str(), &bytes) == 1;
}

void expect_round_trip(const Address& address) {
    RONDO_ASSERT(Address::parse(address.to_string()) == address, "an address reads its own text");
    RONDO_ASSERT(Address::parse(address.host(), address.port()) == address, "and its own host");
    RONDO_ASSERT(*Address::from(address.data(), address.size()) == address, "and its own bytes");
}

void try_text(std::string_view text) {
    const auto of_host = Address::try_parse(text, 80);
    RONDO_ASSERT(of_host.has_value() == is_numeric(text), "a host is what inet_pton takes");
    if (of_host) {
        expect_round_trip(*of_host);
    }
    const auto both = Address::try_parse(text);
    RONDO_ASSERT(both.has_value() == !refuses([&] { Address::parse(text); }), "parse, try_parse");
    if (both) {
        expect_round_trip(*both);
        const std::string_view host = text.substr(0, text.rfind(':'));
        RONDO_ASSERT(*both == *Address::try_parse(host, both->port()), "host and port");
        RONDO_ASSERT(both->is_ipv6() == host.starts_with('['), "an IPv6 host has its brackets");
    }
    const auto host = detail::SimHost::parse(text);
    RONDO_ASSERT(!host || detail::SimHost::parse(host->to_string()) == host, "a simulated host");
    RONDO_ASSERT(!host || is_numeric(text), "the simulation takes no other hosts");
}

void try_unix_name(std::string_view text) {
    const bool fits = !text.empty() && text.size() <= UnixAddress::length_max;
    RONDO_ASSERT(refuses([&] { UnixAddress::abstract(text); }) == !fits, "an abstract name");
    if (fits) {
        const UnixAddress name = UnixAddress::abstract(text);
        RONDO_ASSERT(name.is_abstract() && name.name() == text, "an abstract name is kept");
        RONDO_ASSERT(*UnixAddress::from(name.data(), name.size()) == name, "as bytes");
    }
    const bool is_path = fits && text.find('\0') == text.npos;
    RONDO_ASSERT(refuses([&] { UnixAddress::path(text); }) == !is_path, "a path");
    if (is_path) {
        const UnixAddress path = UnixAddress::path(text);
        RONDO_ASSERT(path.is_path() && path.name() == text && path.file() == text, "a path");
        RONDO_ASSERT(*UnixAddress::from(path.data(), path.size()) == path, "as bytes");
    }
}

// The system says how much it has; never more than there is.
void try_bytes(std::string_view bytes) {
    alignas(sockaddr_storage) char storage[sizeof(sockaddr_storage)] = {};
    const std::size_t size = bytes.copy(storage, sizeof storage);
    const auto* const address = reinterpret_cast<const sockaddr*>(storage);
    const auto length = static_cast<std::uint32_t>(size);
    if (const auto internet = Address::from(address, length)) {
        RONDO_ASSERT(internet->size() <= length, "no more than there is");
        RONDO_ASSERT(internet->with_port(7).port() == 7, "another port");
        RONDO_ASSERT(Address::try_parse(internet->to_string()).has_value(), "its text is one");
    }
    if (detail::SimAddress simulated; length >= sizeof address->sa_family) {
        detail::SimAddress::parse(address, length, simulated);
    }
    if (const auto local = UnixAddress::from(address, length)) {
        RONDO_ASSERT(local->is_path() + local->is_abstract() + local->is_unnamed() == 1, "a kind");
        RONDO_ASSERT(local->size() <= std::max<std::size_t>(length, 2), "no more than there is");
        RONDO_ASSERT(!local->to_string().empty(), "it has a text");
        if (local->is_path()) {
            RONDO_ASSERT(local->file() == local->name(), "a path ends with a zero");
        }
    }
}

}  // namespace

void try_input(std::string_view input) {
    try_text(input);
    try_unix_name(input);
    try_bytes(input);
}

}  // namespace rondo::test
