// SPDX-License-Identifier: Apache-2.0
/// Parties of the simulated network, for its tests.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "rondo/coro/gather.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/net/tcp_listener.hpp"
#include "rondo/net/tcp_stream.hpp"
#include "rondo/sim/determinism.hpp"
#include "rondo/sim/explore.hpp"
#include "rondo/sim/network.hpp"
#include "support/ledger.hpp"

namespace rondo::test {

using net::Address;
using net::TcpListener;
using net::TcpStream;
using sim::Link;
using sim::Options;
using sim::Report;

/// Hosts of the simulated network.
inline constexpr const char* here = "10.0.0.1";
inline constexpr const char* there = "10.0.0.2";
inline constexpr const char* elsewhere = "10.0.0.3";

/// The two ends of a connection.
struct Ends {
    TcpStream client;
    TcpStream server;

    Ends(TcpStream one, TcpStream other) : client(std::move(one)), server(std::move(other)) {}
};

inline Task<TcpStream> accept_one(TcpListener& listener) {
    TcpStream stream = co_await listener.accept();
    co_return stream;
}

/// Between two hosts.
inline Task<Ends> connect_hosts(std::string client_host = "10.0.0.1",
                                std::string server_host = "10.0.0.2") {
    TcpListener listener = TcpListener::listen(Address::parse(server_host, 0));
    auto connecting = sim::on_host(client_host, TcpStream::connect(listener.local_address()));
    auto [client, server] = co_await gather(std::move(connecting), accept_one(listener));
    co_return Ends(std::move(client), std::move(server));
}

/// Byte `position` of a stream whose every byte tells where it belongs.
inline char coded_byte(std::size_t position) {
    return static_cast<char>((position * 131 + (position >> 8) * 17) & 0xff);
}

inline std::string coded_text(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = coded_byte(i);
    }
    return text;
}

/// Reads until the end, or until `most` bytes were read; each byte must be in its place. Returns
/// how many there were.
inline Task<std::size_t> read_coded(TcpStream& stream,
                                    std::size_t most = static_cast<std::size_t>(-1)) {
    std::size_t have = 0;
    char bytes[16 * 1024];
    while (have < most) {
        const std::size_t count = co_await stream.read_some(bytes);
        if (count == 0) {
            break;
        }
        for (std::size_t i = 0; i < count; ++i) {
            if (bytes[i] != coded_byte(have + i)) {
                ADD_FAILURE() << "byte " << have + i << " is another one";
                co_return have;
            }
        }
        have += count;
    }
    co_return have;
}

/// The errno with which awaiting `task` fails; 0 if it does not.
template <class T>
Task<int> errno_of(Task<T> task) {
    int error = 0;
    try {
        co_await std::move(task);
    } catch (const Error& thrown) {
        error = thrown.os_error();
    }
    co_return error;
}

inline Task<std::size_t> read_once(TcpStream& stream) {
    char bytes[64];
    const std::size_t count = co_await stream.read_some(bytes);
    co_return count;
}

inline Task<> write_text(TcpStream& stream, std::string text) { co_await stream.write_all(text); }

inline void set_option(const TcpStream& stream, int level, int name, int value) {
    EXPECT_EQ(current_loop().driver().set_option(stream.descriptor(), level, name, value), 0);
}

class NetworkTest : public LedgerTest {
protected:
    /// Runs it on a network whose links are all like `link`; nothing may be left behind.
    void run(const sim::Scenario& scenario, const Link& link = Link()) {
        Options options;
        options.network.link = link;
        run(scenario, options);
    }
    void run(const sim::Scenario& scenario, const Options& options) {
        sim::run(std::cref(scenario), options, report);
        EXPECT_EQ(report.frames_leaked, 0);
        EXPECT_EQ(report.descriptors_leaked, 0U);
        EXPECT_EQ(report.left_running, "");
    }

    Report report;
};

}  // namespace rondo::test
