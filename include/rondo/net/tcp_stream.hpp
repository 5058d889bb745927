// SPDX-License-Identifier: Apache-2.0
/// A TCP connection.
#pragma once

#include <optional>

#include "rondo/coro/task.hpp"
#include "rondo/net/address.hpp"
#include "rondo/net/stream_socket.hpp"
#include "rondo/net/tcp_options.hpp"

namespace rondo::net {

/// One TCP connection.
class TcpStream : public StreamSocket {
public:
    /// A closed stream.
    TcpStream() noexcept = default;
    /// Takes over a connected TCP socket, which is closed with the stream.
    static TcpStream adopt(int descriptor) noexcept { return TcpStream(descriptor); }

    /// A connection to `address`.
    static Task<TcpStream> connect(Address address, TcpOptions options = {});
    /// The same from `local`, an address of this machine; port 0 is any free one.
    static Task<TcpStream> connect(Address address, Address local, TcpOptions options = {});

    /// Breaks the connection: what is still to be sent is thrown away, and the peer's next call
    /// fails with Errc::reset. For peers that broke the rules; close() says good-bye.
    void reset() noexcept;

    /// False lets the system collect small writes into larger packets.
    void set_no_delay(bool on);
    bool no_delay() const;
    /// Empty: silence is never questioned.
    void set_keep_alive(std::optional<KeepAlive> options);
    std::optional<KeepAlive> keep_alive() const;
    /// See TcpOptions; in milliseconds.
    void set_user_timeout(Duration timeout);
    Duration user_timeout() const;
    /// True: received bytes are confirmed at once, for a while; the system may change its mind.
    void set_quick_ack(bool on);

    Address local_address() const;
    Address peer_address() const;

private:
    friend class TcpListener;
    friend class Accept;
    friend class AcceptFrom;
    explicit TcpStream(int fd) noexcept : StreamSocket(fd) {}
    static Task<TcpStream> connect_from(Address address, std::optional<Address> local,
                                        TcpOptions options);
};

}  // namespace rondo::net
