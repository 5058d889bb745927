// SPDX-License-Identifier: Apache-2.0
// An echo server with a limit and an orderly end: who is being served may finish.
#include <chrono>
#include <cstdio>
#include <rondo/rondo.hpp>
#include <string>

using namespace std::chrono_literals;
using rondo::net::Address;
using rondo::net::TcpListener;
using rondo::net::TcpStream;

rondo::Task<> echo(TcpStream stream) {
    for (;;) {
        const auto bytes = co_await stream.read_leased();
        if (bytes.empty()) {
            co_return;  // the client has ended; the stream is closed with this frame
        }
        co_await stream.write_all(bytes.bytes());
    }
}

rondo::Task<> talk(Address address, std::string words, rondo::Duration pause) {
    auto stream = co_await TcpStream::connect(address);
    co_await stream.write_all(words);
    co_await rondo::sleep(pause);
    stream.shutdown_write();
    std::string answer;
    char bytes[512];
    for (;;) {
        const std::size_t count = co_await stream.read_some(bytes);
        if (count == 0) {
            break;
        }
        answer.append(bytes, count);
    }
    std::printf("echo: %s\n", answer.c_str());
}

rondo::Task<> stop_soon(rondo::net::Server& server) {
    co_await rondo::sleep(2s);
    std::printf("stopping; being served: %zu\n", server.active());
    server.shut_down();
}

rondo::Task<> async_main() {
    auto listener = TcpListener::listen(Address::loopback(0));
    rondo::net::ServeOptions options;
    options.connections_max = 1000;
    options.grace = 10s;
    rondo::net::Server server(options);

    const Address address = listener.local_address();
    co_await rondo::gather(rondo::net::serve(listener, echo, server),
                           talk(address, "quick", 0s),    //
                           talk(address, "patient", 5s),  // is served to its end
                           stop_soon(server));
    std::printf("accepted: %d, cut: %d\n", static_cast<int>(server.stats().accepted),
                static_cast<int>(server.stats().cut));
}

int main() { rondo::run(async_main()); }
