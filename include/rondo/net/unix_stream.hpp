// SPDX-License-Identifier: Apache-2.0
/// Connections between processes of one machine, which carry descriptors too.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "rondo/coro/task.hpp"
#include "rondo/net/stream_socket.hpp"
#include "rondo/net/unix_address.hpp"

namespace rondo::net {

class UnixStream;

/// A descriptor of any kind, closed once. What another process sent, or what is to be sent.
class Descriptor : public Socket {
public:
    Descriptor() noexcept = default;
    /// Takes over `descriptor`.
    explicit Descriptor(int descriptor) noexcept : Socket(descriptor) {}
    /// Gives it away: it is closed by somebody else.
    int release() noexcept { return std::exchange(fd_, -1); }
};

/// What receive_descriptors() took: bytes, and the descriptors that came with them.
struct ReceivedDescriptors {
    std::size_t bytes = 0;  ///< in the buffer; 0: end of stream
    std::vector<Descriptor> descriptors;
    bool truncated = false;  ///< more were sent than were allowed, or than this process may have
};

/// Who made the connection, as the kernel knows it: at the time of its connect (or listen).
struct PeerCredentials {
    int process;
    unsigned user;
    unsigned group;
};

/// One Unix connection.
class UnixStream : public StreamSocket {
public:
    /// A closed stream.
    UnixStream() noexcept = default;
    /// Takes over a connected Unix stream socket, which is closed with the stream.
    static UnixStream adopt(int descriptor) noexcept { return UnixStream(descriptor); }

    /// A connection to who listens at `address`. While its queue is full, tries again.
    ///
    /// Errors: `not_found` when there is no such file; `refused` when there is, and nobody listens.
    static Task<UnixStream> connect(UnixAddress address);
    /// Two ends of one connection.
    static std::pair<UnixStream, UnixStream> pair();

    /// Sends `bytes`, which are at least one, and with the first of them copies of `descriptors`,
    /// at most 253: the peer gets descriptors of its own to the same files.
    ///
    /// Cancellation: as write_all; whether the descriptors went is known only if it was not stopped
    /// or no byte was sent. Errors: `not_supported` in the simulation.
    Task<> send_descriptors(std::span<const int> descriptors, Bytes bytes);

    /// Reads what is there, as read_some does, and what descriptors came with it, at most `most`.
    /// They are close-on-exec. Those beyond `most` are closed, and `truncated` says so. A plain
    /// read_some closes all that come.
    Task<ReceivedDescriptors> receive_descriptors(MutableBytes to, std::size_t most = 16);

    PeerCredentials peer_credentials() const;
    UnixAddress local_address() const;
    UnixAddress peer_address() const;

private:
    friend class UnixListener;
    friend class AcceptUnix;
    explicit UnixStream(int fd) noexcept : StreamSocket(fd) {}
};

}  // namespace rondo::net
