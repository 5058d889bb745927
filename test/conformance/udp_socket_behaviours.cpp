// SPDX-License-Identifier: Apache-2.0
// Sockets of UDP: waiting, their end, options, broadcast, groups. See socket(7), ip(7).
#include <netinet/in.h>
#include <sys/socket.h>

#include "conformance/over_udp.hpp"

namespace rondo::test {
namespace {

constexpr const char* no_groups = "there are no groups";

RONDO_BEHAVIOUR(udp, "a receive waits for a datagram", "false, late") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    TaskHandle<std::string> receive = create_task(text_within(b, 1h));
    co_await sleep(1ms);
    const bool early = receive.done();
    co_await a.send_to("late", b.local_address());
    const std::string text = co_await receive;
    co_return in_order(early, text);
}

RONDO_BEHAVIOUR(udp, "a receive that waits does not keep a send from going", "out, in") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    TaskHandle<std::string> receive = create_task(text_within(b, 1h));
    co_await sleep(1ms);
    co_await b.send_to("out", a.local_address());
    const std::string out = co_await next_text(a);
    co_await a.send_to("in", b.local_address());
    const std::string in = co_await receive;
    co_return in_order(out, in);
}

RONDO_BEHAVIOUR(udp, "a second receiver is told busy", "busy, x") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    TaskHandle<std::string> receive = create_task(text_within(b, 1h));
    co_await sleep(1ms);
    const std::string second = co_await text_within(b, 1h);
    co_await a.send_to("x", b.local_address());
    const std::string first = co_await receive;
    co_return in_order(second, first);
}

RONDO_BEHAVIOUR(udp, "a receive without datagrams ends at its deadline", "timed_out") {
    UdpSocket a = udp_socket();
    co_return co_await text_within(a, 2ms);
}

RONDO_BEHAVIOUR(udp, "a cancelled receive takes no datagram", "kept") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    TaskHandle<std::string> receive = create_task(text_within(b, 1h));
    co_await sleep(1ms);
    receive.cancel();
    co_await a.send_to("kept", b.local_address());
    co_await ended(receive);
    co_return co_await next_text(b);
}

RONDO_BEHAVIOUR(udp, "to try takes what is there, and does not wait", "false, there") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    std::string room(10, '-');
    const bool early = b.try_receive_from(room).has_value();
    co_await a.send_to("there", b.local_address());
    auto got = b.try_receive_from(room);
    while (!got) {
        co_await sleep(100us);
        got = b.try_receive_from(room);
    }
    co_return in_order(early, room.substr(0, got->size));
}

RONDO_BEHAVIOUR(udp, "a closed socket refuses all calls", "closed, closed, closed") {
    UdpSocket a = udp_socket();
    const Address own = a.local_address();
    a.close();
    a.close();
    const std::string receive = co_await text_within(a, 1h);
    const std::string send = co_await outcome_of_send_to(a, "x", own);
    const std::string option = outcome_of_call([&] { a.receive_buffer(); });
    co_return in_order(receive, send, option);
}

RONDO_BEHAVIOUR(udp, "datagrams that nobody read go with their socket", "new") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    const Address there = b.local_address();
    co_await a.send_to("old", there);
    b.close();
    UdpSocket c = UdpSocket::bind(there);
    co_await a.send_to("new", there);
    co_return co_await next_text(c);
}

RONDO_BEHAVIOUR(udp, "a moved-from socket is closed, the new one has the port", "false, x") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    UdpSocket moved(std::move(b));
    co_await a.send_to("x", moved.local_address());
    const std::string text = co_await next_text(moved);
    const bool open = b.is_open();
    co_return in_order(open, text);
}

RONDO_BEHAVIOUR(udp, "a socket at all addresses hears what comes to one", "x") {
    UdpSocket a = udp_socket();
    UdpSocket b = UdpSocket::bind(Address::parse("0.0.0.0", 0));
    co_await a.send_to("x", Address::loopback(b.local_address().port()));
    co_return co_await next_text(b);
}

// Linux takes 0.0.0.0 as a destination for this machine.
RONDO_BEHAVIOUR(udp, "what is sent to 0.0.0.0 comes to this machine", "x") {
    UdpSocket a = udp_socket();
    UdpSocket b = udp_socket();
    co_await a.send_to("x", Address::parse("0.0.0.0", b.local_address().port()));
    co_return co_await next_text(b);
}

RONDO_BEHAVIOUR(udp, "a socket's type and family can be asked for", "true, true") {
    UdpSocket a = udp_socket();
    const bool datagrams = a.option(SOL_SOCKET, SO_TYPE) == SOCK_DGRAM;
    const bool ipv4 = a.option(SOL_SOCKET, SO_DOMAIN) == AF_INET;
    co_return in_order(datagrams, ipv4);
}

// socket(7): the kernel doubles the value, and gives the doubled value.
RONDO_BEHAVIOUR(udp, "a buffer is twice of what was asked for", "100000, 60000") {
    UdpOptions options;
    options.receive_buffer = 50'000;
    options.send_buffer = 30'000;
    UdpSocket a = UdpSocket::bind(Address::loopback(0), options);
    const std::size_t receive = a.receive_buffer();
    const std::size_t send = a.send_buffer();
    co_return in_order(receive, send);
}

RONDO_BEHAVIOUR(udp, "there are buffers before anybody asks for them", "true, true") {
    UdpSocket a = udp_socket();
    const bool receives = a.receive_buffer() > 0;
    const bool sends = a.send_buffer() > 0;
    co_return in_order(receives, sends);
}

RONDO_BEHAVIOUR(udp, "reading SO_ERROR takes the error", "true, 0, timed_out") {
    UdpSocket client = UdpSocket::connect(udp_port_of_nobody());
    co_await client.send("anybody?");
    int error = client.option(SOL_SOCKET, SO_ERROR);
    while (error == 0) {
        co_await sleep(100us);
        error = client.option(SOL_SOCKET, SO_ERROR);
    }
    const int again = client.option(SOL_SOCKET, SO_ERROR);
    const std::string receive = co_await text_within(client, 2ms);
    co_return in_order(error == ECONNREFUSED, again, receive);
}

// --------------------------------------------------------------------- broadcast and groups

// ip(7): EACCES, to send to a broadcast address the broadcast flag must be set.
RONDO_BEHAVIOUR(udp, "a broadcast needs the option", "no_permission, all") {
    UdpSocket hears = UdpSocket::bind(Address::parse("0.0.0.0", 0));
    const Address everybody = Address::parse("127.255.255.255", hears.local_address().port());
    UdpSocket without = udp_socket();
    const std::string refused = co_await outcome_of_send_to(without, "none", everybody);
    UdpOptions options;
    options.broadcast = true;
    UdpSocket with = UdpSocket::bind(Address::loopback(0), options);
    co_await with.send_to("all", everybody);
    const std::string text = co_await next_text(hears);
    co_return in_order(refused, text);
}

RONDO_BEHAVIOUR(udp, "to be connected to a broadcast address needs it too", "no_permission, done") {
    const Address everybody = Address::parse("127.255.255.255", 9);
    UdpOptions options;
    options.broadcast = true;
    const std::string without = outcome_of_call([&] { UdpSocket::connect(everybody); });
    const std::string with = outcome_of_call([&] { UdpSocket::connect(everybody, options); });
    co_return in_order(without, with);
}

constexpr unsigned loopback_interface = 1;

Address group_of(const UdpSocket& socket) {
    return Address::parse("239.17.18.19", socket.local_address().port());
}

RONDO_BEHAVIOUR_REAL(udp, "a member gets what is sent to its group", "all of you", no_groups) {
    UdpSocket member = UdpSocket::bind(Address::parse("0.0.0.0", 0));
    member.join_group(group_of(member), loopback_interface);
    UdpSocket sender = udp_socket();
    co_await sender.send_to("all of you", group_of(member));
    co_return co_await text_within(member, 5s);
}

RONDO_BEHAVIOUR_REAL(udp, "who has left a group gets nothing more", "timed_out", no_groups) {
    UdpSocket member = UdpSocket::bind(Address::parse("0.0.0.0", 0));
    member.set_option(IPPROTO_IP, IP_MULTICAST_ALL, 0);
    member.join_group(group_of(member), loopback_interface);
    member.leave_group(group_of(member), loopback_interface);
    UdpSocket sender = udp_socket();
    co_await sender.send_to("all of you", group_of(member));
    co_return co_await text_within(member, 2ms);
}

// ip(7): EADDRNOTAVAIL.
RONDO_BEHAVIOUR_REAL(udp, "only members can leave a group", "not_found", no_groups) {
    UdpSocket other = udp_socket();
    co_return outcome_of_call([&] { other.leave_group(group_of(other), loopback_interface); });
}

RONDO_BEHAVIOUR_REAL(udp, "each member at a port gets a copy", "x, x", no_groups) {
    UdpOptions options;
    options.reuse_address = true;
    UdpSocket one = UdpSocket::bind(Address::parse("0.0.0.0", 0), options);
    UdpSocket two = UdpSocket::bind(one.local_address(), options);
    one.join_group(group_of(one), loopback_interface);
    two.join_group(group_of(one), loopback_interface);
    UdpSocket sender = udp_socket();
    co_await sender.send_to("x", group_of(one));
    const std::string first = co_await text_within(one, 5s);
    const std::string second = co_await text_within(two, 5s);
    co_return in_order(first, second);
}

}  // namespace
}  // namespace rondo::test
