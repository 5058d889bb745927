// SPDX-License-Identifier: Apache-2.0
/// In which order a host's addresses are tried: RFC 6724, without the rules about what only
/// mobile hosts and tunnels know.
#pragma once

#include <optional>
#include <vector>

#include "rondo/loop/driver.hpp"
#include "rondo/net/address.hpp"

namespace rondo::net::detail {

/// An address, and the one of this machine that would be used towards it, if there is one.
struct Destination {
    Address to;
    std::optional<Address> from;
};

/// True: `a` is to be tried before `b`.
bool comes_before(const Destination& a, const Destination& b);

/// Sorts; equal ones keep their order. Only the first 64 are looked at, the rest stays behind them:
/// each costs some system calls.
std::vector<Address> in_order(std::vector<Address> addresses, Driver& driver);

}  // namespace rondo::net::detail
