// SPDX-License-Identifier: Apache-2.0
/// Datagrams between processes of one machine: in order, none lost.
#pragma once

#include <string>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/net/datagram_socket.hpp"
#include "rondo/net/unix_address.hpp"

namespace rondo::net {

/// A Unix datagram socket. A send waits while its receiver has no room.
///
/// The file of one that is bound to a path goes with it, unless another one has its place by then.
/// Not promised: which file that is when another one takes the path at the same moment; see
/// UnixListener.
class UnixDatagram : public DatagramSocket<UnixAddress> {
public:
    /// A closed socket.
    UnixDatagram() noexcept = default;
    UnixDatagram(UnixDatagram&&) noexcept = default;
    UnixDatagram& operator=(UnixDatagram&& other) noexcept;
    ~UnixDatagram() { close(); }

    /// Receives what is sent to `address`. A file where nobody receives any more is replaced.
    ///
    /// Errors: `in_use`.
    static UnixDatagram bind(const UnixAddress& address);
    /// A socket without a name, which can send but hear no answer.
    static UnixDatagram unbound();
    /// Two sockets that are connected to each other.
    static std::pair<UnixDatagram, UnixDatagram> pair();

    /// From now on `to` is the peer of send().
    ///
    /// Errors: `not_found`, `refused`: nobody receives there.
    void connect_to(const UnixAddress& to);

    /// Sends to `to`; while its queue is full, tries again, for the kernel does not say when there
    /// is room. (send() to a fixed peer is told.)
    Task<> send_to(Bytes bytes, UnixAddress to);

    /// Idempotent.
    void close() noexcept;

    UnixAddress local_address() const noexcept { return address_; }

private:
    explicit UnixDatagram(int fd) noexcept : DatagramSocket(fd) {}

    UnixAddress address_;
    SocketFile file_;  ///< to be removed
};

}  // namespace rondo::net
