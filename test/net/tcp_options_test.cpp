// SPDX-License-Identifier: Apache-2.0
// Typed options are what the system says they are, of connections made and of those accepted.
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "net/net_test.hpp"

namespace rondo::test {
namespace {

using net::KeepAlive;
using net::ListenOptions;
using net::TcpOptions;

TcpOptions unusual() {
    TcpOptions options;
    options.no_delay = false;
    options.keep_alive = KeepAlive{7s, 3s, 4};
    options.user_timeout = 12'345ms;
    options.receive_buffer = 50'000;
    options.send_buffer = 40'000;
    return options;
}

class TcpOptionsTest : public NetTest {
protected:
    static void expect_unusual(const TcpStream& stream) {
        EXPECT_FALSE(stream.no_delay());
        EXPECT_EQ(stream.keep_alive(), (KeepAlive{7s, 3s, 4}));
        EXPECT_EQ(stream.user_timeout(), 12'345ms);
        EXPECT_GE(stream.receive_buffer(), 50'000U);
        EXPECT_LE(stream.receive_buffer(), 100'000U);
        EXPECT_GE(stream.send_buffer(), 40'000U);
        EXPECT_LE(stream.send_buffer(), 80'000U);
    }
};

TEST_P(TcpOptionsTest, by_default_small_writes_go_out_at_once) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        EXPECT_TRUE(pair.client.no_delay());
        EXPECT_TRUE(pair.server.no_delay());
        EXPECT_FALSE(pair.client.keep_alive().has_value());
        EXPECT_EQ(pair.client.user_timeout(), Duration::zero());
    });
}

TEST_P(TcpOptionsTest, a_connection_begins_with_what_was_asked_for) {
    on_driver([&]() -> Task<> {
        ListenOptions options;
        options.accepted = unusual();
        TcpListener listener = TcpListener::listen(Address::loopback(0), options);
        TcpStream client = co_await TcpStream::connect(listener.local_address(), unusual());
        TcpStream server = co_await listener.accept();
        expect_unusual(client);
        expect_unusual(server);
    });
}

TEST_P(TcpOptionsTest, options_change_while_it_lives) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        TcpStream& stream = pair.client;
        stream.set_no_delay(false);
        stream.set_keep_alive(KeepAlive{7s, 3s, 4});
        stream.set_user_timeout(12'345ms);
        stream.set_receive_buffer(50'000);
        stream.set_send_buffer(40'000);
        expect_unusual(stream);
        stream.set_keep_alive(std::nullopt);
        EXPECT_FALSE(stream.keep_alive().has_value());
        stream.set_user_timeout(Duration::zero());
        EXPECT_EQ(stream.user_timeout(), Duration::zero());
        stream.set_quick_ack(true);
        stream.set_option(IPPROTO_TCP, TCP_MAXSEG, 1000);
        stream.close();
        EXPECT_THROW(stream.set_no_delay(true), Error);
        EXPECT_THROW(stream.keep_alive(), Error);
    });
}

TEST_P(TcpOptionsTest, an_accept_may_tell_who_came) {
    on_driver([&]() -> Task<> {
        for (const char* host : {"127.0.0.1", "::1"}) {
            TcpListener listener = TcpListener::listen(Address::parse(host, 0));
            TcpStream client = co_await TcpStream::connect(listener.local_address());
            const Address expected = client.local_address();
            net::AcceptedTcp accepted = co_await listener.accept_from();
            EXPECT_EQ(accepted.peer, expected);
            EXPECT_EQ(accepted.stream.peer_address(), expected);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(net, TcpOptionsTest, testing::ValuesIn(all_drivers()), param_name);

class TcpDualStackTest : public NetTest {};

TEST_P(TcpDualStackTest, one_listener_takes_both_families) {
    on_driver([&]() -> Task<> {
        ListenOptions options;
        options.dual_stack = true;
        TcpListener listener = TcpListener::listen(Address::parse("::", 0), options);
        const std::uint16_t port = listener.local_address().port();
        TcpStream four = co_await TcpStream::connect(Address::loopback(port));
        net::AcceptedTcp accepted = co_await listener.accept_from();
        EXPECT_EQ(accepted.peer.host(), "::ffff:127.0.0.1");
        TcpStream six = co_await TcpStream::connect(Address::parse("::1", port));
        net::AcceptedTcp other = co_await listener.accept_from();
        EXPECT_EQ(other.peer.host(), "::1");
    });
}

INSTANTIATE_TEST_SUITE_P(net, TcpDualStackTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
