// SPDX-License-Identifier: Apache-2.0
// Listening, connecting, accepting.
#include <sys/socket.h>

#include "conformance/over_tcp.hpp"

namespace rondo::test {
namespace {

// "listening", or the error.
std::string outcome_of_listen(const Address& address, net::ListenOptions options = {}) {
    try {
        TcpListener listener = TcpListener::listen(address, options);
        return "listening";
    } catch (const Error& error) {
        return std::string(to_string(error.code()));
    }
}

Task<> connect_and_drop(Address address) {
    TcpStream stream = co_await TcpStream::connect(address);
    stream.close();
}

// "connected", or the error.
Task<std::string> outcome_of_connect(Address address) {
    const std::string seen = co_await outcome([address] { return connect_and_drop(address); });
    co_return seen == "done" ? "connected" : seen;
}

Task<std::string> outcome_of_accept(TcpListener& listener) {
    auto accept = [&listener]() -> Task<bool> {
        const TcpStream stream = co_await listener.accept();
        co_return stream.is_open();
    };
    co_return co_await outcome(accept);
}

Address port_nobody_listens_on() {
    TcpListener listener = local_listener();
    const Address address = listener.local_address();
    listener.close();
    return address;
}

RONDO_BEHAVIOUR(tcp, "port 0 is some free port", "true") {
    TcpListener listener = local_listener();
    co_return observed(listener.local_address().port() != 0);
}

RONDO_BEHAVIOUR(tcp, "a port that another listener has is in use", "in_use") {
    TcpListener listener = local_listener();
    co_return outcome_of_listen(listener.local_address());
}

RONDO_BEHAVIOUR(tcp, "a port is free again when its listener has closed", "listening") {
    co_return outcome_of_listen(port_nobody_listens_on());
}

RONDO_BEHAVIOUR(tcp, "two listeners may share a port if both say so", "listening") {
    net::ListenOptions shared;
    shared.share_port = true;
    TcpListener listener = local_listener(shared);
    co_return outcome_of_listen(listener.local_address(), shared);
}

RONDO_BEHAVIOUR(tcp, "a port that its listener does not share is in use", "in_use") {
    net::ListenOptions shared;
    shared.share_port = true;
    TcpListener listener = local_listener();
    co_return outcome_of_listen(listener.local_address(), shared);
}

RONDO_BEHAVIOUR(tcp, "connecting where nobody listens is refused", "refused") {
    co_return co_await outcome_of_connect(port_nobody_listens_on());
}

// tcp(7) has no broadcast: ENETUNREACH.
RONDO_BEHAVIOUR(tcp, "no connection leads to a broadcast address", "unreachable") {
    TcpListener listener = TcpListener::listen(Address::parse("0.0.0.0", 0));
    const std::uint16_t port = listener.local_address().port();
    co_return co_await outcome_of_connect(Address::parse("127.255.255.255", port));
}

RONDO_BEHAVIOUR(tcp, "a listener says that it listens, a stream does not", "1, 0") {
    TcpListener listener = local_listener();
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    const int one = listener.option(SOL_SOCKET, SO_ACCEPTCONN);
    const int other = client.option(SOL_SOCKET, SO_ACCEPTCONN);
    co_return in_order(one, other);
}

RONDO_BEHAVIOUR(tcp, "connecting does not need an accept", "connected") {
    TcpListener listener = local_listener();
    co_return co_await outcome_of_connect(listener.local_address());
}

RONDO_BEHAVIOUR(tcp, "each end knows both addresses", "true, true") {
    Pair pair = co_await OverTcp::connected();
    const bool there = pair.client.peer_address() == pair.server.local_address();
    const bool back = pair.server.peer_address() == pair.client.local_address();
    co_return in_order(there, back);
}

RONDO_BEHAVIOUR(tcp, "IPv6 works as IPv4 does", "::1, six") {
    TcpListener listener = TcpListener::listen(Address::parse("::1", 0));
    auto [client, server] = co_await gather(TcpStream::connect(listener.local_address()),
                                            OverTcp::accept_one(listener));
    co_await client.write_all("six");
    const std::string text = co_await OverTcp::read_exactly(server, 3);
    const std::string host = client.peer_address().host();
    co_return in_order(host, text);
}

RONDO_BEHAVIOUR(tcp, "a listener of IPv6 does not take IPv4", "refused") {
    TcpListener listener = TcpListener::listen(Address::parse("::1", 0));
    co_return co_await outcome_of_connect(Address::loopback(listener.local_address().port()));
}

RONDO_BEHAVIOUR(tcp, "connections are accepted in the order they came", "first, second") {
    TcpListener listener = local_listener();
    TcpStream one = co_await TcpStream::connect(listener.local_address());
    TcpStream two = co_await TcpStream::connect(listener.local_address());
    TcpStream a = co_await OverTcp::accept_one(listener);
    TcpStream b = co_await OverTcp::accept_one(listener);
    const bool right = a.peer_address() == one.local_address();
    const bool left = b.peer_address() == two.local_address();
    co_return in_order(right ? "first" : "other", left ? "second" : "other");
}

RONDO_BEHAVIOUR(tcp, "an accept waits for a connection", "true") {
    TcpListener listener = local_listener();
    TaskHandle<std::string> accept = create_task(outcome_of_accept(listener));
    co_await OverTcp::turns(3);
    co_await connect_and_drop(listener.local_address());
    co_return co_await accept;
}

RONDO_BEHAVIOUR(tcp, "a second accept is told busy", "busy, true") {
    TcpListener listener = local_listener();
    TaskHandle<std::string> accept = create_task(outcome_of_accept(listener));
    co_await sleep(1ms);
    const std::string second = co_await outcome_of_accept(listener);
    co_await connect_and_drop(listener.local_address());
    const std::string first = co_await accept;
    co_return in_order(second, first);
}

RONDO_BEHAVIOUR(tcp, "a cancelled accept takes no connection", "true") {
    TcpListener listener = local_listener();
    TaskHandle<std::string> accept = create_task(outcome_of_accept(listener));
    co_await sleep(1ms);
    accept.cancel();
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await ended(accept);
    TcpStream server = co_await OverTcp::accept_one(listener);
    co_return observed(server.peer_address() == client.local_address());
}

RONDO_BEHAVIOUR(tcp, "a closed listener refuses to accept", "closed") {
    TcpListener listener = local_listener();
    listener.close();
    co_return co_await outcome_of_accept(listener);
}

RONDO_BEHAVIOUR(tcp, "a connection that nobody accepted is reset when the listener closes",
                "reset") {
    TcpListener listener = local_listener();
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    listener.close();
    co_return co_await outcome_of_read(client);
}

RONDO_BEHAVIOUR(tcp, "accepted connections outlive their listener", "still here") {
    TcpListener listener = local_listener();
    auto [client, server] = co_await gather(TcpStream::connect(listener.local_address()),
                                            OverTcp::accept_one(listener));
    listener.close();
    co_await client.write_all("still here");
    co_return co_await OverTcp::read_exactly(server, 10);
}

RONDO_BEHAVIOUR(tcp, "bytes sent before the accept are there after it", "early") {
    TcpListener listener = local_listener();
    TcpStream client = co_await TcpStream::connect(listener.local_address());
    co_await client.write_all("early");
    TcpStream server = co_await OverTcp::accept_one(listener);
    co_return co_await OverTcp::read_exactly(server, 5);
}

RONDO_BEHAVIOUR(tcp, "a client that came and went is accepted, its bytes and its end too", "bye") {
    TcpListener listener = local_listener();
    {
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        co_await client.write_all("bye");
    }
    TcpStream server = co_await OverTcp::accept_one(listener);
    co_return co_await OverTcp::read_all(server);
}

RONDO_BEHAVIOUR(tcp, "a connect that is given up leaves nothing behind", "connected") {
    TcpListener listener = local_listener();
    TaskHandle<std::string> connect = create_task(outcome_of_connect(listener.local_address()));
    connect.cancel();
    co_await ended(connect);
    co_return co_await outcome_of_connect(listener.local_address());
}

RONDO_BEHAVIOUR(tcp, "fifty clients at once are all accepted", "50") {
    TcpListener listener = local_listener();
    std::vector<Task<std::string>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(outcome_of_connect(listener.local_address()));
    }
    int accepted = 0;
    auto accept_all = [&]() -> Task<> {
        while (accepted < 50) {
            const TcpStream stream = co_await listener.accept();
            accepted += stream.is_open() ? 1 : 0;
        }
    };
    co_await gather(gather(std::move(clients)), accept_all());
    co_return observed(accepted);
}

}  // namespace
}  // namespace rondo::test
