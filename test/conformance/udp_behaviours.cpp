// SPDX-License-Identifier: Apache-2.0
// Datagrams of UDP: bounds, senders, losses, refusals. What is expected stands in udp(7), ip(7),
// recvmsg(2) and RFC 768.
#include <sys/socket.h>

#include "conformance/over_udp.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR(udp, "port 0 is some free port, another for each socket", "true, true") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    const std::uint16_t one = a.local_address().port();
    const std::uint16_t two = b.local_address().port();
    co_return in_order(one != 0, one != two);
}

RONDO_BEHAVIOUR(udp, "a port that another socket has is in use", "in_use") {
    UdpSocket a = udp_socket();
    co_return outcome_of_call([&] { UdpSocket::bind(a.local_address()); });
}

RONDO_BEHAVIOUR(udp, "a port is free again when its socket has closed", "done") {
    const Address address = udp_port_of_nobody();
    co_return outcome_of_call([&] { UdpSocket::bind(address); });
}

RONDO_BEHAVIOUR(udp, "sockets share a port if all say so, else not", "done, in_use") {
    UdpOptions shared;
    shared.share_port = true;
    UdpSocket a = UdpSocket::bind(Address::loopback(0), shared);
    const std::string willing =
        outcome_of_call([&] { UdpSocket::bind(a.local_address(), shared); });
    const std::string other = outcome_of_call([&] { UdpSocket::bind(a.local_address()); });
    co_return in_order(willing, other);
}

RONDO_BEHAVIOUR(udp, "a port of UDP is none of TCP", "refused") {
    UdpSocket a = udp_socket();
    auto connect = [&]() -> Task<> { co_await TcpStream::connect(a.local_address()); };
    co_return co_await outcome(connect);
}

RONDO_BEHAVIOUR(udp, "datagrams keep their bounds", "first, second one") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    co_await a.send_to("first", b.local_address());
    co_await a.send_to("second one", b.local_address());
    const std::string first = co_await next_text(b);
    const std::string second = co_await next_text(b);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(udp, "each datagram tells its sender", "true, true") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    UdpSocket c = udp_socket();
    co_await a.send_to("a", c.local_address());
    co_await b.send_to("b", c.local_address());
    const auto first = co_await c.receive_leased();
    const auto second = co_await c.receive_leased();
    const bool one = first.from == a.local_address();
    const bool two = second.from == b.local_address();
    co_return in_order(one, two);
}

RONDO_BEHAVIOUR(udp, "a hundred datagrams on loopback keep their order", "true") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    std::string sent;
    std::string got;
    for (int i = 0; i < 100; ++i) {
        const std::string text = std::to_string(i);
        co_await a.send_to(text, b.local_address());
        sent += text;
    }
    for (int i = 0; i < 100; ++i) {
        got += co_await next_text(b);
    }
    co_return observed(got == sent);
}

RONDO_BEHAVIOUR(udp, "an empty datagram is one, not an end", "0, true, after") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    co_await a.send_to("", b.local_address());
    co_await a.send_to("after", b.local_address());
    std::string room(10, '-');
    const auto empty = co_await b.receive_from(room);
    const std::string next = co_await next_text(b);
    const bool known = empty.from == a.local_address();
    co_return in_order(empty.size, known, next);
}

RONDO_BEHAVIOUR(udp, "what does not fit is cut, told and lost", "abc, true, next") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    co_await a.send_to("abcdef", b.local_address());
    co_await a.send_to("next", b.local_address());
    std::string room(3, '-');
    const auto cut = co_await b.receive_from(room);
    const std::string next = co_await next_text(b);
    co_return in_order(room, cut.truncated, next);
}

RONDO_BEHAVIOUR(udp, "a datagram that just fits is not cut", "3, false") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    co_await a.send_to("abc", b.local_address());
    std::string room(3, '-');
    const auto whole = co_await b.receive_from(room);
    co_return in_order(whole.size, whole.truncated);
}

// 65535 bytes of IP, less 20 of its header and 8 of UDP's.
RONDO_BEHAVIOUR(udp, "65507 bytes go, 65508 do not", "65507, invalid") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    const std::string largest(65507, 'x');
    co_await a.send_to(largest, b.local_address());
    const std::string got = co_await next_text(b);
    const std::string larger =
        co_await outcome_of_send_to(a, std::string(65508, 'x'), b.local_address());
    co_return in_order(got.size(), larger);
}

RONDO_BEHAVIOUR(udp, "IPv6 works as IPv4 does", "six, ::1") {
    UdpSocket a = UdpSocket::bind(Address::parse("::1", 0));
    UdpSocket b = UdpSocket::bind(Address::parse("::1", 0));
    co_await a.send_to("six", b.local_address());
    const auto datagram = co_await b.receive_leased();
    const std::string host = datagram.from.host();
    co_return in_order(datagram.bytes().text(), host);
}

RONDO_BEHAVIOUR(udp, "to an address of the other family nothing is sent", "not_supported") {
    UdpSocket a = udp_socket();
    co_return co_await outcome_of_send_to(a, "x", Address::parse("::1", 9));
}

// Linux throws away what comes while the buffer is full; what lies there stays.
RONDO_BEHAVIOUR(udp, "a full buffer loses what comes, not what is there", "0, true") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    const std::string rest(1000, '.');
    for (int i = 0; i < 5000; ++i) {
        co_await a.send_to(std::to_string(i) + rest, b.local_address());
    }
    const std::string first = co_await next_text(b);
    int more = 0;
    std::string seen = "some";
    while (seen != "timed_out") {
        seen = co_await text_within(b, 2ms);
        ++more;
    }
    co_return in_order(first.substr(0, first.find('.')), more < 4999);
}

// ------------------------------------------------------------------------------ one peer

RONDO_BEHAVIOUR(udp, "a connected socket hears its peer only", "answer") {
    UdpSocket server = udp_socket();
    UdpSocket stranger = udp_socket();
    UdpSocket client = UdpSocket::connect(server.local_address());
    co_await stranger.send_to("spoof", client.local_address());
    co_await server.send_to("answer", client.local_address());
    co_return co_await next_text(client);
}

RONDO_BEHAVIOUR(udp, "what came before the connect is still received", "early") {
    UdpSocket server = udp_socket();
    UdpSocket stranger = udp_socket();
    UdpSocket client = udp_socket();
    co_await stranger.send_to("early", client.local_address());
    client.connect_to(server.local_address());
    co_return co_await next_text(client);
}

RONDO_BEHAVIOUR(udp, "a connected socket knows both addresses", "true, true") {
    UdpSocket server = udp_socket();
    UdpSocket client = UdpSocket::connect(server.local_address());
    const bool there = client.peer_address() == server.local_address();
    const bool own = client.local_address().host() == "127.0.0.1";
    co_return in_order(there, own);
}

RONDO_BEHAVIOUR(udp, "a connected socket may be given another peer", "second") {
    UdpSocket one = udp_socket();
    UdpSocket two = udp_socket();
    UdpSocket client = udp_socket();
    client.connect_to(one.local_address());
    client.connect_to(two.local_address());
    co_await one.send_to("first", client.local_address());
    co_await two.send_to("second", client.local_address());
    co_return co_await next_text(client);
}

// udp(7): without IP_RECVERR errors are passed on only when the socket is connected.
RONDO_BEHAVIOUR(udp, "a closed port is told to a connected socket, once", "refused, timed_out") {
    UdpSocket client = UdpSocket::connect(udp_port_of_nobody());
    co_await client.send("anybody?");
    const std::string first = co_await text_within(client, 1h);
    const std::string second = co_await text_within(client, 2ms);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(udp, "a receive that waits is told of a closed port", "refused") {
    UdpSocket client = UdpSocket::connect(udp_port_of_nobody());
    TaskHandle<std::string> receive = create_task(text_within(client, 1h));
    co_await sleep(1ms);
    co_await client.send("anybody?");
    co_return co_await receive;
}

RONDO_BEHAVIOUR(udp, "the send that tells of a closed port sent nothing", "refused, third") {
    const Address there = udp_port_of_nobody();
    UdpSocket client = UdpSocket::connect(there);
    co_await client.send("first");
    co_await sleep(1ms);
    UdpSocket late = UdpSocket::bind(there);
    const std::string second = co_await outcome_of_send(client, "second");
    co_await client.send("third");
    const std::string got = co_await next_text(late);
    co_return in_order(second, got);
}

RONDO_BEHAVIOUR(udp, "others do not hear of a closed port", "done, timed_out") {
    UdpSocket a = udp_socket();
    const Address there = udp_port_of_nobody();
    co_await a.send_to("anybody?", there);
    const std::string send = co_await outcome_of_send_to(a, "nobody", there);
    const std::string receive = co_await text_within(a, 2ms);
    co_return in_order(send, receive);
}

RONDO_BEHAVIOUR(udp, "without a peer and an address there is nobody to send to", "invalid") {
    UdpSocket a = udp_socket();
    co_return co_await outcome_of_send(a);
}

}  // namespace
}  // namespace rondo::test
