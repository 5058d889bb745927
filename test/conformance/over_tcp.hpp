// SPDX-License-Identifier: Apache-2.0
/// What the behaviours of TCP are made of.
#pragma once

#include <array>
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

/// One read into a buffer of `size` bytes: the number of bytes.
inline Task<std::size_t> read_up_to(TcpStream& stream, std::size_t size = 64) {
    std::string to(size, '\0');
    const std::size_t got = co_await stream.read_some(to);
    co_return got;
}

/// What one read comes to: its number of bytes, or the error.
inline Task<std::string> outcome_of_read(TcpStream& stream) {
    return outcome([&stream] { return read_up_to(stream); });
}

inline Task<> write(TcpStream& stream, std::string text) { co_await stream.write_all(text); }

/// What one write comes to: "done", or the error.
inline Task<std::string> outcome_of_write(TcpStream& stream, std::string text = "x") {
    return outcome([&stream, text = std::move(text)] { return write(stream, text); });
}

inline Task<std::size_t> bounded_read(TcpStream& stream, Duration limit) {
    const std::size_t got = co_await timeout(limit, read_up_to(stream));
    co_return got;
}

inline Task<> bounded_write(TcpStream& stream, std::string text, Duration limit) {
    co_await timeout(limit, write(stream, std::move(text)));
}

/// Writes until that fails, and gives the error: the first writes to a peer that is gone succeed,
/// for its answer has yet to come.
inline Task<std::string> error_of_writing(TcpStream& stream) {
    std::string seen = "done";
    for (int tries = 0; seen == "done" && tries < 1000; ++tries) {
        seen = co_await outcome_of_write(stream);
        co_await sleep(100us);
    }
    co_return seen;
}

}  // namespace rondo::test
