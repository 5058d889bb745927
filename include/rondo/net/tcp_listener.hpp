// SPDX-License-Identifier: Apache-2.0
/// The side of TCP that waits for connections.
#pragma once

#include <cstddef>
#include <utility>

#include "rondo/loop/await_operation.hpp"
#include "rondo/net/address.hpp"
#include "rondo/net/tcp_stream.hpp"

namespace rondo::net {

class TcpListener;

/// Members are trivially destructible: safe in any call on g++ 12.
struct ListenOptions {
    int backlog = 4096;        ///< connections that the system keeps until they are accepted
    bool share_port = false;   ///< other listeners, of other loops, may have the same port
    bool dual_stack = false;   ///< of an IPv6 address: IPv4 connections too, as ::ffff:a.b.c.d
    TcpOptions accepted = {};  ///< of the connections
};

/// The awaitable of TcpListener::accept.
class [[nodiscard]] Accept : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    TcpStream await_resume() const;

private:
    friend class TcpListener;
    Accept(const TcpListener& listener, bool beside) noexcept;
    const TcpListener* listener_;
};

/// A connection, and who is at the other end, also when it has gone again.
struct AcceptedTcp {
    TcpStream stream;
    Address peer;

    AcceptedTcp(TcpStream connection, const Address& from) noexcept
        : stream(std::move(connection)), peer(from) {}
};

/// The awaitable of TcpListener::accept_from.
class [[nodiscard]] AcceptFrom : AwaitOperation {
public:
    bool await_ready() noexcept {
        aim(peer_, sizeof peer_);
        return AwaitOperation::await_ready();
    }
    using AwaitOperation::await_suspend;
    AcceptedTcp await_resume() const;

private:
    friend class TcpListener;
    explicit AcceptFrom(const TcpListener& listener) noexcept;
    const TcpListener* listener_;
    alignas(8) std::byte peer_[28] = {};
};

/// A listening socket.
class TcpListener : public Socket {
public:
    /// A closed listener.
    TcpListener() noexcept = default;

    /// Port 0 is any free one: see local_address().
    static TcpListener listen(const Address& address, ListenOptions options = {});

    /// The next connection. No connection is taken that nobody asked for.
    ///
    /// Errors: `exhausted` (no descriptors left) and `reset` (the peer has gone again) are passing:
    /// accept again, after a pause in the first case. serve() does all this.
    Accept accept() noexcept { return {*this, false}; }
    /// The same; on a driver that accepts_beside() any number of these may wait at once, and none
    /// beside an accept() of the other kinds. See ServeOptions::accepts_at_once.
    ///
    /// Cancellation: not at once; it may still give a connection.
    Accept accept_beside() noexcept { return {*this, true}; }
    /// The same, with the peer's address at no further cost.
    AcceptFrom accept_from() noexcept { return AcceptFrom(*this); }

    Address local_address() const;
    /// For errors: where it listens.
    std::string name() const;

private:
    friend class Accept;
    friend class AcceptFrom;
    explicit TcpListener(int fd) noexcept : Socket(fd) {}
};

}  // namespace rondo::net
