// SPDX-License-Identifier: Apache-2.0
// Which connections end with ETIMEDOUT when a link is cut, and when: those that wait for the peer
// to confirm something, and those that ask whether it is there; no others.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

class PatienceTest : public NetworkTest {};

constexpr Duration fifteen_minutes = 924'600ms;

// Gives a silent peer up after 90 s.
void keep_alive(const TcpStream& stream) {
    set_option(stream, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(stream, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(stream, IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set_option(stream, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Task<> expect_to_live(TcpStream& stream, Duration how_long = 1h) {
    const auto read = co_await move_on_after(how_long, errno_of(read_once(stream)));
    EXPECT_FALSE(read) << "it ended with " << read.value_or(0);
}

TEST_F(PatienceTest, what_was_under_way_at_the_cut_is_never_confirmed) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts(here, there);
            co_await ends.client.write_all("x");
            co_await sleep(5ms);
            sim::network().partition(here, there);
            const TimePoint start = now();
            const int error = co_await errno_of(read_once(ends.client));
            EXPECT_EQ(error, ETIMEDOUT);
            EXPECT_EQ(now() - start, fifteen_minutes);
            const std::size_t got = co_await read_once(ends.server);
            EXPECT_EQ(got, 1U) << "it arrived";
        },
        Link(10ms));
}

TEST_F(PatienceTest, a_writer_without_room_waits_for_an_answer_too) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        auto cut = []() -> Task<TimePoint> {
            co_await sleep(1s);
            sim::network().partition(here, there);
            co_return now();
        };
        const std::string much(100'000, 'x');
        const auto [error, start] = co_await gather(errno_of(write_text(ends.client, much)), cut());
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, fifteen_minutes);
    });
}

TEST_F(PatienceTest, so_does_one_who_finds_no_room_after_the_cut) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        const std::string buffer(64 * 1024, 'x');
        co_await ends.client.write_all(buffer);
        sim::network().partition(here, there);
        co_await sleep(1s);
        const TimePoint start = now();
        const int error = co_await errno_of(write_text(ends.client, "x"));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, fifteen_minutes);
    });
}

TEST_F(PatienceTest, what_was_confirmed_is_not_waited_for_in_the_next_partition) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        sim::network().partition(here, there);
        co_await ends.client.write_all("x");
        co_await sleep(2s);
        sim::network().heal();
        const std::size_t got = co_await read_once(ends.server);
        EXPECT_EQ(got, 1U);
        co_await sleep(1s);
        sim::network().partition(here, there);
        co_await expect_to_live(ends.client);
    });
}

TEST_F(PatienceTest, a_confirmation_that_comes_back_through_half_a_cut_counts) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts(here, there);
            set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
            co_await ends.client.write_all("x");
            co_await sleep(5ms);
            sim::network().partition_one_way(here, there);
            co_await expect_to_live(ends.client);
        },
        Link(10ms));
}

TEST_F(PatienceTest, so_does_one_that_was_under_way_at_the_cut) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts(here, there);
            set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
            co_await ends.client.write_all("x");
            co_await read_once(ends.server);
            co_await sleep(5ms);
            sim::network().partition(here, there);
            co_await expect_to_live(ends.client);
        },
        Link(10ms));
}

TEST_F(PatienceTest, what_the_peer_had_before_the_cut_may_be_read_in_it) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        co_await ends.client.write_all("x");
        sim::network().partition_one_way(there, here);
        co_await read_once(ends.server);
        sim::network().partition(here, elsewhere);
        co_await expect_to_live(ends.client);
    });
}

TEST_F(PatienceTest, it_begins_with_the_first_half_of_a_cut) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        const TimePoint start = now();
        sim::network().partition_one_way(there, here);
        co_await ends.client.write_all("x");
        co_await sleep(100s);
        sim::network().partition_one_way(here, there);
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, fifteen_minutes);
    });
}

TEST_F(PatienceTest, it_goes_on_while_other_links_open) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        sim::network().partition_one_way(there, here);
        const TimePoint start = now();
        co_await ends.client.write_all("x");
        co_await sleep(1s);
        sim::network().heal(here, elsewhere);
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, fifteen_minutes);
    });
}

TEST_F(PatienceTest, what_nobody_sends_any_more_arrives_no_more) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        sim::network().partition(here, there);
        co_await ends.client.write_all("x");
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        sim::network().heal();
        co_await expect_to_live(ends.server);
    });
}

TEST_F(PatienceTest, who_was_given_up_hears_of_it_when_he_can) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        set_option(ends.client, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
        sim::network().partition(here, there);
        co_await ends.client.write_all("x");
        co_await ends.server.write_all("y");
        int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        sim::network().heal();
        error = co_await errno_of(read_once(ends.server));
        EXPECT_EQ(error, ECONNRESET);
        const std::size_t got = co_await read_once(ends.client);
        EXPECT_EQ(got, 0U) << "nobody expects y";
    });
}

TEST_F(PatienceTest, a_close_in_a_partition_is_answered_after_it) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        sim::network().partition(here, there);
        co_await ends.client.write_all("x");
        ends.server.close();
        co_await sleep(2s);
        sim::network().heal();
        co_await sleep(10s);
        const int error = co_await errno_of(write_text(ends.client, "y"));
        EXPECT_EQ(error, EPIPE) << "x was answered by a reset";
    });
}

// ----------------------------------------------------------------------------------- keepalive

TEST_F(PatienceTest, keepalive_asks_for_nothing_while_bytes_come) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        keep_alive(ends.client);
        sim::network().partition_one_way(here, there);
        for (int i = 0; i < 60; ++i) {
            co_await sleep(10s);
            co_await ends.server.write_all("x");
            const std::size_t got = co_await read_once(ends.client);
            EXPECT_EQ(got, 1U);
        }
        const TimePoint start = now();
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 90s);
    });
}

TEST_F(PatienceTest, keepalive_counts_from_the_last_byte) {
    for (const Link& link : {Link(), Link(10ms)}) {
        run(
            [&]() -> Task<> {
                Ends ends = co_await connect_hosts(here, there);
                keep_alive(ends.client);
                co_await sleep(40s);
                co_await ends.server.write_all("x");
                co_await read_once(ends.client);
                const TimePoint heard = now();
                co_await sleep(10s);
                sim::network().partition(here, there);
                const int error = co_await errno_of(read_once(ends.client));
                EXPECT_EQ(error, ETIMEDOUT);
                EXPECT_EQ(now() - heard, 90s);
            },
            link);
    }
}

// tcp(7) says nothing of it; Linux sends no keepalives as long as something is unconfirmed.
TEST_F(PatienceTest, keepalive_leaves_what_is_unconfirmed_alone) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        keep_alive(ends.client);
        sim::network().partition(here, there);
        const TimePoint start = now();
        co_await ends.client.write_all("x");
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, fifteen_minutes);
    });
}

TEST_F(PatienceTest, keepalive_works_for_a_connection_that_began_in_half_a_cut) {
    run(
        []() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::parse(there, 0));
            auto cut = []() -> Task<TimePoint> {
                const TimePoint start = now();
                co_await sleep(15ms);
                sim::network().partition_one_way(there, here);
                co_return start;
            };
            auto connecting = sim::on_host(here, TcpStream::connect(listener.local_address()));
            auto [client, server, start] =
                co_await gather(std::move(connecting), accept_one(listener), cut());
            EXPECT_EQ(now() - start, 30ms);
            keep_alive(client);
            const int error = co_await errno_of(read_once(client));
            EXPECT_EQ(error, ETIMEDOUT);
            EXPECT_EQ(now() - start, 20ms + 90s);
        },
        Link(10ms));
}

TEST_F(PatienceTest, keepalive_may_be_asked_for_in_a_partition) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        co_await sleep(1h);
        sim::network().partition(here, there);
        co_await sleep(1h);
        keep_alive(ends.client);
        const TimePoint start = now();
        set_option(ends.client, SOL_SOCKET, SO_RCVBUF, 50'000);
        const int error = co_await errno_of(read_once(ends.client));
        EXPECT_EQ(error, ETIMEDOUT);
        EXPECT_EQ(now() - start, 90s);
    });
}

}  // namespace
}  // namespace rondo::test
