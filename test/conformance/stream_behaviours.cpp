// SPDX-License-Identifier: Apache-2.0
// What a stream in memory promises to do as the system's do, seen on both, and on pairs of Unix
// sockets, on each driver: the result is what all of them did, or "differ: …".
#include <array>

#include "conformance/over_streams.hpp"
#include "rondo/io/pipe.hpp"
#include "rondo/net/unix_stream.hpp"

namespace rondo::test {
namespace {

// What `look(near, far)` sees over TCP, a Unix pair and in memory, if it is the same.
template <class F>
Task<std::string> alike(F look) {
    Pair pair = co_await OverTcp::connected();
    const std::string tcp = co_await look(pair.client, pair.server);
    auto [unix_near, unix_far] = net::UnixStream::pair();
    const std::string unix_pair = co_await look(unix_near, unix_far);
    auto [near, far] = io::make_duplex();
    const std::string memory = co_await look(near, far);
    if (tcp == unix_pair && tcp == memory) {
        co_return tcp;
    }
    co_return "differ: " + tcp + "; " + unix_pair + "; " + memory;
}

RONDO_BEHAVIOUR(stream, "bytes and the end arrive", "hello, 0") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        co_await near.write_all("hello");
        near.close();
        const std::string text = co_await read_text(far);
        const std::string end = co_await outcome_of_read(far);
        co_return in_order(text, end);
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "after shutdown_write the other direction goes on", "0, answer, closed") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        near.shutdown_write();
        const std::string end = co_await outcome_of_read(far);
        co_await far.write_all("answer");
        const std::string answer = co_await read_text(near, 6);
        const std::string more = co_await outcome_of_write(near);
        co_return in_order(end, answer, more);
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a close with unread bytes resets the peer", "reset") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        co_await near.write_all("unread");
        co_await read_text(far, 1);
        far.close();
        std::string seen = co_await outcome_of_read(near);
        co_return seen;
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a write waits while the peer does not read", "timed_out, closed") {
    auto look = [](auto& near, auto&) -> Task<std::string> {
        const std::string block(16 * 1024 * 1024, 'w');
        const std::string first = co_await outcome([&] { return bounded_write(near, block, 3ms); });
        const std::string second = co_await outcome_of_write(near);
        co_return in_order(first, second);
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a read without bytes ends at its deadline, and takes none",
                "timed_out, late") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        const std::string none = co_await outcome([&] { return bounded_read(far, 1ms); });
        co_await near.write_all("late");
        const std::string text = co_await read_text(far, 4);
        co_return in_order(none, text);
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a second reader is told busy", "busy, 1") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        TaskHandle<std::string> first = create_task(outcome_of_read(far));
        co_await sleep(1ms);
        const std::string second = co_await outcome_of_read(far);
        co_await near.write_all("x");
        const std::string got = co_await first;
        co_return in_order(second, got);
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a read that waits hears of the close", "0") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        TaskHandle<std::string> read = create_task(outcome_of_read(far));
        co_await sleep(1ms);
        near.close();
        std::string seen = co_await read;
        co_return seen;
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a closed stream refuses reads and writes", "closed, closed") {
    auto look = [](auto& near, auto&) -> Task<std::string> {
        near.close();
        const std::string read = co_await outcome_of_read(near);
        const std::string write = co_await outcome_of_write(near);
        co_return in_order(read, write);
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "several parts arrive as one text", "head, body") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        const std::array parts = {Bytes("head"), Bytes(""), Bytes(", "), Bytes("body")};
        co_await near.write_all(parts);
        near.shutdown_write();
        std::string text = co_await read_text(far);
        co_return text;
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a leased read gives bytes, and nothing at the end", "lent, true") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        co_await near.write_all("lent");
        near.shutdown_write();
        std::string text;
        while (text.size() < 4) {
            const io::Lease lease = co_await far.read_leased();
            text += lease.bytes().text();
        }
        const io::Lease end = co_await far.read_leased();
        co_return in_order(text, end.empty());
    };
    co_return co_await alike(look);
}

RONDO_BEHAVIOUR(stream, "a megabyte goes each way at once", "true, true") {
    auto look = [](auto& near, auto& far) -> Task<std::string> {
        const std::string text = numbered_text(1 << 20);
        auto [there, back, a, b] =
            co_await gather(read_text(far, text.size()), read_text(near, text.size()),
                            write(near, text), write(far, text));
        co_return in_order(there == text, back == text);
    };
    co_return co_await alike(look);
}

}  // namespace
}  // namespace rondo::test
