// SPDX-License-Identifier: Apache-2.0
/// What the behaviours of all byte streams are made of: TCP, Unix sockets, pipes, streams in
/// memory.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "conformance/behaviour.hpp"
#include "net/net_test.hpp"

namespace rondo::test {

/// The helpers of the tests of net, for use outside a test.
struct OverTcp : NetTest {
    using NetTest::accept_one;
    using NetTest::connected;
    using NetTest::read_all;
    using NetTest::read_exactly;
    using NetTest::turns;
};

inline TcpListener local_listener(net::ListenOptions options = {}) {
    return TcpListener::listen(Address::loopback(0), options);
}

/// One read into a buffer of `size` bytes: the number of bytes.
template <class S>
Task<std::size_t> read_up_to(S& stream, std::size_t size = 64) {
    std::string to(size, '\0');
    const std::size_t got = co_await stream.read_some(to);
    co_return got;
}

/// All bytes up to the end of the stream, or the first `most`.
template <class S>
Task<std::string> read_text(S& stream, std::size_t most = std::string::npos) {
    std::string text;
    while (text.size() < most) {
        std::string to(std::min<std::size_t>(most - text.size(), 65536), '\0');
        const std::size_t got = co_await stream.read_some(to);
        if (got == 0) {
            break;
        }
        text.append(to, 0, got);
    }
    co_return text;
}

/// What one read comes to: its number of bytes, or the error.
template <class S>
Task<std::string> outcome_of_read(S& stream) {
    return outcome([&stream] { return read_up_to(stream); });
}

template <class S>
Task<> write(S& stream, std::string text) {
    co_await stream.write_all(text);
}

/// What one write comes to: "done", or the error.
template <class S>
Task<std::string> outcome_of_write(S& stream, std::string text = "x") {
    return outcome([&stream, text = std::move(text)] { return write(stream, text); });
}

template <class S>
Task<std::size_t> bounded_read(S& stream, Duration limit) {
    const std::size_t got = co_await timeout(limit, read_up_to(stream));
    co_return got;
}

template <class S>
Task<> bounded_write(S& stream, std::string text, Duration limit) {
    co_await timeout(limit, write(stream, std::move(text)));
}

}  // namespace rondo::test
