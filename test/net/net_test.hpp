// SPDX-License-Identifier: Apache-2.0
/// Tests of the network that run on each driver: the two real ones and the simulation in several
/// orders. With RONDO_DRIVER=uring or epoll the other real one is left out.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/net/tcp_listener.hpp"
#include "rondo/net/tcp_stream.hpp"
#include "support/ledger.hpp"

namespace rondo::test {

using net::Address;
using net::TcpListener;
using net::TcpStream;

/// The first words of a driver's name that gtest can print.
inline std::string driver_name(const RunOptions& options) {
    switch (options.driver) {
        case DriverKind::uring: return "uring";
        case DriverKind::epoll: return "epoll";
        default: break;
    }
    return options.schedule == Schedule::fifo ? "sim" : "sim_seed_" + std::to_string(options.seed);
}

inline std::vector<RunOptions> real_drivers() {
    const char* const variable = std::getenv("RONDO_DRIVER");
    const std::string_view only = variable != nullptr ? variable : "";
    std::vector<RunOptions> drivers;
    for (const DriverKind kind : {DriverKind::uring, DriverKind::epoll}) {
        RunOptions options;
        options.driver = kind;
        options.handle_signals = false;
        const bool left_out = (only == "uring" || only == "epoll") && only != driver_name(options);
        try {
            make_driver(DriverOptions{kind, Schedule::fifo, 1});
        } catch (const Error&) {
            continue;
        }
        if (!left_out) {
            drivers.push_back(options);
        }
    }
    return drivers;
}

inline std::vector<RunOptions> simulated_drivers() {
    std::vector<RunOptions> drivers;
    for (std::uint64_t seed = 0; seed <= 6; ++seed) {
        drivers.push_back(sim_options(seed));
    }
    return drivers;
}

inline std::vector<RunOptions> all_drivers() {
    std::vector<RunOptions> drivers = real_drivers();
    for (const RunOptions& simulated : simulated_drivers()) {
        drivers.push_back(simulated);
    }
    return drivers;
}

inline std::string param_name(const testing::TestParamInfo<RunOptions>& info) {
    return driver_name(info.param);
}

/// Two ends of one connection.
struct Pair {
    TcpStream client;
    TcpStream server;

    Pair(TcpStream one, TcpStream other) : client(std::move(one)), server(std::move(other)) {}
};

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
