// SPDX-License-Identifier: Apache-2.0
/// What the behaviours of datagrams are made of, UDP's and Unix'.
#pragma once

#include <string>
#include <utility>

#include "conformance/behaviour.hpp"
#include "net/net_test.hpp"
#include "rondo/net/udp_socket.hpp"

namespace rondo::test {

using net::UdpOptions;
using net::UdpSocket;

inline UdpSocket udp_socket() { return UdpSocket::bind(Address::loopback(0)); }

/// The next datagram's text.
template <class S>
Task<std::string> next_text(S& socket) {
    const auto datagram = co_await socket.receive_leased();
    co_return std::string(datagram.bytes().text());
}

/// The next datagram's text, or the error; "timed_out" when none comes.
template <class S>
Task<std::string> text_within(S& socket, Duration limit) {
    auto bounded = [&socket, limit]() -> Task<std::string> {
        std::string text = co_await timeout(limit, next_text(socket));
        co_return text;
    };
    std::string seen = co_await outcome(bounded);
    co_return seen;
}

/// "done", or the error.
template <class S>
Task<std::string> outcome_of_send(S& socket, std::string text = "x") {
    auto send = [&socket, &text]() -> Task<> { co_await socket.send(text); };
    std::string seen = co_await outcome(send);
    co_return seen;
}

template <class S, class A>
Task<std::string> outcome_of_send_to(S& socket, std::string text, A to) {
    auto send = [&socket, &text, &to]() -> Task<> { co_await socket.send_to(text, to); };
    std::string seen = co_await outcome(send);
    co_return seen;
}

/// A port that nobody has.
inline Address udp_port_of_nobody() {
    UdpSocket gone = udp_socket();
    const Address address = gone.local_address();
    gone.close();
    return address;
}

}  // namespace rondo::test
