// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/tcp_stream.hpp"

#include <array>

#include "net/net_test.hpp"

namespace rondo::test {
namespace {

class TcpStreamTest : public NetTest {};
class TcpStreamDeathTest : public NetTest {};

TEST_P(TcpStreamTest, carries_bytes_both_ways) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("question");
        std::string text = co_await read_exactly(pair.server, 8);
        EXPECT_EQ(text, "question");
        co_await pair.server.write_all(std::string("answer"));
        text = co_await read_exactly(pair.client, 6);
        EXPECT_EQ(text, "answer");
    });
}

TEST_P(TcpStreamTest, knows_both_addresses) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        EXPECT_EQ(pair.client.peer_address(), pair.server.local_address());
        EXPECT_EQ(pair.client.local_address(), pair.server.peer_address());
        EXPECT_EQ(pair.client.peer_address().host(), "127.0.0.1");
        pair.client.set_no_delay(false);
    });
}

TEST_P(TcpStreamTest, a_read_waits_for_bytes) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        auto writer = [&]() -> Task<> {
            co_await turns(3);
            log.say("write");
            co_await pair.client.write_all("x");
        };
        auto reader = [&]() -> Task<> {
            std::array<char, 10> buffer{};
            const std::size_t bytes = co_await pair.server.read_some(buffer);
            EXPECT_EQ(bytes, 1U);
            log.say("read");
        };
        co_await gather(reader, writer);
        EXPECT_EQ(log.text(), "write read");
    });
}

TEST_P(TcpStreamTest, a_named_read_can_be_awaited) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        std::array<char, 10> buffer{};
        auto unused = pair.server.read_some(buffer);
        static_cast<void>(unused);
        auto write = pair.client.write_all("abc");
        co_await write;
        auto read = pair.server.read_leased();
        const io::Lease lease = co_await read;
        EXPECT_EQ(lease.bytes().text(), std::string_view("abc").substr(0, lease.size()));
    });
}

TEST_P(TcpStreamTest, large_amounts_arrive_whole_and_in_order) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        const std::string sent = numbered_text(3 << 20);
        auto writer = [&]() -> Task<> {
            co_await pair.client.write_all(sent);
            pair.client.shutdown_write();
        };
        const auto [nothing, received] = co_await gather(writer, read_all(pair.server));
        EXPECT_EQ(received.size(), sent.size());
        EXPECT_TRUE(received == sent);
    });
}

TEST_P(TcpStreamTest, end_of_stream_is_zero_and_stays) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("last");
        pair.client.shutdown_write();
        const std::string text = co_await read_all(pair.server);
        EXPECT_EQ(text, "last");
        std::array<char, 10> buffer{};
        const std::size_t bytes = co_await pair.server.read_some(buffer);
        EXPECT_EQ(bytes, 0U);
        const io::Lease lease = co_await pair.server.read_leased();
        EXPECT_TRUE(lease.empty());
        EXPECT_EQ(lease.bytes().text(), "");
    });
}

TEST_P(TcpStreamTest, one_direction_ends_without_the_other) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        pair.client.shutdown_write();
        const std::string nothing = co_await read_all(pair.server);
        EXPECT_EQ(nothing, "");
        co_await pair.server.write_all("still here");
        pair.server.close();
        const std::string text = co_await read_all(pair.client);
        EXPECT_EQ(text, "still here");
    });
}

TEST_P(TcpStreamTest, what_was_written_before_a_close_still_arrives) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("goodbye");
        pair.client.close();
        const std::string text = co_await read_all(pair.server);
        EXPECT_EQ(text, "goodbye");
    });
}

TEST_P(TcpStreamTest, a_reset_is_an_error_and_no_end) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("never read");
        // Bytes that nobody read make a close a reset; wait until they are there.
        co_await pair.server.write_all("x");
        const std::string text = co_await read_exactly(pair.client, 1);
        EXPECT_EQ(text, "x");
        pair.server.close();
        const std::string error = co_await error_of([&] { return read_all(pair.client); });
        EXPECT_EQ(error, "reset");
    });
}

TEST_P(TcpStreamTest, writing_to_a_peer_that_has_gone_fails) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        pair.server.close();
        std::string error;
        for (int i = 0; i < 1000 && error.empty(); ++i) {
            error = co_await error_of([&]() -> Task<> { co_await pair.client.write_all("x"); });
            co_await yield();
        }
        EXPECT_TRUE(error == "reset" || error == "closed") << error;
    });
}

TEST_P(TcpStreamTest, a_second_reader_is_told_busy_and_disturbs_nothing) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        auto first = create_task(read_exactly(pair.server, 2));
        co_await sleep(1ms);
        const std::string error = co_await error_of([&] { return read_exactly(pair.server, 1); });
        EXPECT_EQ(error, "busy");
        co_await pair.client.write_all("ok");
        const std::string text = co_await first;
        EXPECT_EQ(text, "ok");
    });
}

TEST_P(TcpStreamTest, nobody_listening_is_refused_by_name) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const Address address = listener.local_address();
        listener.close();
        try {
            const TcpStream stream = co_await TcpStream::connect(address);
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::refused);
            EXPECT_EQ(error.what(), "connect " + address.to_string() + ": Connection refused");
        }
    });
}

TEST_P(TcpStreamTest, a_closed_stream_says_so) {
    on_driver([&]() -> Task<> {
        TcpStream stream;
        EXPECT_FALSE(stream.is_open());
        const std::string read = co_await error_of([&] { return read_all(stream); });
        EXPECT_EQ(read, "closed");
        const std::string write =
            co_await error_of([&]() -> Task<> { co_await stream.write_all("x"); });
        EXPECT_EQ(write, "closed");
        EXPECT_THROW(stream.shutdown_write(), Error);
        EXPECT_THROW(stream.peer_address(), Error);
        stream.close();
    });
}

TEST_P(TcpStreamTest, moves_with_its_connection) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        TcpStream moved(std::move(pair.client));
        co_await moved.write_all("a");
        Pair other = co_await connected();
        other.server = std::move(pair.server);
        const std::string end = co_await read_all(other.client);
        EXPECT_EQ(end, "") << "the stream that was assigned to was closed";
        const std::string text = co_await read_exactly(other.server, 1);
        EXPECT_EQ(text, "a");
        moved.close();
        moved.close();
        const std::string rest = co_await read_all(other.server);
        EXPECT_EQ(rest, "");
    });
}

TEST_P(TcpStreamTest, a_lease_moves_and_is_given_back_once) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("one");
        io::Lease first = co_await pair.server.read_leased();
        co_await pair.client.write_all("two");
        io::Lease second = co_await pair.server.read_leased();
        EXPECT_EQ(first.bytes().text().front(), 'o');
        first = std::move(second);
        EXPECT_FALSE(first.empty());
        const io::Lease third(std::move(first));
        EXPECT_FALSE(third.empty());
        first.give_back();
        EXPECT_TRUE(first.empty());
    });
}

TEST_P(TcpStreamTest, an_empty_write_ends_at_once) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("");
        co_await pair.client.write_all(Bytes());
        co_await pair.client.write_all("x");
        const std::string text = co_await read_exactly(pair.server, 1);
        EXPECT_EQ(text, "x");
    });
}

TEST_P(TcpStreamDeathTest, misuse_ends_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(on_driver([&]() -> Task<> {
                     Pair pair = co_await connected();
                     co_await pair.client.read_some(MutableBytes());
                 }),
                 "read_some into an empty buffer");
    EXPECT_DEATH(on_driver([&]() -> Task<> {
                     Pair pair = co_await connected();
                     auto reader = create_task(read_all(pair.client));
                     co_await turns(3);
                     pair.client.close();
                 }),
                 "operation in flight");
    EXPECT_DEATH(
        {
            TcpStream kept;
            on_driver([&]() -> Task<> {
                Pair pair = co_await connected();
                kept = std::move(pair.client);
            });
            kept.close();
        },
        "outlived its event loop");
}

// The peer's end wakes a writer that waits, and must not cost it its next edge.
TEST_P(TcpStreamTest, both_directions_at_once_and_each_ends_while_the_other_waits) {
    const bool simulated = GetParam().driver == DriverKind::sim;
    const std::string text(8 << 20, 'x');
    on_driver([&]() -> Task<> {
        auto write = [&](TcpStream& stream) -> Task<> {
            co_await stream.write_all(text);
            stream.shutdown_write();
        };
        for (int round = 0; round < (simulated ? 1 : 20); ++round) {
            Pair pair = co_await connected();
            auto [at_server, at_client, one, other] =
                co_await gather(read_all(pair.server), read_all(pair.client), write(pair.client),
                                write(pair.server));
            EXPECT_EQ(at_server.size(), text.size());
            EXPECT_EQ(at_client.size(), text.size());
        }
    });
}

INSTANTIATE_TEST_SUITE_P(net, TcpStreamTest, testing::ValuesIn(all_drivers()), param_name);
INSTANTIATE_TEST_SUITE_P(net, TcpStreamDeathTest, testing::Values(sim_options()), param_name);

}  // namespace
}  // namespace rondo::test
