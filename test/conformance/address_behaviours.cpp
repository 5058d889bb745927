// SPDX-License-Identifier: Apache-2.0
// Which addresses and ports sockets may have beside each other, and what leads where. What is
// expected stands in ip(7), socket(7), tcp(7), udp(7), unix(7).
#include "conformance/over_streams.hpp"
#include "conformance/over_udp.hpp"
#include "rondo/net/unix_datagram.hpp"
#include "rondo/net/unix_listener.hpp"
#include "support/unix_names.hpp"

namespace rondo::test {
namespace {

using net::UnixDatagram;
using net::UnixListener;
using net::UnixStream;

const char* const all = "0.0.0.0";
const char* const second_loopback = "127.0.0.2";

Task<std::string> end_of_connect(Address address) {
    auto connect = [&address]() -> Task<> { co_await TcpStream::connect(address); };
    std::string seen = co_await outcome(connect);
    co_return seen;
}

std::string end_of_listen(const Address& address) {
    return outcome_of_call([&] { TcpListener::listen(address); });
}

std::string outcome_of_bind(const Address& address, UdpOptions options = {}) {
    return outcome_of_call([&] { UdpSocket::bind(address, options); });
}

// EADDRNOTAVAIL. 192.0.2.0/24 is nobody's: RFC 5737.
RONDO_BEHAVIOUR(address, "one that this machine does not have is not found",
                "not_found, not_found") {
    const Address foreign = Address::parse("192.0.2.1", 0);
    const std::string tcp = end_of_listen(foreign);
    co_return in_order(tcp, outcome_of_bind(foreign));
}

RONDO_BEHAVIOUR(address, "a listener at all addresses excludes one at a single one", "in_use") {
    TcpListener listener = TcpListener::listen(Address::parse(all, 0));
    co_return end_of_listen(Address::loopback(listener.local_address().port()));
}

RONDO_BEHAVIOUR(address, "a listener at one address excludes one at all", "in_use") {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    co_return end_of_listen(Address::parse(all, listener.local_address().port()));
}

RONDO_BEHAVIOUR(address, "of UDP too: all addresses and one exclude each other", "in_use, in_use") {
    UdpSocket any = UdpSocket::bind(Address::parse(all, 0));
    UdpSocket one = udp_socket();
    const std::string below = outcome_of_bind(Address::loopback(any.local_address().port()));
    const std::string above = outcome_of_bind(Address::parse(all, one.local_address().port()));
    co_return in_order(below, above);
}

RONDO_BEHAVIOUR(address, "two addresses of this machine have their own ports", "done, done") {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    UdpSocket socket = udp_socket();
    const std::uint16_t port = listener.local_address().port();
    const std::string tcp = end_of_listen(Address::parse(second_loopback, port));
    const std::string udp =
        outcome_of_bind(Address::parse(second_loopback, socket.local_address().port()));
    co_return in_order(tcp, udp);
}

RONDO_BEHAVIOUR(address, "who listens at one address is not found at another",
                "refused, timed_out") {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const std::uint16_t port = listener.local_address().port();
    const std::string tcp = co_await end_of_connect(Address::parse(second_loopback, port));
    UdpSocket hears = udp_socket();
    UdpSocket sender = udp_socket();
    co_await sender.send_to("x", Address::parse(second_loopback, hears.local_address().port()));
    const std::string udp = co_await text_within(hears, 2ms);
    co_return in_order(tcp, udp);
}

RONDO_BEHAVIOUR(address, "the more special of shared UDP addresses gets it", "x, timed_out") {
    UdpOptions options;
    options.reuse_address = true;
    UdpSocket any = UdpSocket::bind(Address::parse(all, 0), options);
    UdpSocket one = UdpSocket::bind(Address::loopback(any.local_address().port()), options);
    UdpSocket sender = udp_socket();
    co_await sender.send_to("x", one.local_address());
    const std::string special = co_await text_within(one, 1h);
    const std::string general = co_await text_within(any, 2ms);
    co_return in_order(special, general);
}

RONDO_BEHAVIOUR(address, "UDP ports are reused if both say so, else not", "done, in_use") {
    UdpOptions options;
    options.reuse_address = true;
    UdpSocket one = UdpSocket::bind(Address::loopback(0), options);
    const std::string willing = outcome_of_bind(one.local_address(), options);
    co_return in_order(willing, outcome_of_bind(one.local_address()));
}

RONDO_BEHAVIOUR(address, "a port can be listened at again while connections live", "done, x") {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const Address address = listener.local_address();
    auto [client, server] =
        co_await gather(TcpStream::connect(address), OverTcp::accept_one(listener));
    listener.close();
    const std::string again = end_of_listen(address);
    co_await client.write_all("x");
    const std::string text = co_await read_text(server, 1);
    co_return in_order(again, text);
}

RONDO_BEHAVIOUR(address, "a connect to 0.0.0.0 comes to this machine", "127.0.0.1") {
    TcpListener listener = TcpListener::listen(Address::parse(all, 0));
    TcpStream client =
        co_await TcpStream::connect(Address::parse(all, listener.local_address().port()));
    co_return client.peer_address().host();
}

RONDO_BEHAVIOUR(address, "nobody listens at port 0", "refused") {
    co_return co_await end_of_connect(Address::loopback(0));
}

// EINVAL.
RONDO_BEHAVIOUR(address, "to port 0 no datagram is sent", "invalid") {
    UdpSocket socket = udp_socket();
    co_return co_await outcome_of_send_to(socket, "x", Address::loopback(0));
}

RONDO_BEHAVIOUR(address, "a socket of IPv4 has no peer of IPv6", "not_supported") {
    UdpSocket socket = udp_socket();
    co_return outcome_of_call([&] { socket.connect_to(Address::parse("::1", 9)); });
}

RONDO_BEHAVIOUR(address, "clients of one listener have a port each", "20") {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    std::vector<TcpStream> clients;
    std::vector<std::uint16_t> ports;
    for (int i = 0; i < 20; ++i) {
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        ports.push_back(client.local_address().port());
        clients.push_back(std::move(client));
    }
    std::sort(ports.begin(), ports.end());
    co_return observed(std::unique(ports.begin(), ports.end()) - ports.begin());
}

// --------------------------------------------------------------------------- Unix sockets

Task<std::string> outcome_of_stream(UnixAddress address) {
    auto connect = [&address]() -> Task<> { co_await UnixStream::connect(address); };
    std::string seen = co_await outcome(connect);
    co_return seen;
}

// EPROTOTYPE.
RONDO_BEHAVIOUR(address, "a path of the other kind of Unix socket is wrong",
                "unexpected, unexpected") {
    UnixDatagram datagrams = UnixDatagram::bind(fresh_path());
    UnixListener listener = UnixListener::listen(fresh_path());
    UnixDatagram sender = UnixDatagram::unbound();
    const std::string stream = co_await outcome_of_stream(datagrams.local_address());
    const std::string message = co_await outcome_of_send_to(sender, "x", listener.local_address());
    co_return in_order(stream, message);
}

RONDO_BEHAVIOUR(address, "a path is one name for both kinds of Unix sockets", "in_use, in_use") {
    UnixDatagram datagrams = UnixDatagram::bind(fresh_path());
    UnixListener listener = UnixListener::listen(fresh_path());
    const std::string stream =
        outcome_of_call([&] { UnixListener::listen(datagrams.local_address()); });
    const std::string message =
        outcome_of_call([&] { UnixDatagram::bind(listener.local_address()); });
    co_return in_order(stream, message);
}

RONDO_BEHAVIOUR(address, "an abstract name is two, one for each kind", "done, refused") {
    UnixDatagram datagrams = UnixDatagram::bind(fresh_abstract());
    const std::string listen =
        outcome_of_call([&] { UnixListener::listen(datagrams.local_address()); });
    const std::string stream = co_await outcome_of_stream(datagrams.local_address());
    co_return in_order(listen, stream);
}

RONDO_BEHAVIOUR(address, "an abstract name and a path of one text are two", "done") {
    const std::string text = "/tmp/" + fresh_name();
    UnixListener path = UnixListener::listen(UnixAddress::path(text));
    co_return outcome_of_call([&] { UnixListener::listen(UnixAddress::abstract(text)); });
}

RONDO_BEHAVIOUR(address, "an abstract name is free again when its socket has closed", "done") {
    const UnixAddress name = fresh_abstract();
    UnixListener::listen(name).close();
    co_return outcome_of_call([&] { UnixListener::listen(name); });
}

}  // namespace
}  // namespace rondo::test
