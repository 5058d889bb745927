// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/tcp_listener.hpp"

#include <vector>

#include "net/net_test.hpp"

namespace rondo::test {
namespace {

class TcpListenerTest : public NetTest {};

TEST_P(TcpListenerTest, listens_where_it_says) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        EXPECT_TRUE(listener.is_open());
        EXPECT_NE(listener.local_address().port(), 0);
        EXPECT_EQ(listener.local_address().host(), "127.0.0.1");
        co_return;
    });
}

TEST_P(TcpListenerTest, an_accept_waits_for_a_connection) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto accepter = [&]() -> Task<> {
            const TcpStream stream = co_await listener.accept();
            EXPECT_TRUE(stream.is_open());
            log.say("accepted");
        };
        auto connecter = [&]() -> Task<> {
            co_await turns(3);
            log.say("connect");
            const TcpStream stream = co_await TcpStream::connect(listener.local_address());
        };
        co_await gather(accepter, connecter);
        EXPECT_EQ(log.text(), "connect accepted");
    });
}

TEST_P(TcpListenerTest, connections_are_accepted_in_their_order) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        std::vector<TcpStream> clients;
        for (int i = 0; i < 5; ++i) {
            clients.push_back(co_await TcpStream::connect(listener.local_address()));
        }
        for (const TcpStream& client : clients) {
            const TcpStream server = co_await listener.accept();
            EXPECT_EQ(server.peer_address(), client.local_address());
        }
    });
}

TEST_P(TcpListenerTest, an_address_is_taken_once) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const Address address = listener.local_address();
        try {
            TcpListener::listen(address);
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::in_use);
            EXPECT_EQ(error.what(), "listen " + address.to_string() + ": Address already in use");
        }
        listener.close();
        listener.close();
        co_return;
    });
}

TEST_P(TcpListenerTest, an_address_is_free_again_after_a_close) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const Address address = listener.local_address();
        listener.close();
        co_await yield();
        const TcpListener again = TcpListener::listen(address);
        EXPECT_EQ(again.local_address(), address);
    });
}

TEST_P(TcpListenerTest, listeners_share_a_port_when_all_say_so) {
    on_driver([&]() -> Task<> {
        net::ListenOptions sharing;
        sharing.share_port = true;
        const TcpListener one = TcpListener::listen(Address::loopback(0), sharing);
        const TcpListener two = TcpListener::listen(one.local_address(), sharing);
        EXPECT_EQ(one.local_address(), two.local_address());
        EXPECT_THROW(TcpListener::listen(one.local_address()), Error);
        co_return;
    });
}

TEST_P(TcpListenerTest, an_address_of_another_machine_is_not_found) {
    on_driver([&]() -> Task<> {
        try {
            TcpListener::listen(Address::parse("192.0.2.1", 0));
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::not_found);
        }
        co_return;
    });
}

TEST_P(TcpListenerTest, a_second_accept_is_told_busy) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto first = create_task(accept_one(listener));
        co_await sleep(1ms);
        const std::string error =
            co_await error_of([&]() -> Task<> { co_await listener.accept(); });
        EXPECT_EQ(error, "busy");
        const TcpStream client = co_await TcpStream::connect(listener.local_address());
        const TcpStream server = co_await std::move(first);
        EXPECT_TRUE(server.is_open());
    });
}

TEST_P(TcpListenerTest, a_closed_listener_says_so) {
    on_driver([&]() -> Task<> {
        TcpListener listener;
        try {
            co_await listener.accept();
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::closed);
            EXPECT_STREQ(error.what(), "accept a closed listener: Bad file descriptor");
        }
        TcpListener moved = TcpListener::listen(Address::loopback(0));
        listener = std::move(moved);
        EXPECT_TRUE(listener.is_open());
        EXPECT_FALSE(moved.is_open());
    });
}

TEST_P(TcpListenerTest, closing_resets_who_was_not_accepted) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        listener.close();
        const std::string error = co_await error_of([&] { return read_all(client); });
        EXPECT_EQ(error, "reset");
    });
}

INSTANTIATE_TEST_SUITE_P(net, TcpListenerTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
