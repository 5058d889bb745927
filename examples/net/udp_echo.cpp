// SPDX-License-Identifier: Apache-2.0
// Datagrams: sent back to who sent them, and asked for again when no answer comes.
#include <chrono>
#include <cstdio>
#include <optional>
#include <rondo/rondo.hpp>
#include <string>

using namespace std::chrono_literals;
using rondo::net::Address;
using rondo::net::UdpSocket;

rondo::Task<> echo(UdpSocket& socket) {
    for (;;) {
        const auto datagram = co_await socket.receive_leased();
        if (datagram.bytes().text() != "lost") {  // as if the network had swallowed it
            co_await socket.send_to(datagram.bytes(), datagram.from);
        }
    }
}

rondo::Task<std::string> ask(UdpSocket& socket, std::string question) {
    char bytes[512];
    for (int attempt = 1; attempt <= 3; ++attempt) {
        co_await socket.send(question);
        const auto answer = co_await rondo::move_on_after(1s, socket.receive_from(bytes));
        if (answer) {
            co_return std::string(bytes, answer->size);
        }
    }
    co_return "no answer";
}

rondo::Task<> async_main() {
    auto server = UdpSocket::bind(Address::loopback(0));
    auto echoing = rondo::create_task(echo(server));
    auto client = UdpSocket::connect(server.local_address());
    for (const char* question : {"hello", "lost"}) {
        const std::string answer = co_await ask(client, question);
        std::printf("%s: %s\n", question, answer.c_str());
    }
    echoing.cancel();
    co_await echoing.wait();
}

int main() { rondo::run(async_main()); }
