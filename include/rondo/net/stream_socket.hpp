// SPDX-License-Identifier: Apache-2.0
/// What TCP connections and Unix connections have in common: bytes in order, both ways.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/base/bytes.hpp"
#include "rondo/base/config.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/io/read_file.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/net/socket.hpp"

namespace rondo::net {

class StreamSocket;

/// The awaitable of StreamSocket::read_some.
class [[nodiscard]] ReadSome : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    std::size_t await_resume() const;

private:
    friend class StreamSocket;
    ReadSome(const StreamSocket& stream, MutableBytes to) noexcept;
    const StreamSocket* stream_;
};

/// The awaitable of StreamSocket::read_leased.
class [[nodiscard]] ReadLeased : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    io::Lease await_resume() const;

private:
    friend class StreamSocket;
    explicit ReadLeased(const StreamSocket& stream) noexcept;
    const StreamSocket* stream_;
};

/// The awaitable of StreamSocket::write_all.
class [[nodiscard]] WriteAll : AwaitOperation {
public:
    bool await_ready() noexcept;
    using AwaitOperation::await_suspend;
    WriteAll(WriteAll&&) noexcept = default;
    ~WriteAll();
    void await_resume() const;

private:
    friend class StreamSocket;
    WriteAll(StreamSocket& stream, Bytes bytes) noexcept;
    WriteAll(StreamSocket& stream, std::span<const Bytes> parts) noexcept;
    bool refuse() noexcept;
    StreamSocket* stream_;
};

/// One connection: bytes in order, both ways, each way ended on its own. The base of TcpStream and
/// UnixStream.
class StreamSocket : public Socket {
public:
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

    /// For errors: the peer's address, if it is still known.
    std::string name() const;

protected:
    StreamSocket() noexcept = default;
    explicit StreamSocket(int fd) noexcept : Socket(fd) {}
    StreamSocket(StreamSocket&&) noexcept = default;
    StreamSocket& operator=(StreamSocket&&) noexcept = default;
    ~StreamSocket() = default;

    /// What writes find: nobody, who sends a message by several operations, or nothing to send to
    /// since a write stopped halfway.
    enum class Output : std::uint8_t { free, taken, broken };

    /// A message of several operations: net/long_message.hpp.
    class LongMessage;
    class MessagePart;

    /// Sends the next bytes of a message.
    Task<> send_part(Bytes bytes, LongMessage& message);

private:
    friend class ReadSome;
    friend class ReadLeased;
    friend class WriteAll;
    /// 0, or the -errno of a write that must not begin.
    int refusal() const noexcept;
    [[noreturn]] void throw_read_error(int result) const;
    [[noreturn]] void throw_write_error(int result, const char* operation = "write") const;
    Task<> send_by_reading(int file, std::uint64_t offset, std::uint64_t size,
                           LongMessage& message);

    Output output_ = Output::free;
};

RONDO_INLINE std::size_t ReadSome::await_resume() const {
    const int got = AwaitOperation::await_resume();
    if (got < 0) [[unlikely]] {
        stream_->throw_read_error(got);
    }
    return static_cast<std::size_t>(got);
}

RONDO_INLINE ReadLeased::ReadLeased(const StreamSocket& stream) noexcept
    : AwaitOperation(OperationKind::receive_leased, stream.fd_), stream_(&stream) {}

RONDO_INLINE io::Lease ReadLeased::await_resume() const {
    const int got = AwaitOperation::await_resume();
    if (got < 0) [[unlikely]] {
        stream_->throw_read_error(got);
    }
    return io::Lease::adopt(got > 0 ? lease() : nullptr, static_cast<std::size_t>(got));
}

RONDO_INLINE WriteAll::WriteAll(StreamSocket& stream, Bytes bytes) noexcept
    : AwaitOperation(OperationKind::send_all, stream.fd_, const_cast<std::byte*>(bytes.data()),
                     static_cast<std::uint32_t>(bytes.size())),
      stream_(&stream) {
    RONDO_REQUIRE(bytes.size() <= INT_MAX, "write_all of 2 GiB or more");
}

RONDO_INLINE bool WriteAll::await_ready() noexcept {
    return stream_->output_ == StreamSocket::Output::free ? AwaitOperation::await_ready()
                                                          : refuse();
}

RONDO_INLINE void WriteAll::await_resume() const {
    if (const int sent = AwaitOperation::await_resume(); sent < 0) [[unlikely]] {
        stream_->throw_write_error(sent);
    }
}

RONDO_INLINE WriteAll::~WriteAll() {
    if (AwaitOperation::await_resume() < 0 && bytes_moved() > 0) [[unlikely]] {
        stream_->output_ = StreamSocket::Output::broken;
    }
}

}  // namespace rondo::net
