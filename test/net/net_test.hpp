// SPDX-License-Identifier: Apache-2.0
/// Tests of the network that run on each driver.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/net/tcp_listener.hpp"
#include "rondo/net/tcp_stream.hpp"
#include "support/drivers.hpp"
#include "support/ledger.hpp"

namespace rondo::test {

using net::Address;
using net::TcpListener;
using net::TcpStream;

/// Two ends of one connection.
struct Pair {
    TcpStream client;
    TcpStream server;

    Pair(TcpStream one, TcpStream other) : client(std::move(one)), server(std::move(other)) {}
};

/// Sends back what comes, until the end.
inline Task<> send_back(TcpStream stream) {
    for (;;) {
        const io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return;
        }
        co_await stream.write_all(lease.bytes());
    }
}

class NetTest : public LedgerTest, public testing::WithParamInterface<RunOptions> {
protected:
    /// Runs `main` on the driver of this test.
    template <class F>
    auto on_driver(F&& main) {
        return run(std::forward<F>(main), GetParam());
    }

    static Task<TcpStream> accept_one(TcpListener& listener) {
        TcpStream stream = co_await listener.accept();
        co_return stream;
    }

    static Task<Pair> connected() {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto [client, server] =
            co_await gather(TcpStream::connect(listener.local_address()), accept_one(listener));
        co_return Pair(std::move(client), std::move(server));
    }

    /// All bytes up to the end of the stream.
    static Task<std::string> read_all(TcpStream& stream) {
        std::string text;
        for (;;) {
            const io::Lease lease = co_await stream.read_leased();
            if (lease.empty()) {
                co_return text;
            }
            text += lease.bytes().text();
        }
    }

    /// Exactly `count` bytes.
    static Task<std::string> read_exactly(TcpStream& stream, std::size_t count) {
        std::string text(count, '\0');
        std::size_t have = 0;
        while (have < count) {
            const MutableBytes rest(reinterpret_cast<std::byte*>(text.data()) + have, count - have);
            const std::size_t bytes = co_await stream.read_some(rest);
            if (bytes == 0) {
                text.resize(have);
                co_return text;
            }
            have += bytes;
        }
        co_return text;
    }

    static Task<> turns(int count) {
        for (int i = 0; i < count; ++i) {
            co_await yield();
        }
    }

    /// What awaiting it fails with; "" when it does not.
    template <class F>
    static Task<std::string> error_of(F call) {
        try {
            co_await call();
        } catch (const Error& error) {
            co_return std::string(to_string(error.code()));
        }
        co_return std::string();
    }
};

/// A text in which each place can be told from the others.
inline std::string numbered_text(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t state = 12345;
    for (char& letter : text) {
        state = state * 1664525 + 1013904223;
        letter = static_cast<char>('a' + (state >> 16) % 26);
    }
    return text;
}

}  // namespace rondo::test
