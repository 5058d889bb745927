// SPDX-License-Identifier: Apache-2.0
/// Tests of what works over every stream: each runs over streams in memory, over TCP and over a
/// pair of Unix sockets, on each driver.
#pragma once

#include <sys/socket.h>

#include <array>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "net/net_test.hpp"
#include "rondo/io/buffered_stream.hpp"
#include "rondo/io/pipe.hpp"
#include "rondo/io/stream.hpp"
#include "support/turns.hpp"

namespace rondo::test {

/// A stream on a descriptor, with no more than a ByteStream must have.
class PlainStream {
public:
    explicit PlainStream(int fd) : fd_(fd) {}
    PlainStream(PlainStream&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    PlainStream& operator=(PlainStream&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~PlainStream() { close(); }

    Task<std::size_t> read_some(MutableBytes to) {
        const int got = co_await AwaitOperation(OperationKind::receive, fd_, to.data(),
                                                static_cast<std::uint32_t>(to.size()));
        co_return static_cast<std::size_t>(check_result(got, "read", name()));
    }
    Task<> write_all(Bytes bytes) {
        const int sent = co_await AwaitOperation(OperationKind::send_all, fd_,
                                                 const_cast<std::byte*>(bytes.data()),
                                                 static_cast<std::uint32_t>(bytes.size()));
        check_result(sent, "write", name());
    }
    Task<> shutdown_write() {
        Operation shutdown(OperationKind::shutdown, fd_);
        shutdown.size = SHUT_WR;
        current_loop().driver().submit(shutdown);
        check_result(shutdown.result, "shutdown", name());
        co_return;
    }
    void close() noexcept {
        if (fd_ >= 0) {
            Operation close(OperationKind::close, std::exchange(fd_, -1));
            current_loop().driver().submit(close);
        }
    }
    bool is_open() const noexcept { return fd_ >= 0; }
    std::string name() const { return "a pair"; }

private:
    int fd_;
};

enum class Over { memory, tcp, pair };

/// Where a test runs.
struct Place {
    RunOptions driver;
    Over over;
};

inline std::string place_name(const testing::TestParamInfo<Place>& info) {
    constexpr std::array<const char*, 3> names{"memory_", "tcp_", "pair_"};
    return names[static_cast<std::size_t>(info.param.over)] + driver_name(info.param.driver);
}

inline void PrintTo(const Place& place, std::ostream* out) { *out << place_name({place, 0}); }

/// The real drivers, and the simulation in order and in two drawn ones: each test runs on all of
/// them three times. What needs more seeds draws them itself.
inline std::vector<RunOptions> some_drivers() {
    std::vector<RunOptions> drivers = real_drivers();
    for (const unsigned seed : {0U, 1U, 2U}) {
        drivers.push_back(sim_options(seed));
    }
    return drivers;
}

inline std::vector<Place> places(const std::vector<RunOptions>& drivers,
                                 const std::vector<Over>& kinds = {Over::memory, Over::tcp,
                                                                   Over::pair}) {
    std::vector<Place> all;
    for (const Over over : kinds) {
        for (const RunOptions& driver : drivers) {
            all.push_back({driver, over});
        }
    }
    return all;
}

/// Two ends of one connection.
struct Ends {
    io::Stream client;
    io::Stream server;
    Ends(io::Stream one, io::Stream other) : client(std::move(one)), server(std::move(other)) {}
};

inline Task<TcpStream> accept_one(TcpListener& listener) {
    TcpStream stream = co_await listener.accept();
    co_return stream;
}

inline Task<Ends> connect_over(Over over) {
    if (over == Over::memory) {
        auto [client, server] = io::make_duplex();
        co_return Ends(std::move(client), std::move(server));
    }
    if (over == Over::pair) {
        int fds[2] = {-1, -1};
        EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
        PlainStream client(fds[0]);
        PlainStream server(fds[1]);
        co_return Ends(std::move(client), std::move(server));
    }
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto [client, server] =
        co_await gather(TcpStream::connect(listener.local_address()), accept_one(listener));
    co_return Ends(std::move(client), std::move(server));
}

/// All bytes up to the end.
inline Task<std::string> read_to_end(io::Stream& stream) {
    std::string text;
    for (;;) {
        const io::Lease lease = co_await stream.read_leased();
        if (lease.empty()) {
            co_return text;
        }
        text += lease.bytes().text();
    }
}

class IoTest : public LedgerTest, public testing::WithParamInterface<Place> {
protected:
    template <class F>
    auto on_driver(F&& main) {
        return run(std::forward<F>(main), GetParam().driver);
    }
    Task<Ends> connected() const { return connect_over(GetParam().over); }

    /// More than a connection holds while nobody reads.
    std::size_t beyond() const {
        const bool kernel =
            GetParam().over != Over::memory && GetParam().driver.driver != DriverKind::sim;
        return kernel ? 9 << 20 : 1 << 18;
    }

    /// Waits for a task that may have been stopped.
    template <class T>
    static Task<> ended(TaskHandle<T>& handle) {
        try {
            co_await handle;
        } catch (const Cancelled&) {
        }
    }
};

/// The code of the Error that awaiting `task` throws; "" when it throws none.
template <class T>
Task<std::string> code_of(Task<T> task) {
    try {
        co_await std::move(task);
    } catch (const Error& error) {
        co_return std::string(to_string(error.code()));
    }
    co_return std::string();
}

}  // namespace rondo::test
