// SPDX-License-Identifier: Apache-2.0
/// Streams between tasks of one loop, in memory: a program tests its protocol, or joins two of its
/// parts, without a socket.
///
/// They behave as the real ones do: bounded, and a write waits while nobody reads; an end after
/// shutdown_write() or close(); Errc::closed for who writes to a reader that has gone; and, of a
/// duplex stream, Errc::reset for who had sent bytes that were never read. Bytes go straight from
/// the writer's memory to a reader that waits.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "rondo/base/bytes.hpp"
#include "rondo/coro/awaiter.hpp"
#include "rondo/io/lease.hpp"

namespace rondo::io {

namespace detail {

class MemorySocket;

struct MemorySocketDeleter {
    void operator()(MemorySocket* socket) const noexcept;
};
using MemorySocketPointer = std::unique_ptr<MemorySocket, MemorySocketDeleter>;

/// What the awaitables of memory streams share.
class MemoryOperation : protected rondo::detail::Leaf {
public:
    bool await_ready() noexcept;
    void await_suspend(rondo::detail::Awaiting frame) noexcept;

protected:
    MemoryOperation(MemorySocket* socket, bool writes) noexcept
        : socket_(socket), writes_(writes) {}
    ~MemoryOperation() = default;
    MemoryOperation(MemoryOperation&&) noexcept = default;
    MemoryOperation& operator=(MemoryOperation&&) noexcept = default;

    void throw_if_failed() const;

    MemorySocket* socket_;
    int error_ = 0;  ///< errno

private:
    friend class MemorySocket;
    /// True: the operation has its result. False: it must wait.
    virtual bool attempt() noexcept = 0;
    /// It was stopped while it waited.
    virtual void stopped() noexcept {}

    static void poke(rondo::detail::Leaf& leaf, rondo::detail::Scope& scope) noexcept;
    static void describe(const rondo::detail::Leaf& leaf, rondo::detail::Describer& out);
    static const rondo::detail::LeafKind leaf;

    rondo::detail::Scope* scope_ = nullptr;
    bool writes_;
    bool done_ = false;
};

}  // namespace detail

/// The awaitable of read_some of a stream in memory.
class [[nodiscard]] MemoryRead final : public detail::MemoryOperation {
public:
    MemoryRead(detail::MemorySocket* socket, MutableBytes to) noexcept;
    std::size_t await_resume() const;

private:
    bool attempt() noexcept override;

    MutableBytes to_;
    std::size_t got_ = 0;
};

/// The awaitable of read_leased of a stream in memory.
class [[nodiscard]] MemoryReadLeased final : public detail::MemoryOperation {
public:
    explicit MemoryReadLeased(detail::MemorySocket* socket) noexcept;
    Lease await_resume();

private:
    bool attempt() noexcept override;

    Lease lease_;
};

/// The awaitable of write_all of a stream in memory.
class [[nodiscard]] MemoryWrite final : public detail::MemoryOperation {
public:
    MemoryWrite(detail::MemorySocket* socket, Bytes bytes, std::span<const Bytes> more) noexcept;
    void await_resume() const { throw_if_failed(); }

    /// Moves to `to` what was not written yet, as much as fits; gives how much that was.
    std::size_t take(MutableBytes to) noexcept;
    bool empty() noexcept;

private:
    bool attempt() noexcept override;
    void stopped() noexcept override;

    Bytes bytes_;  ///< what is left of the present part
    std::span<const Bytes> more_;
    bool moved_ = false;
};

/// One end of a connection in memory, see make_duplex(). Both directions, each bounded on its own.
///
/// Requires: moved, closed and destroyed only while none of its operations waits; both ends belong
/// to one loop.
class MemoryStream {
public:
    /// A closed stream.
    MemoryStream() noexcept = default;
    explicit MemoryStream(detail::MemorySocketPointer socket) noexcept
        : socket_(std::move(socket)) {}
    MemoryStream(MemoryStream&&) noexcept = default;
    MemoryStream& operator=(MemoryStream&& other) noexcept;
    ~MemoryStream() { close(); }

    /// As Stream's.
    MemoryRead read_some(MutableBytes to) noexcept { return {socket_.get(), to}; }
    MemoryReadLeased read_leased() noexcept { return MemoryReadLeased(socket_.get()); }
    MemoryWrite write_all(Bytes bytes) noexcept { return {socket_.get(), bytes, {}}; }
    MemoryWrite write_all(std::span<const Bytes> parts) noexcept {
        return {socket_.get(), {}, parts};
    }
    void shutdown_write();
    void close() noexcept;
    bool is_open() const noexcept { return socket_ != nullptr; }
    std::string name() const;

private:
    detail::MemorySocketPointer socket_;
};

/// The end of a pipe that bytes come out of, see make_pipe(). An io::ByteSource.
class PipeReader {
public:
    PipeReader() noexcept = default;
    explicit PipeReader(MemoryStream stream) noexcept : stream_(std::move(stream)) {}

    MemoryRead read_some(MutableBytes to) noexcept { return stream_.read_some(to); }
    MemoryReadLeased read_leased() noexcept { return stream_.read_leased(); }
    /// The writer is told at its next write: Errc::closed.
    void close() noexcept { stream_.close(); }
    bool is_open() const noexcept { return stream_.is_open(); }
    std::string name() const { return stream_.name(); }

private:
    MemoryStream stream_;
};

/// The end of a pipe that bytes go into. An io::ByteSink.
class PipeWriter {
public:
    PipeWriter() noexcept = default;
    explicit PipeWriter(MemoryStream stream) noexcept : stream_(std::move(stream)) {}

    MemoryWrite write_all(Bytes bytes) noexcept { return stream_.write_all(bytes); }
    MemoryWrite write_all(std::span<const Bytes> parts) noexcept {
        return stream_.write_all(parts);
    }
    /// The reader reads an end after what was written; so it does after close().
    void shutdown_write() { stream_.shutdown_write(); }
    void close() noexcept { stream_.close(); }
    bool is_open() const noexcept { return stream_.is_open(); }
    std::string name() const { return stream_.name(); }

private:
    MemoryStream stream_;
};

/// What a stream in memory holds if nothing else is said: what a pipe of Linux does.
inline constexpr std::size_t pipe_capacity = std::size_t{64} * 1024;

/// A pipe that holds at most `capacity` bytes that nobody has read yet; with 0 each write waits
/// until its last byte was read.
std::pair<PipeReader, PipeWriter> make_pipe(std::size_t capacity = pipe_capacity);

/// Two streams, each the other's peer, that hold at most `capacity` unread bytes each way.
std::pair<MemoryStream, MemoryStream> make_duplex(std::size_t capacity = pipe_capacity);

}  // namespace rondo::io
