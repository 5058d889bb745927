// SPDX-License-Identifier: Apache-2.0
/// How a TCP connection behaves.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "rondo/base/time.hpp"

namespace rondo::net {

/// When a silent peer is asked whether it is still there: after `idle`, then each `interval`; after
/// `count` questions without an answer the connection ends with Errc::timed_out. Whole seconds.
struct KeepAlive {
    std::chrono::seconds idle{60};
    std::chrono::seconds interval{10};
    int count = 6;

    bool operator==(const KeepAlive&) const = default;
};

/// What a connection begins with. Members are trivially destructible: safe in any call on g++ 12.
struct TcpOptions {
    bool no_delay = true;                 ///< small writes go out at once, as asyncio has it
    std::optional<KeepAlive> keep_alive;  ///< none: a peer that vanishes while idle stays unnoticed
    /// How long written bytes may stay unconfirmed by the peer until the connection ends with
    /// Errc::timed_out; zero: the system's, a quarter of an hour.
    Duration user_timeout = Duration::zero();
    std::size_t receive_buffer = 0;  ///< bytes, see Socket; 0: the system grows it as needed
    std::size_t send_buffer = 0;
};

}  // namespace rondo::net
