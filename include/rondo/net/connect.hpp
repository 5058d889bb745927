// SPDX-License-Identifier: Apache-2.0
/// From the name of a host to a connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "rondo/base/time.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/net/resolver.hpp"
#include "rondo/net/tcp_stream.hpp"

namespace rondo::net {

/// How connect() connects. The delays are those that RFC 8305 recommends.
struct ConnectOptions {
    Family family = Family::any;
    /// The next address is tried when the one before has not answered for so long.
    Duration attempt_delay = std::chrono::milliseconds(250);
    /// IPv4 addresses that are known first wait so long for the IPv6 ones.
    Duration resolution_delay = std::chrono::milliseconds(50);
    /// An attempt that takes longer has failed; unset: as long as the system tries.
    std::optional<Duration> attempt_timeout;
    /// Connections come from this address, of which only the family's hosts are tried; port 0: any.
    /// From one port there is one attempt at a time: an address that is silent needs a timeout.
    std::optional<Address> local;
    Resolver* resolver = nullptr;  ///< null: the loop's own

    ConnectOptions() noexcept {}
};

/// A connection to `host`, which is a name or numeric, with no_delay set. When it has several
/// addresses they race (Happy Eyeballs, RFC 8305): IPv6 and IPv4 by turns, each a little after the
/// one before; the first to answer wins, the others are closed before this returns. At most 64
/// are tried, half of which are kept for the other family as long as that may have some.
///
///     TcpStream stream = co_await rondo::timeout(10s, rondo::net::connect("example.com", 443));
///
/// Errors: when no address answers, what() lists each with its failure; the code is the first
/// one's. When the name cannot be resolved, that error: see Resolver.
Task<TcpStream> connect(std::string host, std::uint16_t port, ConnectOptions options = {});

}  // namespace rondo::net
