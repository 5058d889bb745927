// SPDX-License-Identifier: Apache-2.0
// What is lost, held up or silent, on the virtual clock.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

class PartitionTest : public NetworkTest {};

// The first attempts to send again are after 0.2, 0.6, 1.4 and 3 s.
TEST_F(PartitionTest, what_was_sent_into_a_partition_arrives_after_it_is_healed) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        const TimePoint start = now();
        sim::network().partition(here, there);
        co_await ends.client.write_all(coded_text(5000));
        ends.client.shutdown_write();
        co_await sleep(2s);
        sim::network().heal(here, there);
        const std::size_t got = co_await read_coded(ends.server);
        EXPECT_EQ(got, 5000U);
        EXPECT_EQ(now() - start, 3s);
    });
}

TEST_F(PartitionTest, one_way_it_stops_that_way_only) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        sim::network().partition_one_way(here, there);
        co_await ends.server.write_all("down");
        const std::size_t got = co_await read_once(ends.client);
        EXPECT_EQ(got, 4U);
        co_await ends.client.write_all("up");
        const auto reply = co_await move_on_after(10min, read_once(ends.server));
        EXPECT_FALSE(reply);
    });
}

TEST_F(PartitionTest, other_hosts_are_not_concerned) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts("10.0.0.3", there);
        sim::network().partition(here, there);
        co_await ends.client.write_all("x");
        const std::size_t got = co_await read_once(ends.server);
        EXPECT_EQ(got, 1U);
    });
}

TEST_F(PartitionTest, what_nobody_confirms_ends_a_connection_after_fifteen_minutes) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        sim::network().partition(here, there);
        const TimePoint start = now();
        co_await ends.client.write_all("x");
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 924'600ms);
    });
}

TEST_F(PartitionTest, or_after_what_the_option_says) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        sim::network().partition(here, there);
        const TimePoint start = now();
        co_await ends.client.write_all("x");
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 5s);
    });
}

TEST_F(PartitionTest, confirmations_that_do_not_come_back_end_it_too) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        sim::network().partition_one_way(there, here);
        const TimePoint start = now();
        co_await ends.client.write_all("x");
        const std::size_t got = co_await read_once(ends.server);
        EXPECT_EQ(got, 1U) << "this way is open";
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 5s);
    });
}

TEST_F(PartitionTest, a_partition_that_heals_in_time_ends_nothing) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        sim::network().partition(here, there);
        co_await ends.client.write_all("x");
        co_await sleep(4s);
        sim::network().heal();
        const std::size_t got = co_await read_once(ends.server);
        EXPECT_EQ(got, 1U);
        const auto nothing = co_await move_on_after(1h, read_once(ends.client));
        EXPECT_FALSE(nothing) << "it lives";
        co_await ends.server.write_all("y");
        const std::size_t back = co_await read_once(ends.client);
        EXPECT_EQ(back, 1U);
    });
}

TEST_F(PartitionTest, a_peer_that_vanished_is_found_by_keepalive) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(ends.client, IPPROTO_TCP, TCP_KEEPIDLE, 60);
        set_option(ends.client, IPPROTO_TCP, TCP_KEEPINTVL, 10);
        set_option(ends.client, IPPROTO_TCP, TCP_KEEPCNT, 3);
        co_await sleep(1h);
        sim::network().vanish(there);
        const TimePoint start = now();
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 90s);
    });
}

TEST_F(PartitionTest, without_keepalive_a_reader_waits_for_ever) {
    EXPECT_THROW(run([]() -> Task<> {
                     Ends ends = co_await connect_hosts(here, there);
                     sim::network().vanish(there);
                     ends.server.close();
                     co_await read_once(ends.client);
                 }),
                 Deadlock);
}

TEST_F(PartitionTest, a_deadline_ends_the_wait_for_a_silent_peer) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        Ends other = co_await connect_hosts(here, there);
        sim::network().vanish(ends.client.descriptor());
        const TimePoint start = now();
        co_await ends.server.write_all("lost");
        ends.server.close();
        const auto bytes = co_await move_on_after(30s, read_once(ends.client));
        EXPECT_FALSE(bytes);
        EXPECT_EQ(now() - start, 30s);
        co_await other.server.write_all("x");
        const std::size_t got = co_await read_once(other.client);
        EXPECT_EQ(got, 1U) << "other connections go on";
    });
}

TEST_F(PartitionTest, a_write_to_a_silent_peer_waits_when_the_buffer_is_full) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        sim::network().vanish(ends.client.descriptor());
        const std::string much(64 * 1024, 'x');
        co_await ends.client.write_all(much);
        const TimePoint start = now();
        const int error = co_await errno_of(write_text(ends.client, "x"));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 924'600ms);
    });
}

TEST_F(PartitionTest, a_host_may_come_back) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        sim::network().vanish(there);
        co_await ends.client.write_all("x");
        co_await sleep(1s);
        sim::network().restore(there);
        const std::size_t got = co_await read_once(ends.server);
        EXPECT_EQ(got, 1U);
    });
}

TEST_F(PartitionTest, what_is_clogged_waits_and_departs_at_once) {
    const Link link(10ms);
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts(here, there);
            sim::network().clog(here, there);
            co_await ends.client.write_all(coded_text(20'000));
            ends.client.close();
            co_await sleep(1h);
            const TimePoint start = now();
            sim::network().unclog(here, there);
            const std::size_t got = co_await read_coded(ends.server);
            EXPECT_EQ(got, 20'000U);
            EXPECT_EQ(now() - start, 10ms);
        },
        link);
}

TEST_F(PartitionTest, clogged_confirmations_hold_a_writer_up) {
    Options options;
    options.network.buffer = 1000;
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts(here, there);
            sim::network().clog(there, here);
            co_await ends.client.write_all(coded_text(1000));
            co_await read_coded(ends.server, 1000);
            const auto more = co_await move_on_after(1h, write_text(ends.client, "x"));
            EXPECT_FALSE(more);
            sim::network().unclog(there, here);
            const auto now_it_goes = co_await move_on_after(1h, read_once(ends.server));
            EXPECT_FALSE(now_it_goes) << "the write was cancelled before it moved a byte";
            co_await ends.client.write_all("y");
            const std::size_t got = co_await read_once(ends.server);
            EXPECT_EQ(got, 1U);
        },
        options);
}

// A kernel says so too: the bytes reach a host where nobody has the connection.
TEST_F(PartitionTest, bytes_for_one_who_has_closed_are_answered_when_they_get_there) {
    for (const bool is_cut : {false, true}) {
        for (const Link& link : {Link(), Link(10ms)}) {
            run(
                [&]() -> Task<> {
                    Ends ends = co_await connect_hosts(here, there);
                    ends.server.close();
                    co_await sleep(1s);
                    is_cut ? sim::network().partition(here, there)
                           : sim::network().clog(here, there);
                    auto open = [&]() -> Task<TimePoint> {
                        co_await sleep(1s);
                        is_cut ? sim::network().heal() : sim::network().unclog(here, there);
                        co_return now();
                    };
                    const std::string much(100'000, 'x');
                    const auto [error, start] =
                        co_await gather(errno_of(write_text(ends.client, much)), open());
                    EXPECT_EQ(error, EPIPE);
                    EXPECT_EQ(now() - start, 2 * link.latency);
                },
                link);
        }
    }
}

TEST_F(PartitionTest, a_connect_into_a_partition_gives_up_after_127_seconds) {
    run([]() -> Task<> {
        const TcpListener listener = TcpListener::listen(Address::parse(there, 0));
        sim::network().vanish(there);
        const TimePoint start = now();
        const int error = co_await errno_of(TcpStream::connect(listener.local_address()));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 127s);
    });
}

TEST_F(PartitionTest, a_connect_succeeds_at_the_next_attempt_after_it_is_healed) {
    run([]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::parse(there, 0));
        for (const bool only_back : {false, true}) {
            only_back ? sim::network().partition_one_way(there, "127.0.0.1")
                      : sim::network().partition("127.0.0.1", there);
            const TimePoint start = now();
            auto heal = []() -> Task<> {
                co_await sleep(2s);
                sim::network().heal();
            };
            auto [client, server, none] = co_await gather(
                TcpStream::connect(listener.local_address()), accept_one(listener), heal());
            static_cast<void>(none);
            EXPECT_EQ(now() - start, 3s);
            EXPECT_TRUE(client.is_open() && server.is_open());
        }
    });
}

TEST_F(PartitionTest, hosts_refuse_or_cannot_be_reached) {
    for (const Link& link : {Link(), Link(10ms)}) {
        run(
            [&]() -> Task<> {
                const TcpListener listener = TcpListener::listen(Address::parse(there, 0));
                const Address address = listener.local_address();
                TimePoint start = now();
                sim::network().refuse(there);
                int error = co_await errno_of(TcpStream::connect(address));
                EXPECT_EQ(error, ECONNREFUSED);
                sim::network().make_unreachable(there);
                error = co_await errno_of(TcpStream::connect(address));
                EXPECT_EQ(error, EHOSTUNREACH);
                EXPECT_EQ(now() - start, 4 * link.latency);
                sim::network().restore(there);
                error = co_await errno_of(TcpStream::connect(address));
                EXPECT_EQ(error, 0);
            },
            link);
    }
}

TEST_F(PartitionTest, a_reset_reaches_both_ends) {
    for (const Link& link : {Link(), Link(10ms)}) {
        run(
            [&]() -> Task<> {
                Ends ends = co_await connect_hosts(here, there);
                const TimePoint start = now();
                sim::network().reset(ends.client.descriptor());
                const auto [one, other] = co_await gather(errno_of(read_once(ends.client)),
                                                          errno_of(read_once(ends.server)));
                EXPECT_EQ(one, ECONNRESET);
                EXPECT_EQ(other, ECONNRESET);
                EXPECT_EQ(now() - start, link.latency);
            },
            link);
    }
}

TEST_F(PartitionTest, a_listener_closed_in_a_handshake_resets_or_refuses) {
    for (const Duration after : {5ms, 15ms, 25ms}) {
        run(
            [&]() -> Task<> {
                TcpListener listener = TcpListener::listen(Address::parse(there, 0));
                const Address address = listener.local_address();
                auto close_it = [&]() -> Task<> {
                    co_await sleep(after);
                    listener.close();
                };
                auto call = [&]() -> Task<int> {
                    TcpStream stream = co_await TcpStream::connect(address);
                    co_await read_once(stream);
                    co_return 0;
                };
                const auto [none, error] = co_await gather(close_it(), errno_of(call()));
                static_cast<void>(none);
                EXPECT_EQ(error, after == 25ms ? ECONNRESET : ECONNREFUSED);
            },
            Link(10ms));
    }
}

TEST_F(PartitionTest, errors_name_what_is_no_host_and_no_connection) {
    run([]() -> Task<> {
        EXPECT_THROW(sim::network().vanish("localhost"), Error);
        EXPECT_THROW(sim::network().reset(7), Error);
        Ends ends = co_await connect_hosts(here, there);
        ends.server.close();
        EXPECT_THROW(sim::network().vanish(ends.client.descriptor()), Error);
    });
    EXPECT_THROW(sim::network(), Error) << "no loop runs";
}

}  // namespace
}  // namespace rondo::test
