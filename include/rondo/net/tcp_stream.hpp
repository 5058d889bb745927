// SPDX-License-Identifier: Apache-2.0
/// A TCP connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/net/address.hpp"

namespace rondo::net {

class TcpStream;

/// The awaitable of TcpStream::read_some.
class [[nodiscard]] ReadSome : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    std::size_t await_resume() const;

private:
    friend class TcpStream;
    ReadSome(const TcpStream& stream, MutableBytes to) noexcept;
    const TcpStream* stream_;
};

/// The awaitable of TcpStream::read_leased.
class [[nodiscard]] ReadLeased : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    io::Lease await_resume() const;

private:
    friend class TcpStream;
    explicit ReadLeased(const TcpStream& stream) noexcept;
    const TcpStream* stream_;
};

/// The awaitable of TcpStream::write_all.
class [[nodiscard]] WriteAll : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    WriteAll(WriteAll&&) noexcept = default;
    ~WriteAll();
    void await_resume() const;

private:
    friend class TcpStream;
    WriteAll(TcpStream& stream, Bytes bytes) noexcept;
    TcpStream* stream_;
};

/// One connection: bytes in order, both ways, each way ended on its own. Its descriptor is closed
/// once, by close() or the destructor.
///
/// Requires: moved, closed and destroyed only while none of its operations waits, and while its
/// loop runs. (A stopped task's operations end before its frames are destroyed.)
class TcpStream {
public:
    /// A closed stream.
    TcpStream() noexcept = default;
    TcpStream(TcpStream&& other) noexcept;
    TcpStream& operator=(TcpStream&& other) noexcept;
    ~TcpStream() { close(); }

    /// A connection to `address`, with no_delay set, as asyncio has it.
    static Task<TcpStream> connect(Address address);
    /// The same from `local`, an address of this machine; port 0 is any free one.
    static Task<TcpStream> connect(Address address, Address local);

    /// Reads what is there, at most to.size() bytes, as soon as something is; gives the number of
    /// bytes, 0 at end of stream. Requires: `to` is not empty.
    ReadSome read_some(MutableBytes to) noexcept { return {*this, to}; }

    /// Reads what is there into a buffer of the loop's, which is taken only when there are bytes:
    /// a connection that waits owns no buffer.
    ReadLeased read_leased() noexcept { return ReadLeased(*this); }

    /// Returns when the system took all bytes.
    ///
    /// Cancellation: a stopped write may have sent a part. Then the stream is no longer writable:
    /// further writes fail with Errc::closed. Requires: fewer than 2 GiB.
    WriteAll write_all(Bytes bytes) noexcept { return {*this, bytes}; }

    /// Ends the outgoing direction: the peer reads an end of stream after what was written.
    void shutdown_write();

    /// Both directions end now; what was written before still goes out. Idempotent.
    void close() noexcept;
    bool is_open() const noexcept { return fd_ >= 0; }

    /// False lets the system collect small writes into larger packets.
    void set_no_delay(bool on);

    Address local_address() const;
    Address peer_address() const;
    /// For errors: the peer's address, if it is still known.
    std::string name() const;

    /// The descriptor, for options that have no function here; -1 when closed.
    int descriptor() const noexcept { return fd_; }

private:
    friend class ReadSome;
    friend class ReadLeased;
    friend class WriteAll;
    friend class TcpListener;
    friend class Accept;
    explicit TcpStream(int fd) noexcept : fd_(fd) {}
    static Task<TcpStream> connect_from(Address address, std::optional<Address> local);
    int fd_ = -1;
    bool broken_ = false;  ///< a write stopped halfway
};

}  // namespace rondo::net
