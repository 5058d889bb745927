// SPDX-License-Identifier: Apache-2.0
/// Echo over one connection with Rondo, in three ways. Each tells `echoed` how many bytes went
/// back: the laboratory counts them.
#pragma once

#include <rondo/rondo.hpp>
#include <utility>
#include <vector>

namespace bench {

/// A buffer of the loop's, lent only while there are bytes in it.
template <class Echoed>
rondo::Task<> echo_leased(rondo::net::TcpStream stream, Echoed echoed) {
    for (;;) {
        const rondo::io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return;
        }
        co_await stream.write_all(lease.bytes());
        echoed(lease.size());
    }
}

/// A buffer of its own for each connection.
template <class Echoed>
rondo::Task<> echo_buffer(rondo::net::TcpStream stream, Echoed echoed) {
    std::vector<std::byte> buffer(rondo::io::Lease::capacity);
    for (;;) {
        const std::size_t got = co_await stream.read_some(buffer);
        if (got == 0) {
            co_return;
        }
        co_await stream.write_all({buffer.data(), got});
        echoed(got);
    }
}

/// Through the type for any stream of bytes.
template <class Echoed>
rondo::Task<> echo_stream(rondo::net::TcpStream connection, Echoed echoed) {
    rondo::io::Stream stream = std::move(connection);
    for (;;) {
        const rondo::io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return;
        }
        co_await stream.write_all(lease.bytes());
        echoed(lease.size());
    }
}

/// A peer that has gone ends its own session only.
inline rondo::Task<> until_gone(rondo::Task<> session) {
    try {
        co_await session;
    } catch (const rondo::Error&) {
    }
}

}  // namespace bench
