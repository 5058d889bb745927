// SPDX-License-Identifier: Apache-2.0
// Bytes over an established connection.
#include <sys/socket.h>

#include "conformance/over_tcp.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR(tcp, "bytes arrive as they were written", "hello") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("hello");
    co_return co_await OverTcp::read_exactly(pair.server, 5);
}

RONDO_BEHAVIOUR(tcp, "writes are joined, not kept apart", "onetwothree") {
    Pair pair = co_await OverTcp::connected();
    for (const char* word : {"one", "two", "three"}) {
        co_await pair.client.write_all(word);
    }
    pair.client.shutdown_write();
    co_return co_await OverTcp::read_all(pair.server);
}

RONDO_BEHAVIOUR(tcp, "a read smaller than what is there leaves the rest", "ab, cdef") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("abcdef");
    const std::string first = co_await OverTcp::read_exactly(pair.server, 2);
    const std::string rest = co_await OverTcp::read_exactly(pair.server, 4);
    co_return in_order(first, rest);
}

// tcp(7), MSG_OOB. A read ends at the mark, and the byte there is none of the stream's.
RONDO_BEHAVIOUR_REAL(tcp, "an urgent byte is left out, and what is behind it read", "abc, def",
                     "urgent data is the kernel's") {
    Pair pair = co_await OverTcp::connected();
    ::send(pair.client.descriptor(), "abc!", 4, MSG_OOB);
    ::send(pair.client.descriptor(), "def", 3, 0);
    const std::string before = co_await OverTcp::read_exactly(pair.server, 3);
    const std::string behind = co_await OverTcp::read_exactly(pair.server, 3);
    co_return in_order(before, behind);
}

RONDO_BEHAVIOUR(tcp, "a read does not wait for its buffer to be full", "true") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("abc");
    const std::size_t got = co_await read_up_to(pair.server, 1000);
    co_return observed(got >= 1 && got <= 3);
}

RONDO_BEHAVIOUR(tcp, "a thousand reads of one byte give a thousand bytes", "true") {
    Pair pair = co_await OverTcp::connected();
    const std::string text = numbered_text(1000);
    co_await pair.client.write_all(text);
    std::string seen;
    for (int i = 0; i < 1000; ++i) {
        seen += co_await OverTcp::read_exactly(pair.server, 1);
    }
    co_return observed(seen == text);
}

RONDO_BEHAVIOUR(tcp, "a megabyte arrives whole", "true") {
    Pair pair = co_await OverTcp::connected();
    const std::string text = numbered_text(1024 * 1024);
    auto [seen, none] =
        co_await gather(OverTcp::read_exactly(pair.server, text.size()), write(pair.client, text));
    co_return observed(seen == text);
}

RONDO_BEHAVIOUR(tcp, "a megabyte goes each way at once", "true, true") {
    Pair pair = co_await OverTcp::connected();
    const std::string text = numbered_text(1024 * 1024);
    auto [there, back, a, b] = co_await gather(OverTcp::read_exactly(pair.server, text.size()),
                                               OverTcp::read_exactly(pair.client, text.size()),
                                               write(pair.client, text), write(pair.server, text));
    co_return in_order(there == text, back == text);
}

RONDO_BEHAVIOUR(tcp, "a write of nothing is done at once", "done") {
    Pair pair = co_await OverTcp::connected();
    co_return co_await outcome_of_write(pair.client, "");
}

RONDO_BEHAVIOUR(tcp, "a leased read gives the bytes", "lent") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("lent");
    pair.client.shutdown_write();
    co_return co_await OverTcp::read_all(pair.server);
}

RONDO_BEHAVIOUR(tcp, "a leased read at the end is empty", "true") {
    Pair pair = co_await OverTcp::connected();
    pair.client.close();
    const io::Lease lease = co_await pair.server.read_leased();
    co_return observed(lease.empty());
}

// ---------------------------------------------------------------------------------- the end

RONDO_BEHAVIOUR(tcp, "a read after the peer has closed gives 0", "0") {
    Pair pair = co_await OverTcp::connected();
    pair.client.close();
    co_return co_await outcome_of_read(pair.server);
}

RONDO_BEHAVIOUR(tcp, "a read that waits gives 0 when the peer closes", "0") {
    Pair pair = co_await OverTcp::connected();
    auto closer = [&]() -> Task<> {
        co_await OverTcp::turns(2);
        pair.client.close();
    };
    auto [seen, none] = co_await gather(outcome_of_read(pair.server), closer());
    co_return seen;
}

RONDO_BEHAVIOUR(tcp, "the end is told again and again", "0, 0, 0") {
    Pair pair = co_await OverTcp::connected();
    pair.client.shutdown_write();
    const std::string first = co_await outcome_of_read(pair.server);
    const std::string second = co_await outcome_of_read(pair.server);
    const std::string third = co_await outcome_of_read(pair.server);
    co_return in_order(first, second, third);
}

RONDO_BEHAVIOUR(tcp, "bytes written before a close arrive before the end", "last words") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("last words");
    pair.client.close();
    co_return co_await OverTcp::read_all(pair.server);
}

RONDO_BEHAVIOUR(tcp, "after shutdown_write the other direction still carries bytes", "answer") {
    Pair pair = co_await OverTcp::connected();
    pair.client.shutdown_write();
    co_await pair.server.write_all("answer");
    pair.server.shutdown_write();
    co_return co_await OverTcp::read_all(pair.client);
}

RONDO_BEHAVIOUR(tcp, "shutdown_write may be called twice", "0") {
    Pair pair = co_await OverTcp::connected();
    pair.client.shutdown_write();
    pair.client.shutdown_write();
    co_return co_await outcome_of_read(pair.server);
}

RONDO_BEHAVIOUR(tcp, "a write after shutdown_write fails", "closed") {
    Pair pair = co_await OverTcp::connected();
    pair.client.shutdown_write();
    co_return co_await outcome_of_write(pair.client);
}

RONDO_BEHAVIOUR(tcp, "both ends may shut down, then both read an end", "0, 0") {
    Pair pair = co_await OverTcp::connected();
    pair.client.shutdown_write();
    pair.server.shutdown_write();
    const std::string client = co_await outcome_of_read(pair.client);
    const std::string server = co_await outcome_of_read(pair.server);
    co_return in_order(client, server);
}

RONDO_BEHAVIOUR(tcp, "a close with unread bytes resets the peer", "reset") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("unread");
    co_await OverTcp::read_exactly(pair.server, 1);
    pair.server.close();
    co_return co_await outcome_of_read(pair.client);
}

RONDO_BEHAVIOUR(tcp, "a reset is reported once, then the stream has ended", "reset, 0") {
    Pair pair = co_await OverTcp::connected();
    co_await pair.client.write_all("unread");
    co_await read_up_to(pair.server, 1);
    pair.server.close();
    const std::string first = co_await outcome_of_read(pair.client);
    const std::string second = co_await outcome_of_read(pair.client);
    co_return in_order(first, second);
}

RONDO_BEHAVIOUR(tcp, "writing to a peer that has closed fails as closed", "0, closed") {
    Pair pair = co_await OverTcp::connected();
    pair.server.close();
    const std::string end = co_await outcome_of_read(pair.client);
    const std::string error = co_await error_of_writing(pair.client);
    co_return in_order(end, error);
}

RONDO_BEHAVIOUR(tcp, "a closed stream refuses reads and writes", "closed, closed") {
    Pair pair = co_await OverTcp::connected();
    pair.client.close();
    pair.client.close();
    const std::string read = co_await outcome_of_read(pair.client);
    const std::string write = co_await outcome_of_write(pair.client);
    co_return in_order(read, write);
}

RONDO_BEHAVIOUR(tcp, "a moved-from stream is closed, the new one works", "false, x") {
    Pair pair = co_await OverTcp::connected();
    TcpStream moved(std::move(pair.client));
    co_await moved.write_all("x");
    const std::string text = co_await OverTcp::read_exactly(pair.server, 1);
    const bool open = pair.client.is_open();
    co_return in_order(open, text);
}

}  // namespace
}  // namespace rondo::test
