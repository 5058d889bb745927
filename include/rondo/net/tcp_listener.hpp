// SPDX-License-Identifier: Apache-2.0
/// The side of TCP that waits for connections.
#pragma once

#include "rondo/loop/await_operation.hpp"
#include "rondo/net/address.hpp"
#include "rondo/net/tcp_stream.hpp"

namespace rondo::net {

class TcpListener;

struct ListenOptions {
    int backlog = 4096;       ///< connections that the system keeps until they are accepted
    bool share_port = false;  ///< other listeners, of other loops, may have the same port
};

/// The awaitable of TcpListener::accept.
class [[nodiscard]] Accept : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    TcpStream await_resume() const;

private:
    friend class TcpListener;
    explicit Accept(const TcpListener& listener) noexcept;
    const TcpListener* listener_;
};

/// A listening socket; closed once, by close() or the destructor.
///
/// Requires: moved, closed and destroyed only while no accept() waits, and while its loop runs.
class TcpListener {
public:
    /// A closed listener.
    TcpListener() noexcept = default;
    TcpListener(TcpListener&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    TcpListener& operator=(TcpListener&& other) noexcept;
    ~TcpListener() { close(); }

    /// Port 0 is any free one: see local_address().
    static TcpListener listen(const Address& address, ListenOptions options = {});

    /// The next connection, with no_delay set. No connection is taken that nobody asked for.
    ///
    /// Errors: `exhausted` (no descriptors left) and `reset` (the peer has gone again) are passing:
    /// accept again, after a pause in the first case.
    Accept accept() noexcept { return Accept(*this); }

    /// Connections that were not accepted are reset. Idempotent.
    void close() noexcept;
    bool is_open() const noexcept { return fd_ >= 0; }

    Address local_address() const;
    int descriptor() const noexcept { return fd_; }

private:
    friend class Accept;
    explicit TcpListener(int fd) noexcept : fd_(fd) {}

    int fd_ = -1;
};

}  // namespace rondo::net
