// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include "torture/scenario_tools.hpp"

namespace rondo::test {
namespace {

Task<> datagrams() {
    net::UdpSocket receiver = net::UdpSocket::bind(Address::loopback(0));
    net::UdpSocket sender = net::UdpSocket::connect(receiver.local_address());
    co_await sender.send("datagram");
    const auto datagram = co_await receiver.receive_leased();
    require(datagram.bytes().text() == "datagram", "the datagram differs");
}

Task<> answered_datagrams() {
    net::UdpOptions options;
    options.receive_buffer = 64 * 1024;
    options.send_buffer = 64 * 1024;
    net::UdpSocket one = net::UdpSocket::bind(Address::loopback(0), options);
    net::UdpSocket other = net::UdpSocket::bind(Address::loopback(0));
    const Address to = other.local_address();
    std::array<char, 64> room{};
    for (const char* const text : {"a", "bb", "ccc"}) {
        co_await one.send_to(text, to);
    }
    for (std::size_t size = 1; size <= 3; ++size) {
        const auto received = co_await other.receive_from(room);
        require(received.size == size && !received.truncated, "another datagram");
        require(received.from == one.local_address(), "another sender");
    }
    other.connect_to(one.local_address());
    require(other.peer_address() == one.local_address(), "another peer");
    require(other.try_send("answer"), "no room for a datagram");
    const auto received = co_await one.receive_from(room);
    require(std::string_view(room.data(), received.size) == "answer", "another answer");
    require(!one.try_receive_from(room), "a datagram that nobody sent");
}

Task<> awaited_datagrams() {
    net::UdpSocket receiver = net::UdpSocket::bind(Address::loopback(0));
    net::UdpSocket sender = net::UdpSocket::connect(receiver.local_address());
    auto hear = [&receiver]() -> Task<> {
        std::array<char, 4> room{};
        const auto received = co_await receiver.receive_from(room);
        require(received.truncated && received.size == 4, "all of a datagram that is too long");
    };
    auto speak = [&sender]() -> Task<> {
        co_await sleep(1ms);
        co_await sender.send("too long");
    };
    co_await gather(hear(), speak());
    const auto none = co_await move_on_after(500us, hear());
    require(!none, "a datagram that nobody sent");
}

Task<> multicast_options() {
    net::UdpSocket socket = net::UdpSocket::bind(Address::loopback(0));
    socket.set_multicast_loop(true);
    socket.set_multicast_hops(2);
    co_await yield();
}

}  // namespace

Scenarios datagram_scenarios() {
    return {
        {"datagrams", &datagrams},
        {"answered datagrams", &answered_datagrams},
        {"awaited datagrams", &awaited_datagrams},
        {"multicast options", &multicast_options},
    };
}

}  // namespace rondo::test
