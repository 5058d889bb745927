// SPDX-License-Identifier: Apache-2.0
// Waiting on a connection: deadlines, cancellation, one reader and one writer, back-pressure.
#include "conformance/over_tcp.hpp"

namespace rondo::test {
namespace {

RONDO_BEHAVIOUR(tcp, "a second reader is told busy", "busy, 1") {
    Pair pair = co_await OverTcp::connected();
    TaskHandle<std::string> first = create_task(outcome_of_read(pair.server));
    co_await sleep(1ms);
    const std::string second = co_await outcome_of_read(pair.server);
    co_await pair.client.write_all("x");
    const std::string got = co_await first;
    co_return in_order(second, got);
}

RONDO_BEHAVIOUR(tcp, "a second writer is told busy", "busy") {
    Pair pair = co_await OverTcp::connected();
    const std::string block(8 * 1024 * 1024, 'w');
    TaskHandle<std::string> first = create_task(outcome_of_write(pair.client, block));
    co_await sleep(1ms);
    const std::string second = co_await outcome_of_write(pair.client);
    first.cancel();
    co_await ended(first);
    co_return second;
}

RONDO_BEHAVIOUR(tcp, "a reader and a writer wait side by side", "done, 1") {
    Pair pair = co_await OverTcp::connected();
    const std::string block(8 * 1024 * 1024, 'w');
    TaskHandle<std::string> writer = create_task(outcome_of_write(pair.client, block));
    TaskHandle<std::string> reader = create_task(outcome_of_read(pair.client));
    co_await sleep(1ms);
    co_await pair.server.write_all("x");
    const std::string read = co_await reader;
    co_await OverTcp::read_exactly(pair.server, block.size());
    const std::string written = co_await writer;
    co_return in_order(written, read);
}

RONDO_BEHAVIOUR(tcp, "a read without bytes ends at its deadline", "timed_out") {
    Pair pair = co_await OverTcp::connected();
    co_return co_await outcome([&] { return bounded_read(pair.server, 2ms); });
}

RONDO_BEHAVIOUR(tcp, "after a read was given up the next one gets the bytes", "timed_out, late") {
    Pair pair = co_await OverTcp::connected();
    const std::string first = co_await outcome([&] { return bounded_read(pair.server, 1ms); });
    co_await pair.client.write_all("late");
    const std::string text = co_await OverTcp::read_exactly(pair.server, 4);
    co_return in_order(first, text);
}

RONDO_BEHAVIOUR(tcp, "a cancelled read takes no bytes", "kept") {
    Pair pair = co_await OverTcp::connected();
    TaskHandle<std::string> reader = create_task(outcome_of_read(pair.server));
    co_await sleep(1ms);
    reader.cancel();
    co_await pair.client.write_all("kept");
    co_await ended(reader);
    co_return co_await OverTcp::read_exactly(pair.server, 4);
}

RONDO_BEHAVIOUR(tcp, "a write waits while the peer does not read", "timed_out") {
    Pair pair = co_await OverTcp::connected();
    const std::string block(16 * 1024 * 1024, 'w');
    co_return co_await outcome([&] { return bounded_write(pair.client, block, 5ms); });
}

RONDO_BEHAVIOUR(tcp, "a write that was stopped halfway closes the stream for writing", "closed") {
    Pair pair = co_await OverTcp::connected();
    const std::string block(16 * 1024 * 1024, 'w');
    co_await outcome([&] { return bounded_write(pair.client, block, 5ms); });
    co_return co_await outcome_of_write(pair.client);
}

RONDO_BEHAVIOUR(tcp, "a write that was stopped halfway leaves reading as it was", "y") {
    Pair pair = co_await OverTcp::connected();
    const std::string block(16 * 1024 * 1024, 'w');
    co_await outcome([&] { return bounded_write(pair.client, block, 5ms); });
    co_await pair.server.write_all("y");
    co_return co_await OverTcp::read_exactly(pair.client, 1);
}

RONDO_BEHAVIOUR(tcp, "a write that waits goes on when the peer reads", "done, true") {
    Pair pair = co_await OverTcp::connected();
    const std::string block = numbered_text(8 * 1024 * 1024);
    TaskHandle<std::string> writer = create_task(outcome_of_write(pair.client, block));
    co_await sleep(2ms);
    const std::string seen = co_await OverTcp::read_exactly(pair.server, block.size());
    const std::string written = co_await writer;
    co_return in_order(written, seen == block);
}

RONDO_BEHAVIOUR(tcp, "a write that waits fails when the peer goes away", "true") {
    Pair pair = co_await OverTcp::connected();
    const std::string block(16 * 1024 * 1024, 'w');
    TaskHandle<std::string> writer = create_task(outcome_of_write(pair.client, block));
    co_await sleep(2ms);
    pair.server.close();
    const std::string seen = co_await writer;
    co_return observed(seen == "reset" || seen == "closed");
}

RONDO_BEHAVIOUR(tcp, "bytes that came before the cancel are delivered", "x") {
    Pair pair = co_await OverTcp::connected();
    std::string seen;
    auto reads = [&]() -> Task<> { seen = co_await OverTcp::read_exactly(pair.server, 1); };
    co_await pair.client.write_all("x");
    TaskHandle<void> reader = create_task(reads());
    co_await sleep(1ms);
    reader.cancel();
    co_await ended(reader);
    co_return seen;
}

RONDO_BEHAVIOUR(tcp, "a hundred connections carry their own bytes", "100") {
    int right = 0;
    auto talk = [&](int number) -> Task<> {
        Pair pair = co_await OverTcp::connected();
        const std::string text = "connection " + std::to_string(number);
        co_await pair.client.write_all(text);
        pair.client.shutdown_write();
        const std::string seen = co_await OverTcp::read_all(pair.server);
        right += seen == text ? 1 : 0;
    };
    std::vector<Task<>> talks;
    for (int i = 0; i < 100; ++i) {
        talks.push_back(talk(i));
    }
    co_await gather(std::move(talks));
    co_return observed(right);
}

}  // namespace
}  // namespace rondo::test
