// SPDX-License-Identifier: Apache-2.0
// Connections: made, refused, awaited in vain, and what goes over them.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

Task<> serve(TcpListener& listener, int connections) {
    for (int i = 0; i < connections; ++i) {
        TcpStream stream = co_await accept_one(listener);
        co_await answer(std::move(stream));
    }
}

Task<> echo(std::size_t size, int connections) {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    auto asks = [address, size, connections]() -> Task<> {
        for (int i = 0; i < connections; ++i) {
            co_await ask(address, size);
        }
    };
    co_await gather(serve(listener, connections), asks());
}

Task<> small_echo() { return echo(100, 3); }
Task<> large_echo() { return echo(std::size_t{3} * 1024 * 1024, 1); }

Task<> refused_connection() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    listener.close();
    bool refused = false;
    try {
        TcpStream stream = co_await TcpStream::connect(address);
    } catch (const Error& error) {
        if (error.code() != Errc::refused) {
            throw;
        }
        refused = true;
    }
    require(refused, "a connection to nobody");
}

Task<> read_some_of(TcpStream& stream) {
    std::array<char, 8> to{};
    co_await stream.read_some(to);
}

Task<> deadlines() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto [client, server] =
        co_await gather(TcpStream::connect(listener.local_address()), accept_one(listener));
    const auto none = co_await move_on_after(1ms, read_some_of(client));
    require(!none, "bytes that nobody sent");
    co_await server.write_all("x");
    co_await timeout(10s, read_some_of(client));
}

Task<> cancelled_accepts() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    for (int i = 0; i < 3; ++i) {
        const auto none = co_await move_on_after(500us, accept_one(listener));
        require(!none, "a connection that nobody made");
    }
}

Task<> options() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto [client, server] =
        co_await gather(TcpStream::connect(listener.local_address()), accept_one(listener));
    client.set_send_buffer(32 * 1024);
    client.set_receive_buffer(32 * 1024);
    require(client.send_buffer() > 0 && client.receive_buffer() > 0, "a socket without buffers");
    require(client.peer_address() == listener.local_address(), "another peer");
    require(client.local_address() == server.peer_address(), "another address");
}

Task<> speak_lines(Address address) {
    io::Stream stream(co_await TcpStream::connect(address));
    io::BufferedWriter out(stream);
    for (int i = 0; i < 100; ++i) {
        const std::string line = "line " + std::to_string(i) + "\r\n";
        co_await out.write(line);
    }
    co_await out.flush();
    co_await stream.shutdown_write();
}

Task<> lines() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto hear = [&listener]() -> Task<int> {
        TcpStream accepted = co_await accept_one(listener);
        io::BufferedStream stream{io::Stream(std::move(accepted))};
        const std::string first = co_await stream.read_until("0\r\n");
        require(first == "line 0\r\n", "another first line");
        int count = 1;
        for (;;) {
            const std::optional<std::string> line = co_await stream.read_line();
            if (!line) {
                co_return count;
            }
            require(*line == "line " + std::to_string(count), "another line");
            ++count;
        }
    };
    auto [count, done] = co_await gather(hear(), speak_lines(listener.local_address()));
    require(count == 100, "a line was lost");
}

// The name has addresses of both families, and one of them listens.
Task<> connection_by_name() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto connect = [&listener]() -> Task<> {
        net::ConnectOptions options;
        TcpStream stream =
            co_await net::connect("localhost", listener.local_address().port(), options);
        co_await stream.write_all("hello");
        stream.shutdown_write();
        const std::string echo = co_await read_to_end(stream);
        require(echo == "hello", "the echo differs");
    };
    co_await gather(serve(listener, 1), connect());
}

Task<> parts_and_files() {
    const Owned file = nameless_file();
    const std::string text(10'000, 'f');
    {
        const Seam::Pause uncounted;
        require(::pwrite(file.fd(), text.data(), text.size(), 0) == 10'000, "a short file");
    }
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto receive = [&listener]() -> Task<std::string> {
        TcpStream stream = co_await accept_one(listener);
        co_return co_await read_to_end(stream);
    };
    auto send = [&]() -> Task<> {
        TcpStream stream = co_await TcpStream::connect(listener.local_address());
        const Bytes parts[] = {"head ", Bytes(text), " tail "};
        co_await stream.write_all(parts);
        const std::uint64_t sent = co_await stream.send_file(file.fd());
        require(sent == text.size(), "the file was sent in part");
    };
    auto [received, done] = co_await gather(receive(), send());
    require(received == "head " + text + " tail " + text, "what arrived differs");
}

Task<> copied_stream() {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const std::string text(200'000, 'c');
    auto give_back = [&listener]() -> Task<> {
        io::Stream stream(co_await accept_one(listener));
        co_await io::copy(stream, stream);
        co_await stream.shutdown_write();
    };
    auto send = [&]() -> Task<std::string> {
        TcpStream stream = co_await TcpStream::connect(listener.local_address());
        auto speak = [&]() -> Task<> {
            co_await stream.write_all(text);
            stream.shutdown_write();
        };
        auto [echo, done] = co_await gather(read_to_end(stream), speak());
        co_return echo;
    };
    auto [done, echo] = co_await gather(give_back(), send());
    require(echo == text, "what came back differs");
}

}  // namespace

Scenarios tcp_scenarios() {
    return {
        {"small echo", &small_echo},
        {"large echo", &large_echo},
        {"refused connection", &refused_connection, ECONNREFUSED},
        {"deadlines", &deadlines},
        {"cancelled accepts", &cancelled_accepts},
        {"options", &options},
        {"lines", &lines},
        {"connection by name",
         &connection_by_name,
         0,
         {"socket", "connect", "getsockopt", "getsockname", "read"}},
        {"parts and files", &parts_and_files},
        {"copied stream", &copied_stream},
    };
}

}  // namespace rondo::test
