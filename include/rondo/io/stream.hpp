// SPDX-License-Identifier: Apache-2.0
/// One type for every stream of bytes: TCP, TLS, a pipe, a child's output.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/io/concepts.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/io/read_file.hpp"

namespace rondo::io {

class Stream;

namespace detail {

class StreamBody {
public:
    StreamBody() = default;
    StreamBody(const StreamBody&) = delete;
    StreamBody& operator=(const StreamBody&) = delete;
    virtual ~StreamBody() = default;

    virtual Task<std::size_t> read_some(MutableBytes to) = 0;
    virtual Task<Lease> read_leased() = 0;
    virtual Task<> write_all(Bytes bytes) = 0;
    virtual Task<> write_all(std::span<const Bytes> parts) = 0;
    virtual Task<std::uint64_t> send_file(int file, std::uint64_t offset, std::uint64_t size) = 0;
    virtual Task<> shutdown_write() = 0;
    virtual void close() noexcept = 0;
    virtual bool is_open() const noexcept = 0;
    virtual std::string name() const = 0;
    virtual void* get(const void* type) noexcept = 0;
};

/// A source cannot be written, a sink not be read.
[[noreturn]] void throw_one_way(const char* operation, const std::string& name);

[[noreturn]] void throw_halfway(const char* operation, const std::string& name);

/// Sets `broken` when a write of several parts ends between two of them.
class PartsWritten {
public:
    explicit PartsWritten(bool& broken) noexcept : broken_(broken) {}
    PartsWritten(const PartsWritten&) = delete;
    PartsWritten& operator=(const PartsWritten&) = delete;
    ~PartsWritten() { broken_ = broken_ || between_; }

    void one_more(Bytes part) noexcept { between_ = between_ || !part.empty(); }
    void all() noexcept { between_ = false; }

private:
    bool& broken_;
    bool between_ = false;
};

template <class S>
inline constexpr char stream_type = 0;

template <class S>
class StreamOf final : public StreamBody {
public:
    explicit StreamOf(S stream) : stream_(std::move(stream)) {}

    Task<std::size_t> read_some([[maybe_unused]] MutableBytes to) override {
        if constexpr (ByteSource<S>) {
            const std::size_t got = co_await stream_.read_some(to);
            co_return got;
        } else {
            throw_one_way("read", stream_.name());
            co_return std::size_t{0};
        }
    }

    Task<Lease> read_leased() override {
        if constexpr (!ByteSource<S>) {
            throw_one_way("read", stream_.name());
            co_return Lease();
        } else if constexpr (requires { stream_.read_leased(); }) {
            Lease lease = co_await stream_.read_leased();
            co_return lease;
        } else {
            Lease lease = Lease::take();
            const std::size_t got = co_await stream_.read_some(lease.space());
            lease.resize(got);
            co_return lease;
        }
    }

    Task<> write_all([[maybe_unused]] Bytes bytes) override {
        if constexpr (ByteSink<S>) {
            require_whole("write");
            co_await stream_.write_all(bytes);
        } else {
            throw_one_way("write", stream_.name());
            co_return;
        }
    }

    Task<> write_all([[maybe_unused]] std::span<const Bytes> parts) override {
        if constexpr (!ByteSink<S>) {
            throw_one_way("write", stream_.name());
            co_return;
        } else if constexpr (requires { stream_.write_all(parts); }) {
            co_await stream_.write_all(parts);
        } else {
            require_whole("write");
            PartsWritten written(broken_);
            for (const Bytes part : parts) {
                co_await stream_.write_all(part);
                written.one_more(part);
            }
            written.all();
        }
    }

    Task<std::uint64_t> send_file([[maybe_unused]] int file, [[maybe_unused]] std::uint64_t offset,
                                  [[maybe_unused]] std::uint64_t size) override {
        if constexpr (!ByteSink<S>) {
            throw_one_way("write", stream_.name());
            co_return std::size_t{0};
        } else if constexpr (requires { stream_.send_file(file, offset, size); }) {
            const std::uint64_t sent = co_await stream_.send_file(file, offset, size);
            co_return sent;
        } else {
            require_whole("write");
            PartsWritten written(broken_);
            std::uint64_t sent = 0;
            while (sent < size) {
                const Lease piece = co_await read_file(file, offset + sent, size - sent);
                if (piece.empty()) {
                    break;
                }
                co_await stream_.write_all(piece.bytes());
                written.one_more(piece.bytes());
                sent += piece.size();
            }
            written.all();
            co_return sent;
        }
    }

    Task<> shutdown_write() override {
        if constexpr (!ByteSink<S>) {
            throw_one_way("shutdown", stream_.name());
            co_return;
        } else if constexpr (std::is_void_v<decltype(stream_.shutdown_write())>) {
            require_whole("shutdown");
            stream_.shutdown_write();
            co_return;
        } else {
            require_whole("shutdown");
            co_await stream_.shutdown_write();
        }
    }

    void close() noexcept override { stream_.close(); }
    bool is_open() const noexcept override { return stream_.is_open(); }
    std::string name() const override { return stream_.name(); }
    void* get(const void* type) noexcept override {
        return type == &stream_type<S> ? &stream_ : nullptr;
    }

private:
    void require_whole(const char* operation) const {
        if (broken_) {
            throw_halfway(operation, stream_.name());
        }
    }

    S stream_;
    bool broken_ = false;  ///< a write of several parts ended between two of them
};

// Says nothing of moving: to ask that of a type made from a Stream would ask this again.
template <class S>
concept Streamable =
    !std::same_as<std::remove_cvref_t<S>, Stream> && (ByteSource<S> || ByteSink<S>);

}  // namespace detail

/// Owns a stream of any type. What is layered on streams (buffering, TLS, a protocol) takes one of
/// these and works over all of them; each call costs one pooled coroutine frame more than the
/// stream's own. A mere source or sink can be one too; calls that it lacks fail with
/// Errc::not_supported.
///
///     rondo::io::Stream stream = co_await rondo::net::TcpStream::connect(address);
///
/// Requires: moved, closed and destroyed only while none of its operations waits.
class Stream {
public:
    /// A closed stream.
    Stream() noexcept = default;
    template <detail::Streamable S>
    Stream(S stream)  // NOLINT(google-explicit-constructor): it is the same stream
        : body_(std::make_unique<detail::StreamOf<S>>(std::move(stream))) {}

    /// Reads what is there, at most to.size() bytes, as soon as something is; gives the number of
    /// bytes, 0 at the end. Requires: `to` is not empty.
    ///
    /// Errors: Error (closed) on a closed stream, as all calls here; else the stream's own.
    Task<std::size_t> read_some(MutableBytes to) { return body("read").read_some(to); }

    /// Reads what is there into a buffer of the loop's. A stream that offers this itself owns no
    /// buffer while it waits; for others one is taken first.
    Task<Lease> read_leased() { return body("read").read_leased(); }

    /// Returns when the layer below has taken all bytes.
    ///
    /// Cancellation: a stopped write may have sent a part; further writes fail with Errc::closed.
    Task<> write_all(Bytes bytes) { return body("write").write_all(bytes); }

    /// The same for several parts, in order: in one call to the system where the stream can, else
    /// one after the other.
    Task<> write_all(std::span<const Bytes> parts) { return body("write").write_all(parts); }

    /// Sends bytes of the open file `file` from `offset` on, `size` of them or up to its end; gives
    /// how many, fewer only where the file ends. asyncio's loop.sendfile. TCP sends without copying
    /// through the program, other streams read and write by turns.
    ///
    /// Cancellation: a part may have been sent.
    Task<std::uint64_t> send_file(int file, std::uint64_t offset = 0,
                                  std::uint64_t size = to_the_end) {
        return body("write").send_file(file, offset, size);
    }

    /// Ends the outgoing direction: the peer reads an end after what was written. After a write of
    /// several parts that stopped between two of them it fails with Errc::closed.
    Task<> shutdown_write() { return body("shutdown").shutdown_write(); }

    /// Both directions end now. Idempotent.
    void close() noexcept;
    bool is_open() const noexcept { return body_ != nullptr && body_->is_open(); }

    /// What the stream calls itself in errors: an address, a path.
    std::string name() const;

    /// The stream inside if it is an S, else nullptr. Valid until this is moved from or destroyed.
    template <detail::Streamable S>
    S* get_if() noexcept {
        return body_ == nullptr ? nullptr : static_cast<S*>(body_->get(&detail::stream_type<S>));
    }

private:
    detail::StreamBody& body(const char* operation) const;

    std::unique_ptr<detail::StreamBody> body_;
};

}  // namespace rondo::io
