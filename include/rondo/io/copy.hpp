// SPDX-License-Identifier: Apache-2.0
/// Everything that comes out of one stream goes into another.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "rondo/base/error.hpp"
#include "rondo/coro/gather.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/io/stream.hpp"

namespace rondo::io {

namespace detail {

template <class S>
concept Readable = ByteSource<S> || std::same_as<S, Stream>;
template <class S>
concept Writable = ByteSink<S> || std::same_as<S, Stream>;

template <class To>
Task<> shut_down(To& to) {
    if constexpr (std::is_void_v<decltype(to.shutdown_write())>) {
        to.shutdown_write();
        co_return;
    } else {
        co_await to.shutdown_write();
    }
}

}  // namespace detail

/// Writes to `to` what is read from `from`, up to its end; gives the number of bytes. Neither is
/// ended or closed. The bytes stay in the loop's buffers: nothing is allocated per portion, and a
/// copy that waits for bytes owns no buffer.
///
/// Cancellation: bytes that were read and not yet written are lost; `to` may be broken for writing.
template <detail::Readable From, detail::Writable To>
Task<std::uint64_t> copy(From& from, To& to) {
    std::uint64_t copied = 0;
    for (;;) {
        Lease lease;
        if constexpr (requires { from.read_leased(); }) {
            lease = co_await from.read_leased();
        } else {
            lease = Lease::take();
            const std::size_t got = co_await from.read_some(lease.space());
            lease.resize(got);
        }
        if (lease.empty()) {
            co_return copied;
        }
        co_await to.write_all(lease.bytes());
        copied += lease.size();
    }
}

/// How many bytes went which way.
struct CopiedBoth {
    std::uint64_t there = 0;
    std::uint64_t back = 0;
};

namespace detail {

// The other side may have ended its connection altogether; that shows where it is read.
template <class From, class To>
Task<std::uint64_t> copy_and_end(From& from, To& to) {
    const std::uint64_t copied = co_await copy(from, to);
    try {
        co_await shut_down(to);
    } catch (const Error& error) {
        if (error.code() != Errc::closed) {
            throw;
        }
    }
    co_return copied;
}

}  // namespace detail

/// Joins two streams, as a proxy does: copies both ways at once until both have ended. When one
/// side ends its direction, so does the other side see it, while the opposite direction goes on.
/// Closes neither. Errors: the first failure of either direction; the other one is stopped.
template <class First, class Second>
    requires detail::Readable<First> && detail::Writable<First> && detail::Readable<Second> &&
             detail::Writable<Second>
Task<CopiedBoth> copy_both(First& first, Second& second) {
    auto there = detail::copy_and_end(first, second);
    auto back = detail::copy_and_end(second, first);
    const auto [to_second, to_first] = co_await gather(std::move(there), std::move(back));
    co_return CopiedBoth{to_second, to_first};
}

}  // namespace rondo::io
