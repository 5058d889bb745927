// SPDX-License-Identifier: Apache-2.0
// A stopped operation of the network had no effect, and one that had an effect is not stopped.
#include <array>
#include <optional>

#include "net/net_test.hpp"

namespace rondo::test {
namespace {

class TcpCancelTest : public NetTest {
protected:
    /// Reads single bytes into `into` until it is stopped.
    static Task<> read_bytes(TcpStream& stream, std::string& into) {
        for (;;) {
            std::array<char, 1> buffer{};
            const std::size_t bytes = co_await stream.read_some(buffer);
            if (bytes == 0) {
                co_return;
            }
            into.push_back(buffer[0]);
        }
    }

    /// Waits for a task that may have been stopped.
    template <class T>
    static Task<> ended(TaskHandle<T>& handle) {
        try {
            co_await handle;
        } catch (const Cancelled&) {
        }
    }

    static Task<> accept_all(TcpListener& listener, std::vector<TcpStream>& into) {
        for (;;) {
            into.push_back(co_await listener.accept());
        }
    }
};

TEST_P(TcpCancelTest, a_cancelled_scope_starts_no_read) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("kept");
        std::string stolen;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                group.cancel();
                co_await read_bytes(pair.server, stolen);
            });
            co_await sleep(1h);
        });
        EXPECT_EQ(stolen, "");
        const std::string text = co_await read_exactly(pair.server, 4);
        EXPECT_EQ(text, "kept");
    });
}

TEST_P(TcpCancelTest, a_cancelled_scope_writes_and_connects_nothing) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.cancel();
            group.spawn([&]() -> Task<> { co_await pair.client.write_all("x"); });
            co_await gather(
                [&]() -> Task<> { co_await pair.client.write_all("x"); },
                [&]() -> Task<> { co_await TcpStream::connect(listener.local_address()); });
        });
        pair.client.close();
        const std::string text = co_await read_all(pair.server);
        EXPECT_EQ(text, "");
    });
}

TEST_P(TcpCancelTest, a_stopped_read_leaves_the_stream_usable) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        for (int i = 0; i < 20; ++i) {
            std::string text;
            auto reader = create_task(read_bytes(pair.server, text));
            co_await turns(i % 5);
            reader.cancel();
            co_await ended(reader);
            EXPECT_TRUE(reader.cancelled());
            EXPECT_EQ(text, "");
        }
        co_await pair.client.write_all("fine");
        const std::string text = co_await read_exactly(pair.server, 4);
        EXPECT_EQ(text, "fine");
    });
}

TEST_P(TcpCancelTest, no_byte_is_lost_wherever_a_read_is_cancelled) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        const std::string sent = numbered_text(400);
        std::string received;
        for (std::size_t i = 0; i < sent.size(); i += 2) {
            auto reader = create_task(read_bytes(pair.server, received));
            co_await turns(static_cast<int>(i / 2 % 3));
            co_await pair.client.write_all(Bytes(std::string_view(sent).substr(i, 2)));
            co_await turns(static_cast<int>(i / 6 % 5));
            reader.cancel();
            co_await ended(reader);
        }
        pair.client.close();
        received += co_await read_all(pair.server);
        EXPECT_EQ(received, sent);
    });
}

TEST_P(TcpCancelTest, no_connection_is_lost_wherever_an_accept_is_cancelled) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        std::vector<TcpStream> clients;
        std::vector<TcpStream> servers;
        for (int i = 0; i < 60; ++i) {
            auto accepter = create_task(accept_all(listener, servers));
            co_await turns(i % 3);
            clients.push_back(co_await TcpStream::connect(listener.local_address()));
            co_await turns(i / 3 % 5);
            accepter.cancel();
            co_await ended(accepter);
        }
        while (servers.size() < clients.size()) {
            servers.push_back(co_await listener.accept());
        }
        for (std::size_t i = 0; i < clients.size(); ++i) {
            EXPECT_EQ(servers[i].peer_address(), clients[i].local_address());
        }
    });
}

TEST_P(TcpCancelTest, a_stopped_connect_closes_its_descriptor) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        for (int i = 0; i < 20; ++i) {
            auto connecter = create_task(TcpStream::connect(listener.local_address()));
            co_await turns(i % 4);
            connecter.cancel();
            co_await ended(connecter);
        }
    });
}

TEST_P(TcpCancelTest, a_write_that_was_stopped_halfway_breaks_the_stream_for_writing) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        const std::string large(64 << 20, 'x');
        auto writer = [&]() -> Task<> { co_await pair.client.write_all(large); };
        const auto done = co_await move_on_after(1ms, writer);
        EXPECT_FALSE(done.has_value());
        try {
            co_await pair.client.write_all("more");
            ADD_FAILURE() << "no error";
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Errc::closed);
            EXPECT_NE(std::string(error.what()).find("ended halfway"), std::string::npos);
        }
        co_await pair.server.write_all("reading goes on");
        const std::string text = co_await read_exactly(pair.client, 15);
        EXPECT_EQ(text, "reading goes on");
    });
}

TEST_P(TcpCancelTest, a_timeout_ends_a_read_and_loses_nothing) {
    on_driver([&]() -> Task<> {
        Pair pair = co_await connected();
        const auto nothing = co_await move_on_after(1ms, read_exactly(pair.server, 1));
        EXPECT_FALSE(nothing.has_value());
        const auto none = co_await move_on_after(1ms, pair.server.read_leased());
        EXPECT_FALSE(none.has_value());
        co_await pair.client.write_all("x");
        const auto text = co_await move_on_after(1h, read_exactly(pair.server, 1));
        EXPECT_EQ(text.value_or(""), "x");
    });
}

TEST_P(TcpCancelTest, what_runs_at_the_end_of_the_program_is_ended) {
    on_driver([&]() -> Task<> {
        auto echo = [](Pair pair) -> Task<> {
            const std::string text = co_await read_all(pair.server);
        };
        Pair pair = co_await connected();
        create_task(echo(std::move(pair))).detach();
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto accepter = [](TcpListener from) -> Task<> {
            const TcpStream stream = co_await from.accept();
        };
        create_task(accepter(std::move(listener))).detach();
        co_await turns(3);
    });
}

INSTANTIATE_TEST_SUITE_P(net, TcpCancelTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
