// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/udp_socket.hpp"

#include <vector>

#include "net/net_test.hpp"
#include "rondo/loop/sleep.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using net::UdpOptions;
using net::UdpSocket;

class UdpTest : public NetTest {
protected:
    static UdpSocket socket() { return UdpSocket::bind(Address::loopback(0)); }

    static Task<std::string> next(UdpSocket& socket) {
        auto datagram = co_await socket.receive_leased();
        co_return std::string(datagram.bytes().text());
    }
};

TEST_P(UdpTest, datagrams_keep_their_bounds_and_their_sender) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        co_await a.send_to("first", b.local_address());
        co_await a.send_to("second one", b.local_address());
        std::string room(100, '-');
        const auto first = co_await b.receive_from(room);
        EXPECT_EQ(room.substr(0, first.size), "first");
        EXPECT_EQ(first.from, a.local_address());
        EXPECT_FALSE(first.truncated);
        const auto second = co_await b.receive_leased();
        EXPECT_EQ(second.bytes().text(), "second one");
        EXPECT_EQ(second.from, a.local_address());
    });
}

TEST_P(UdpTest, a_receive_waits_and_does_not_disturb_a_send) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        auto waiting = create_task(next(b));
        co_await turns(5);
        EXPECT_FALSE(waiting.done());
        co_await b.send_to("from b", a.local_address());
        const std::string text = co_await next(a);
        EXPECT_EQ(text, "from b");
        co_await a.send_to("from a", b.local_address());
        const std::string& got = co_await waiting;
        EXPECT_EQ(got, "from a");
    });
}

TEST_P(UdpTest, a_datagram_that_does_not_fit_is_told_apart) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        const std::string text = numbered_text(100);
        co_await a.send_to(text, b.local_address());
        co_await a.send_to(text, b.local_address());
        std::string small(99, '-');
        const auto cut = co_await b.receive_from(small);
        EXPECT_TRUE(cut.truncated);
        EXPECT_EQ(cut.size, 99U);
        EXPECT_EQ(small, text.substr(0, 99));
        std::string exact(100, '-');
        const auto whole = co_await b.receive_from(exact);
        EXPECT_FALSE(whole.truncated);
        EXPECT_EQ(exact, text);
    });
}

TEST_P(UdpTest, an_empty_datagram_is_one) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        co_await a.send_to("", b.local_address());
        co_await a.send_to("", b.local_address());
        std::string room(10, '-');
        const auto empty = co_await b.receive_from(room);
        EXPECT_EQ(empty.size, 0U);
        EXPECT_EQ(empty.from, a.local_address());
        const auto leased = co_await b.receive_leased();
        EXPECT_TRUE(leased.lease.empty());
        EXPECT_EQ(leased.from, a.local_address());
    });
}

TEST_P(UdpTest, the_largest_datagram_goes_through_and_a_larger_one_is_invalid) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        const std::string largest = numbered_text(65'507);
        co_await a.send_to(largest, b.local_address());
        const std::string got = co_await next(b);
        EXPECT_EQ(got, largest);
        const std::string larger(65'508, 'x');
        const std::string error =
            co_await error_of([&] { return a.send_to(larger, b.local_address()); });
        EXPECT_EQ(error, "invalid");
    });
}

TEST_P(UdpTest, a_connected_socket_hears_its_peer_only) {
    on_driver([&]() -> Task<> {
        UdpSocket server = socket();
        UdpSocket client = UdpSocket::connect(server.local_address());
        UdpSocket stranger = socket();
        EXPECT_EQ(client.peer_address(), server.local_address());
        co_await stranger.send_to("spoof", client.local_address());
        co_await client.send("hello");
        const auto question = co_await server.receive_leased();
        EXPECT_EQ(question.bytes().text(), "hello");
        co_await server.send_to("answer", question.from);
        const std::string answer = co_await next(client);
        EXPECT_EQ(answer, "answer");
    });
}

TEST_P(UdpTest, a_closed_port_is_refused_once) {
    on_driver([&]() -> Task<> {
        UdpSocket gone = socket();
        const Address there = gone.local_address();
        gone.close();
        UdpSocket client = UdpSocket::connect(there);
        co_await client.send("anybody?");
        const std::string first = co_await error_of([&]() { return next(client); });
        EXPECT_EQ(first, "refused");
        auto waiting = create_task(next(client));
        co_await turns(20);
        EXPECT_FALSE(waiting.done());
    });
}

TEST_P(UdpTest, an_unconnected_sender_hears_of_no_refusal) {
    on_driver([&]() -> Task<> {
        UdpSocket gone = socket();
        const Address there = gone.local_address();
        gone.close();
        UdpSocket a = socket();
        co_await a.send_to("anybody?", there);
        co_await a.send_to("nobody", there);
        auto waiting = create_task(next(a));
        co_await turns(20);
        EXPECT_FALSE(waiting.done());
    });
}

TEST_P(UdpTest, without_a_peer_there_is_nobody_to_send_to) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        const std::string error = co_await error_of([&] { return a.send("x"); });
        EXPECT_EQ(error, "invalid");
        a.close();
        const std::string closed =
            co_await error_of([&] { return a.send_to("x", Address::loopback(1)); });
        EXPECT_EQ(closed, "closed");
    });
}

TEST_P(UdpTest, a_burst_is_read_without_suspending) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        std::string room(10, '-');
        EXPECT_FALSE(b.try_receive_from(room).has_value());
        for (int i = 0; i < 10; ++i) {
            while (!a.try_send_to(std::to_string(i), b.local_address())) {
                co_await yield();
            }
        }
        std::string all;
        while (all.size() < 10) {
            if (const auto datagram = b.try_receive_from(room)) {
                all += room.substr(0, datagram->size);
            }
        }
        EXPECT_EQ(all, "0123456789");
    });
}

TEST_P(UdpTest, a_cancelled_receive_takes_nothing) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        const auto nothing = co_await move_on_after(1ms, next(b));
        EXPECT_FALSE(nothing.has_value());
        co_await a.send_to("kept", b.local_address());
        const std::string got = co_await next(b);
        EXPECT_EQ(got, "kept");
    });
}

TEST_P(UdpTest, ipv6_datagrams) {
    on_driver([&]() -> Task<> {
        UdpSocket a = UdpSocket::bind(Address::parse("::1", 0));
        UdpSocket b = UdpSocket::bind(Address::parse("::1", 0));
        co_await a.send_to("six", b.local_address());
        const auto datagram = co_await b.receive_leased();
        EXPECT_EQ(datagram.bytes().text(), "six");
        EXPECT_EQ(datagram.from, a.local_address());
        EXPECT_TRUE(datagram.from.is_ipv6());
    });
}

TEST_P(UdpTest, a_taken_port_is_in_use_unless_it_is_shared) {
    on_driver([&]() -> Task<> {
        UdpSocket a = socket();
        EXPECT_THROW(UdpSocket::bind(a.local_address()), Error);
        UdpOptions options;
        options.share_port = true;
        UdpSocket one = UdpSocket::bind(Address::loopback(0), options);
        UdpSocket two = UdpSocket::bind(one.local_address(), options);
        EXPECT_EQ(one.local_address(), two.local_address());
        co_return;
    });
}

TEST_P(UdpTest, cancelled_anywhere_nothing_is_left) {
    Everywhere where;
    where.driver = GetParam().driver;
    where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
    const Scenario scenario = []() -> Task<> {
        UdpSocket a = socket();
        UdpSocket b = socket();
        auto talk = [](UdpSocket& from, UdpSocket& to) -> Task<> {
            std::string room(10, '-');
            co_await from.send_to("one", to.local_address());
            co_await from.send_to("two", to.local_address());
            co_await to.receive_leased();
            co_await to.receive_from(room);
        };
        auto late = [&]() -> Task<> {
            co_await turns(3);
            co_await a.send_to("three", b.local_address());
        };
        co_await talk(a, b);
        co_await gather(next(b), late);
    };
    cancel_everywhere(scenario, where);
}

INSTANTIATE_TEST_SUITE_P(net, UdpTest, testing::ValuesIn(all_drivers()), param_name);

class UdpKernelTest : public UdpTest {};

TEST_P(UdpKernelTest, options_are_set) {
    on_driver([&]() -> Task<> {
        UdpOptions options;
        options.broadcast = true;
        options.receive_buffer = 100'000;
        options.send_buffer = 50'000;
        UdpSocket a = UdpSocket::bind(Address::loopback(0), options);
        EXPECT_EQ(a.receive_buffer(), 200'000U);
        EXPECT_EQ(a.send_buffer(), 100'000U);
        a.set_multicast_hops(3);
        a.set_multicast_loop(false);
        co_return;
    });
}

TEST_P(UdpKernelTest, a_group_gets_what_is_sent_to_it) {
    on_driver([&]() -> Task<> {
        UdpSocket member = UdpSocket::bind(Address::parse("0.0.0.0", 0));
        const Address group = Address::parse("239.17.18.19", member.local_address().port());
        constexpr unsigned loopback_interface = 1;
        member.join_group(group, loopback_interface);
        UdpSocket sender = socket();
        co_await sender.send_to("all of you", group);
        const std::string got = co_await timeout(5s, next(member));
        EXPECT_EQ(got, "all of you");
        member.leave_group(group, loopback_interface);
        EXPECT_THROW(member.leave_group(group, loopback_interface), Error);
    });
}

INSTANTIATE_TEST_SUITE_P(net, UdpKernelTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
