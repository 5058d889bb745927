// SPDX-License-Identifier: Apache-2.0
// Links that take time, on the virtual clock: each number is exact.
#include <vector>

#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

class LinkTest : public NetworkTest {};

constexpr std::size_t mebibyte = std::size_t{1} << 20;

// From the first byte sent to the last one read.
Task<Duration> transfer(Ends& ends, std::size_t size) {
    const TimePoint start = now();
    const std::string text = coded_text(size);
    auto send = [&]() -> Task<> {
        co_await ends.client.write_all(text);
        ends.client.shutdown_write();
    };
    const auto [sent, got] = co_await gather(send(), read_coded(ends.server));
    static_cast<void>(sent);
    EXPECT_EQ(got, size);
    co_return now() - start;
}

TEST_F(LinkTest, without_latency_everything_is_at_once) {
    run([]() -> Task<> {
        const TimePoint start = now();
        Ends ends = co_await connect_hosts();
        co_await transfer(ends, mebibyte);
        EXPECT_EQ(now() - start, 0ns);
    });
}

TEST_F(LinkTest, a_connect_takes_a_round_trip_and_an_accept_half_of_one_more) {
    run(
        []() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            const TimePoint start = now();
            auto connect = [&]() -> Task<> {
                const TcpStream stream = co_await TcpStream::connect(listener.local_address());
                EXPECT_EQ(now() - start, 20ms);
                co_await sleep(1s);
            };
            auto accept = [&]() -> Task<> {
                const TcpStream stream = co_await listener.accept();
                EXPECT_EQ(now() - start, 30ms);
            };
            co_await gather(connect(), accept());
        },
        Link(10ms));
}

TEST_F(LinkTest, a_refusal_takes_a_round_trip) {
    run(
        []() -> Task<> {
            const TimePoint start = now();
            const int error = co_await errno_of(TcpStream::connect(Address::loopback(9)));
            EXPECT_EQ(error, ECONNREFUSED);
            EXPECT_EQ(now() - start, 20ms);
        },
        Link(10ms));
}

TEST_F(LinkTest, a_byte_takes_the_latency_of_its_direction) {
    run([]() -> Task<> {
        sim::network().set_link("10.0.0.1", "10.0.0.2", Link(30ms));
        sim::network().set_link("10.0.0.2", "10.0.0.1", Link(70ms));
        const TimePoint begin = now();
        Ends ends = co_await connect_hosts();
        EXPECT_EQ(now() - begin, 130ms);
        const TimePoint start = now();
        co_await ends.client.write_all("x");
        EXPECT_EQ(now() - start, 0ns) << "a write does not wait for the other end";
        co_await read_once(ends.server);
        EXPECT_EQ(now() - start, 30ms);
        co_await ends.server.write_all("y");
        co_await read_once(ends.client);
        EXPECT_EQ(now() - start, 100ms);
        ends.client.close();
        const std::size_t end = co_await read_once(ends.server);
        EXPECT_EQ(end, 0U);
        EXPECT_EQ(now() - start, 130ms) << "the end travels too";
    });
}

TEST_F(LinkTest, a_mebibyte_at_a_mebibyte_a_second_takes_a_second_and_the_latency) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts();
            const Duration took = co_await transfer(ends, mebibyte);
            EXPECT_EQ(took, 1010ms);
        },
        Link(10ms, mebibyte));
}

TEST_F(LinkTest, connections_share_the_bandwidth_of_a_link) {
    run(
        []() -> Task<> {
            Ends one = co_await connect_hosts();
            Ends two = co_await connect_hosts();
            const TimePoint start = now();
            co_await gather(transfer(one, mebibyte), transfer(two, mebibyte));
            EXPECT_EQ(now() - start, 2010ms);
        },
        Link(10ms, mebibyte));
}

TEST_F(LinkTest, other_links_have_a_bandwidth_of_their_own) {
    run(
        []() -> Task<> {
            Ends one = co_await connect_hosts("10.0.0.1", "10.0.0.2");
            Ends two = co_await connect_hosts("10.0.0.3", "10.0.0.2");
            const TimePoint start = now();
            co_await gather(transfer(one, mebibyte), transfer(two, mebibyte));
            EXPECT_EQ(now() - start, 1010ms);
        },
        Link(10ms, mebibyte));
}

TEST_F(LinkTest, a_new_bandwidth_holds_for_what_is_sent_from_now_on) {
    for (const bool all : {false, true}) {
        run(
            [&]() -> Task<> {
                Ends ends = co_await connect_hosts(here, there);
                co_await ends.client.write_all(coded_text(60'000));
                co_await read_coded(ends.server, 60'000);
                co_await sleep(1s);
                const Link slow(0ns, 1000);
                all ? sim::network().set_all_links(slow)
                    : sim::network().set_link(here, there, slow);
                const TimePoint start = now();
                co_await ends.client.write_all("x");
                co_await read_once(ends.server);
                EXPECT_EQ(now() - start, 1ms);
            },
            Link(0ns, 1'000'000));
    }
}

TEST_F(LinkTest, a_new_bandwidth_comes_after_what_is_under_way) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts(here, there);
            const TimePoint start = now();
            co_await ends.client.write_all(coded_text(50'000));
            sim::network().set_link(here, there, Link(0ns, 1'000'000));
            co_await ends.client.write_all("x");
            co_await read_coded(ends.server, 50'000);
            EXPECT_EQ(now() - start, 5s);
            co_await read_once(ends.server);
            EXPECT_EQ(now() - start, 5s + 1us);
        },
        Link(0ns, 10'000));
}

// 16 KiB under way at most: one round trip for each of them.
TEST_F(LinkTest, a_buffer_bounds_what_is_under_way) {
    Options options;
    options.network.link = Link(50ms);
    options.network.buffer = 16 * 1024;
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts();
            const Duration took = co_await transfer(ends, 160 * 1024);
            EXPECT_EQ(took, 9 * 100ms + 50ms);
        },
        options);
}

TEST_F(LinkTest, a_writer_waits_when_nobody_reads) {
    Options options;
    options.network.buffer = 1000;
    for (const Link& link : {Link(), Link(10ms)}) {
        options.network.link = link;
        run(
            []() -> Task<> {
                Ends ends = co_await connect_hosts();
                const std::string text = coded_text(1001);
                const auto in_time = co_await move_on_after(1h, write_text(ends.client, text));
                EXPECT_FALSE(in_time);
                const std::size_t got = co_await read_coded(ends.server, 1000);
                EXPECT_EQ(got, 1000U);
            },
            options);
    }
}

TEST_F(LinkTest, what_was_sent_before_a_close_arrives) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts();
            co_await ends.client.write_all(coded_text(10'000));
            ends.client.close();
            const std::size_t got = co_await read_coded(ends.server);
            EXPECT_EQ(got, 10'000U);
        },
        Link(10ms));
}

TEST_F(LinkTest, bytes_for_a_closed_socket_are_answered_by_a_reset) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts();
            const TimePoint start = now();
            co_await ends.client.write_all("who reads this?");
            ends.server.close();
            const std::size_t end = co_await read_once(ends.client);
            EXPECT_EQ(end, 0U);
            EXPECT_EQ(now() - start, 10ms);
            const auto error = co_await errno_of(read_once(ends.client));
            EXPECT_EQ(error, 0) << "the end is still all that is known";
            co_await sleep(20ms);
            const int later = co_await errno_of(write_text(ends.client, "x"));
            EXPECT_NE(later, 0);
        },
        Link(10ms));
}

TEST_F(LinkTest, a_send_to_one_who_has_closed_fails_a_round_trip_later) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts();
            ends.server.close();
            co_await sleep(15ms);
            int error = co_await errno_of(write_text(ends.client, "x"));
            EXPECT_EQ(error, 0);
            co_await sleep(15ms);
            error = co_await errno_of(write_text(ends.client, "x"));
            EXPECT_EQ(error, 0);
            co_await sleep(6ms);
            error = co_await errno_of(write_text(ends.client, "x"));
            EXPECT_EQ(error, EPIPE);
        },
        Link(10ms));
}

TEST_F(LinkTest, jitter_never_reorders_a_connection) {
    Options options;
    options.network.link = Link(10ms, 10 * mebibyte);
    options.network.link.jitter = 100ms;
    options.network.link.tail = 2s;
    options.network.link.loss = 20'000;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        options.seed = seed;
        run(
            []() -> Task<> {
                Ends ends = co_await connect_hosts();
                const Duration took = co_await transfer(ends, 100'000);
                EXPECT_GT(took, 10ms);
            },
            options);
    }
}

TEST_F(LinkTest, a_lost_segment_comes_after_two_hundred_milliseconds) {
    Options options;
    options.network.link = Link(10ms);
    options.network.link.loss = 1'000'000;
    run(
        []() -> Task<> {
            sim::network().set_all_links(Link(10ms));
            Ends ends = co_await connect_hosts();
            Link losing(10ms);
            losing.loss = 500'000;
            sim::network().set_all_links(losing);
            for (int i = 0; i < 100; ++i) {
                const TimePoint start = now();
                co_await ends.client.write_all("x");
                co_await read_once(ends.server);
                const Duration late = now() - start - 10ms;
                EXPECT_EQ(late % 200ms, 0ns);
            }
        },
        options);
    EXPECT_GT(report.elapsed, 10s);
}

TEST_F(LinkTest, pipes_and_unix_sockets_have_no_latency) {
    run(
        []() -> Task<> {
            int fds[2];
            EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
            char byte = 'x';
            const int sent = co_await AwaitOperation(OperationKind::send_all, fds[0], &byte, 1U);
            const int got = co_await AwaitOperation(OperationKind::receive, fds[1], &byte, 1U);
            EXPECT_EQ(sent + got, 2);
            for (const int fd : fds) {
                Operation close(OperationKind::close, fd);
                current_loop().driver().submit(close);
            }
        },
        Link(10ms));
    EXPECT_EQ(report.elapsed, 0ns);
}

TEST_F(LinkTest, who_waits_for_bytes_under_way_is_no_deadlock) {
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts();
            co_await ends.client.write_all("x");
            co_await read_once(ends.server);
        },
        Link(24h));
    EXPECT_EQ(report.elapsed, 96h);
    EXPECT_THROW(run(
                     []() -> Task<> {
                         Ends ends = co_await connect_hosts();
                         co_await read_once(ends.server);
                     },
                     Link(24h)),
                 Deadlock);
}

TEST_F(LinkTest, a_step_that_costs_time_lets_bytes_arrive_meanwhile) {
    Options options;
    options.network.link = Link(1ms);
    options.step_cost = 10us;
    run(
        []() -> Task<> {
            Ends ends = co_await connect_hosts();
            co_await ends.client.write_all("x");
            const TaskHandle<std::size_t> reading = create_task(read_once(ends.server));
            const TimePoint end = now() + 2ms;
            while (now() < end) {
                co_await yield();
            }
            EXPECT_TRUE(reading.done());
        },
        options);
}

}  // namespace
}  // namespace rondo::test
