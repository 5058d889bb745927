// SPDX-License-Identifier: Apache-2.0
/// A TCP connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "rondo/base/bytes.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/io/read_file.hpp"
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
    WriteAll(TcpStream& stream, std::span<const Bytes> parts) noexcept;
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

    /// The same for several parts, in order and with one call to the system: a header and a body
    /// need not be copied together. Requires: fewer than 2 GiB in all.
    WriteAll write_all(std::span<const Bytes> parts) noexcept { return {*this, parts}; }

    /// Sends bytes of the open file `file` from `offset` on, `size` of them or up to its end,
    /// without copying them through the program; gives how many, fewer only where the file ends.
    /// The file's own position is neither used nor moved.
    ///
    /// Cancellation: as write_all. Not promised: that the loop goes on while the disk is read; for
    /// files that are not in memory write what os::File reads.
    Task<std::uint64_t> send_file(int file, std::uint64_t offset = 0,
                                  std::uint64_t size = io::to_the_end);

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
    class PartialSend;
    friend class TcpListener;
    friend class Accept;
    explicit TcpStream(int fd) noexcept : fd_(fd) {}
    static Task<TcpStream> connect_from(Address address, std::optional<Address> local);
    [[noreturn]] void throw_write_error(int result) const;
    Task<> send_by_reading(int file, std::uint64_t offset, std::uint64_t size,
                           PartialSend& account);

    int fd_ = -1;
    bool broken_ = false;  ///< a write stopped halfway
};

}  // namespace rondo::net
