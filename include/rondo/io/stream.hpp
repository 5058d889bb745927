// SPDX-License-Identifier: Apache-2.0
/// One type for every stream of bytes: TCP, TLS, a pipe, a child's output.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/io/lease.hpp"

namespace rondo::io {

class Stream;

/// What a type offers that is a stream: bytes in order, both ways, each way ended on its own.
///
///     co_await s.read_some(to)      the number of bytes, as soon as there are some; 0: the end
///     co_await s.write_all(bytes)   returns when the layer below has taken all
///     s.shutdown_write()            the peer reads an end after what was written; may be awaitable
///     s.close()                     both ways end now; idempotent, never waits
///     s.is_open()
///     s.name()                      for errors: "10.0.0.1:80"
///
/// and, if it can do so without holding a buffer while it waits, `co_await s.read_leased()`, a
/// Lease. One reader and one writer at a time.
template <class S>
concept ByteStream = !std::same_as<std::remove_cvref_t<S>, Stream> && std::movable<S> &&
                     requires(S& stream, MutableBytes to, Bytes from) {
                         stream.read_some(to);
                         stream.write_all(from);
                         stream.shutdown_write();
                         { stream.close() } noexcept;
                         { stream.is_open() } -> std::convertible_to<bool>;
                         { stream.name() } -> std::convertible_to<std::string>;
                     };

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
    virtual Task<> shutdown_write() = 0;
    virtual void close() noexcept = 0;
    virtual bool is_open() const noexcept = 0;
    virtual std::string name() const = 0;
    virtual void* get(const void* type) noexcept = 0;
};

template <class S>
inline constexpr char stream_type = 0;

template <ByteStream S>
class StreamOf final : public StreamBody {
public:
    explicit StreamOf(S stream) : stream_(std::move(stream)) {}

    Task<std::size_t> read_some(MutableBytes to) override {
        const std::size_t got = co_await stream_.read_some(to);
        co_return got;
    }

    Task<Lease> read_leased() override {
        if constexpr (requires { stream_.read_leased(); }) {
            Lease lease = co_await stream_.read_leased();
            co_return lease;
        } else {
            Lease lease = Lease::take();
            const std::size_t got = co_await stream_.read_some(lease.space());
            lease.resize(got);
            co_return lease;
        }
    }

    Task<> write_all(Bytes bytes) override { co_await stream_.write_all(bytes); }

    Task<> shutdown_write() override {
        if constexpr (std::is_void_v<decltype(stream_.shutdown_write())>) {
            stream_.shutdown_write();
            co_return;
        } else {
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
    S stream_;
};

}  // namespace detail

/// Owns a stream of any type. What is layered on streams (buffering, TLS, a protocol) takes one of
/// these and works over all of them; each call costs one pooled coroutine frame more than the
/// stream's own.
///
///     rondo::io::Stream stream = co_await rondo::net::TcpStream::connect(address);
///
/// Requires: moved, closed and destroyed only while none of its operations waits.
class Stream {
public:
    /// A closed stream.
    Stream() noexcept = default;
    template <ByteStream S>
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

    /// Ends the outgoing direction: the peer reads an end after what was written.
    Task<> shutdown_write() { return body("shutdown").shutdown_write(); }

    /// Both directions end now. Idempotent.
    void close() noexcept;
    bool is_open() const noexcept { return body_ != nullptr && body_->is_open(); }

    /// What the stream calls itself in errors: an address, a path.
    std::string name() const;

    /// The stream inside if it is an S, else nullptr. Valid until this is moved from or destroyed.
    template <ByteStream S>
    S* get_if() noexcept {
        return body_ == nullptr ? nullptr : static_cast<S*>(body_->get(&detail::stream_type<S>));
    }

private:
    detail::StreamBody& body(const char* operation) const;

    std::unique_ptr<detail::StreamBody> body_;
};

}  // namespace rondo::io
