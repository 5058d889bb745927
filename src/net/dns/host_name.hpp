// SPDX-License-Identifier: Apache-2.0
/// Names of hosts as text: which are names at all, which never leave this machine, and what they
/// are completed to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/net/address.hpp"

namespace rondo::net::detail {

struct HostName {
    std::string text;       ///< in lower case, without a dot at its end
    bool absolute = false;  ///< it ended with a dot: nothing is added to it

    std::size_t dots() const noexcept;
    bool is_localhost() const noexcept;  ///< RFC 6761: "localhost" and all below it
};

/// What `host` names. Letters, digits, '-' and '_' in labels of at most 63, 253 in all; the last
/// label is no number, for what looks like an address must not be looked up as a name.
///
/// Errors: Error (invalid), which says what is wrong with it.
HostName parse_host_name(std::string_view host);

/// Numeric hosts: "::1", "[::1]", "127.0.0.1", and with a zone "fe80::1%2" or "fe80::1%eth0".
std::optional<Address> parse_numeric_host(std::string_view host);

/// 127.0.0.0/8 and ::1.
bool is_loopback(const Address& address) noexcept;

/// The names that are asked for one after the other, as resolv.conf(5) has it.
std::vector<std::string> candidates(const HostName& host, const std::vector<std::string>& domains,
                                    unsigned ndots);

/// "1.0.0.127.in-addr.arpa", "…ip6.arpa".
std::string reverse_name(const Address& address);

}  // namespace rondo::net::detail
