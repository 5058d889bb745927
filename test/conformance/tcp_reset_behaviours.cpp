// SPDX-License-Identifier: Apache-2.0
// Connections that were reset: what is still told, in which order. See tcp(7), getpeername(2),
// shutdown(2), and RFC 9293, 3.10.7.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "conformance/over_tcp.hpp"

namespace rondo::test {
namespace {

// The server closes with a byte unread, which resets the client.
Task<> reset(Pair& pair) {
    co_await pair.client.write_all("unread");
    co_await read_text(pair.server, 1);
    pair.server.close();
    co_await sleep(5ms);
}

RONDO_BEHAVIOUR(tcp, "a write tells of a reset, once", "reset, closed") {
    Pair pair = co_await OverTcp::connected();
    co_await reset(pair);
    const std::string first = co_await outcome_of_write(pair.client);
    const std::string second = co_await outcome_of_write(pair.client);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(tcp, "what a read told of a reset a write does not tell again", "reset, closed") {
    Pair pair = co_await OverTcp::connected();
    co_await reset(pair);
    const std::string read = co_await outcome_of_read(pair.client);
    const std::string write = co_await outcome_of_write(pair.client);
    co_return in_order(read, write);
}

RONDO_BEHAVIOUR(tcp, "what a write told of a reset a read does not tell again", "reset, 0") {
    Pair pair = co_await OverTcp::connected();
    co_await reset(pair);
    const std::string write = co_await outcome_of_write(pair.client);
    const std::string read = co_await outcome_of_read(pair.client);
    co_return in_order(write, read);
}

RONDO_BEHAVIOUR(tcp, "bytes that came before a reset are read before it", "data, reset, 0") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.server.write_all("data");
    co_await reset(pair);
    const std::string text = co_await read_text(pair.client, 4);
    const std::string first = co_await outcome_of_read(pair.client);
    const std::string second = co_await outcome_of_read(pair.client);
    co_return in_order(text, first, second);
}

RONDO_BEHAVIOUR(tcp, "SO_ERROR takes a reset", "true, 0, 0") {
    Pair pair = co_await OverTcp::connected();
    co_await reset(pair);
    const int error = pair.client.option(SOL_SOCKET, SO_ERROR);
    const int again = pair.client.option(SOL_SOCKET, SO_ERROR);
    const std::string read = co_await outcome_of_read(pair.client);
    co_return in_order(error == ECONNRESET, again, read);
}

// ENOTCONN.
RONDO_BEHAVIOUR(tcp, "after a reset there is no peer any more", "closed") {
    Pair pair = co_await OverTcp::connected();
    co_await reset(pair);
    co_return outcome_of_call([&] { pair.client.peer_address(); });
}

// The same.
RONDO_BEHAVIOUR(tcp, "after a reset there is nothing to shut down", "closed") {
    Pair pair = co_await OverTcp::connected();
    co_await reset(pair);
    co_return outcome_of_call([&] { pair.client.shutdown_write(); });
}

RONDO_BEHAVIOUR(tcp, "when both have ended there is neither, too", "done, closed, closed") {
    Pair pair = co_await OverTcp::connected();
    pair.server.close();
    co_await outcome_of_read(pair.client);
    const std::string first = outcome_of_call([&] { pair.client.shutdown_write(); });
    co_await sleep(5ms);
    const std::string second = outcome_of_call([&] { pair.client.shutdown_write(); });
    const std::string peer = outcome_of_call([&] { pair.client.peer_address(); });
    co_return in_order(first, second, peer);
}

RONDO_BEHAVIOUR(tcp, "after an end there still is a peer", "true") {
    Pair pair = co_await OverTcp::connected();
    const Address peer = pair.client.peer_address();
    pair.server.close();
    co_await outcome_of_read(pair.client);
    co_return observed(pair.client.peer_address() == peer);
}

RONDO_BEHAVIOUR(tcp, "after a reset the own address is still known", "true") {
    Pair pair = co_await OverTcp::connected();
    const Address own = pair.client.local_address();
    co_await reset(pair);
    co_return observed(pair.client.local_address() == own);
}

RONDO_BEHAVIOUR(tcp, "a read that waits is told of a reset", "reset") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("unread");
    TaskHandle<std::string> read = create_task(outcome_of_read(pair.client));
    co_await read_text(pair.server, 1);
    pair.server.close();
    co_return co_await read;
}

RONDO_BEHAVIOUR(tcp, "a close with linger of zero resets the peer", "reset") {
    Pair pair = co_await OverTcp::connected();
    const linger at_once{1, 0};
    current_loop().driver().set_option(pair.server.descriptor(), SOL_SOCKET, SO_LINGER, &at_once,
                                       sizeof at_once);
    pair.server.close();
    co_return co_await outcome_of_read(pair.client);
}

RONDO_BEHAVIOUR(tcp, "small writes go out at once, unless told otherwise", "true, false") {
    Pair pair = co_await OverTcp::connected();
    const bool first = pair.client.option(IPPROTO_TCP, TCP_NODELAY) != 0;
    pair.client.set_option(IPPROTO_TCP, TCP_NODELAY, 0);
    const bool then = pair.client.option(IPPROTO_TCP, TCP_NODELAY) != 0;
    co_return in_order(first, then);
}

}  // namespace
}  // namespace rondo::test
