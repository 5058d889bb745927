// SPDX-License-Identifier: Apache-2.0
/// UDP.
#pragma once

#include <cstddef>

#include "rondo/net/address.hpp"
#include "rondo/net/datagram_socket.hpp"

namespace rondo::net {

/// What a UDP socket begins with. Members are trivially destructible.
struct UdpOptions {
    bool share_port = false;     ///< other sockets may have the same port; each sender keeps to one
    bool reuse_address = false;  ///< multicast: each of the sockets at the port gets a copy
    bool broadcast = false;      ///< may send to broadcast addresses
    bool dual_stack = false;     ///< of an IPv6 address: IPv4 too, as ::ffff:a.b.c.d
    std::size_t receive_buffer = 0;  ///< bytes, see Socket; 0: the system's
    std::size_t send_buffer = 0;
};

/// A UDP socket. The network may lose, repeat and reorder datagrams, and throws away what comes
/// while the receive buffer is full.
///
/// Errors: a connected socket whose peer's port is closed gets `refused`, once, from its next call
/// of any kind after the answer came; the datagram of that call was not sent. Others hear nothing.
/// A datagram that is too long for the network is `invalid`.
class UdpSocket : public DatagramSocket<Address> {
public:
    /// A closed socket.
    UdpSocket() noexcept = default;

    /// Receives what is sent to `local`; port 0 is any free one.
    static UdpSocket bind(const Address& local, UdpOptions options = {});
    /// Exchanges datagrams with `peer` only, from any free port.
    static UdpSocket connect(const Address& peer, UdpOptions options = {});
    /// From now on exchanges datagrams with `peer` only.
    void connect_to(const Address& peer);

    /// Receives what is sent to the group, on the interface with this index; 0: the system's
    /// choice.
    void join_group(const Address& group, unsigned interface = 0);
    void leave_group(const Address& group, unsigned interface = 0);
    /// Whether this machine gets what is sent to a group too. True at first.
    void set_multicast_loop(bool on);
    /// How many routers a datagram to a group may pass. 1 at first.
    void set_multicast_hops(int hops);

    Address local_address() const;
    /// Requires: connected.
    Address peer_address() const;

private:
    explicit UdpSocket(int fd) noexcept : DatagramSocket(fd) {}
    static UdpSocket open(const Address& address, const UdpOptions& options, const char* what);
    void change_group(const Address& group, unsigned interface, bool join);
};

}  // namespace rondo::net
