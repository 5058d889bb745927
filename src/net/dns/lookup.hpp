// SPDX-License-Identifier: Apache-2.0
/// The addresses of a host, as they come: IPv6 and IPv4 are two questions, and one of the answers
/// may be late.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/dns/resolver_state.hpp"

namespace rondo::net::detail {

/// Who hears of addresses.
class Arrivals {
public:
    virtual ~Arrivals() = default;
    /// Another name is asked for: what arrived before was nothing.
    virtual void begin() = 0;
    /// The addresses of one family, with port 0; empty: there are none. Once for each family that
    /// was asked for.
    virtual void arrived(Family family, std::vector<Address> addresses) = 0;
};

/// Looks `host` up, and tells `to`. Ends when nothing more can come.
///
/// Errors: when there is no address at all.
Task<> look_up(std::shared_ptr<ResolverState> state, std::string host, Family family, Arrivals& to);

}  // namespace rondo::net::detail
