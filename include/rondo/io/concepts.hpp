// SPDX-License-Identifier: Apache-2.0
/// What a type offers that is a stream of bytes.
#pragma once

#include <concepts>
#include <cstddef>
#include <span>
#include <string>

#include "rondo/base/bytes.hpp"

namespace rondo::io {

/// Bytes come out of it, in order.
///
///     co_await s.read_some(to)      the number of bytes, as soon as there are some; 0: the end
///
/// and, if it can do so without holding a buffer while it waits, `co_await s.read_leased()`, a
/// Lease.
template <class S>
concept ByteSource = requires(S& stream, MutableBytes to) {
    stream.read_some(to);
    { stream.close() } noexcept;
    { stream.is_open() } -> std::convertible_to<bool>;
    { stream.name() } -> std::convertible_to<std::string>;
};

/// Bytes go into it.
///
///     co_await s.write_all(bytes)   returns when the layer below has taken all
///     s.shutdown_write()            the peer reads an end after what was written; may be awaitable
///
/// and, if it can do so better than part by part, `co_await s.write_all(parts)` of a
/// std::span<const Bytes>, and `co_await s.send_file(file, offset, size)`.
template <class S>
concept ByteSink = requires(S& stream, Bytes from) {
    stream.write_all(from);
    stream.shutdown_write();
    { stream.close() } noexcept;
    { stream.is_open() } -> std::convertible_to<bool>;
    { stream.name() } -> std::convertible_to<std::string>;
};

/// Both ways, each ended on its own; one reader and one writer at a time.
///
///     s.close()                     both ways end now; idempotent, never waits
///     s.is_open()
///     s.name()                      for errors: "10.0.0.1:80"
template <class S>
concept ByteStream = ByteSource<S> && ByteSink<S>;

}  // namespace rondo::io
