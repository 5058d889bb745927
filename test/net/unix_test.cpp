// SPDX-License-Identifier: Apache-2.0
// Unix sockets of both kinds: names, files, credentials.
#include <unistd.h>

#include <vector>

#include "net/unix_fixture.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/net/serve.hpp"
#include "rondo/net/unix_datagram.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using net::UnixDatagram;
using net::UnixListenOptions;

static_assert(io::ByteStream<UnixStream>);
static_assert(io::ByteStream<TcpStream>);

/// As somebody does who takes the place of a service that still runs.
void remove_file(const UnixAddress& path) {
    Driver& driver = current_loop().driver();
    SocketFile file;
    EXPECT_EQ(driver.find_socket_file(path.file(), file), 0);
    EXPECT_EQ(driver.remove_socket_file(path.file(), file), 0);
}

TEST_P(UnixTest, names_are_read_back) {
    const UnixAddress path = UnixAddress::path("/run/x.sock");
    EXPECT_EQ(path.to_string(), "/run/x.sock");
    EXPECT_TRUE(path.is_path());
    const UnixAddress name = UnixAddress::abstract("x");
    EXPECT_EQ(name.to_string(), "@x");
    EXPECT_TRUE(name.is_abstract());
    EXPECT_NE(path, name);
    EXPECT_TRUE(UnixAddress().is_unnamed());
    EXPECT_EQ(UnixAddress::from(path.data(), path.size()), path);
    EXPECT_THROW(UnixAddress::path(""), Error);
    EXPECT_THROW(UnixAddress::path(std::string("a\0b", 3)), Error);
    EXPECT_THROW(UnixAddress::path(std::string(108, 'x')), Error);
    EXPECT_EQ(UnixAddress::path(std::string(107, 'x')).name().size(), 107U);
}

TEST_P(UnixTest, two_meet_at_a_path) {
    on_driver([&]() -> Task<> { co_await meet_at(fresh_path()); });
}

TEST_P(UnixTest, two_meet_at_an_abstract_name) {
    on_driver([&]() -> Task<> { co_await meet_at(fresh_abstract()); });
}

TEST_P(UnixTest, nobody_there_is_told_from_nothing_there) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        const auto connect = [&] { return UnixStream::connect(path); };
        const std::string nothing = co_await error_of(connect);
        EXPECT_EQ(nothing, "not_found");
        UnixListenOptions options;
        options.remove_on_close = false;
        UnixListener::listen(path, options).close();
        const std::string nobody = co_await error_of(connect);
        EXPECT_EQ(nobody, "refused");
        UnixListener::listen(path).close();  // takes the stale file's place, and removes it
        const std::string again = co_await error_of(connect);
        EXPECT_EQ(again, "not_found");
    });
}

TEST_P(UnixTest, a_living_listener_is_not_replaced) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixListener living = UnixListener::listen(path);
        EXPECT_THROW(UnixListener::listen(path), Error);
        UnixStream probe = co_await living.accept();
        const std::string nothing = co_await read_count(probe, 1);
        EXPECT_EQ(nothing, "");
        UnixStream client = co_await UnixStream::connect(path);
        UnixStream server = co_await living.accept();
        EXPECT_TRUE(server.is_open());
    });
}

TEST_P(UnixTest, a_stale_file_stays_when_asked) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixListenOptions options;
        options.remove_on_close = false;
        options.replace_stale = false;
        UnixListener::listen(path, options).close();
        EXPECT_THROW(UnixListener::listen(path, options), Error);
        UnixListener::listen(path).close();
        co_return;
    });
}

TEST_P(UnixTest, a_listener_that_closes_leaves_the_file_of_its_successor) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixListener first = UnixListener::listen(path);
        remove_file(path);
        UnixListener second = UnixListener::listen(path);
        first.close();
        UnixStream client = co_await UnixStream::connect(path);
        UnixStream server = co_await second.accept();
        EXPECT_TRUE(server.is_open());
        second = UnixListener();
        const auto connect = [&] { return UnixStream::connect(path); };
        const std::string nothing = co_await error_of(connect);
        EXPECT_EQ(nothing, "not_found") << "its own it takes along";
    });
}

TEST_P(UnixTest, a_connect_to_a_full_queue_waits) {
    on_driver([&]() -> Task<> {
        UnixListenOptions options;
        options.backlog = 1;
        const UnixAddress address = fresh_abstract();
        UnixListener listener = UnixListener::listen(address, options);
        std::vector<UnixStream> clients;
        auto connect_all = [&]() -> Task<> {
            for (int i = 0; i < 6; ++i) {
                UnixStream client = co_await UnixStream::connect(address);
                clients.push_back(std::move(client));
            }
        };
        auto accept_all = [&]() -> Task<> {
            for (int i = 0; i < 6; ++i) {
                co_await turns(3);
                UnixStream server = co_await listener.accept();
            }
        };
        co_await gather(connect_all, accept_all);
        EXPECT_EQ(clients.size(), 6U);
    });
}

TEST_P(UnixTest, a_pair_has_credentials_and_both_directions) {
    on_driver([&]() -> Task<> {
        auto [near, far] = UnixStream::pair();
        const net::PeerCredentials credentials = near.peer_credentials();
        EXPECT_EQ(credentials.process, getpid());
        EXPECT_EQ(credentials.user, getuid());
        EXPECT_EQ(credentials.group, getgid());
        co_await near.write_all("out");
        near.shutdown_write();
        const std::string text = co_await read_count(far, 100);
        EXPECT_EQ(text, "out");
        co_await far.write_all("back");
        const std::string back = co_await read_count(near, 4);
        EXPECT_EQ(back, "back");
    });
}

TEST_P(UnixTest, serve_takes_a_unix_listener) {
    on_driver([&]() -> Task<> {
        const UnixAddress address = fresh_path();
        UnixListener listener = UnixListener::listen(address);
        net::Server server;
        auto handler = [](UnixStream stream) -> Task<> {
            const std::string text = co_await read_count(stream, 1);
            co_await stream.write_all(text + text);
        };
        auto run = create_task(net::serve(listener, handler, server));
        UnixStream client = co_await UnixStream::connect(address);
        co_await client.write_all("x");
        const std::string answer = co_await read_count(client, 10);
        EXPECT_EQ(answer, "xx");
        server.shut_down();
        co_await run;
    });
}

TEST_P(UnixTest, datagrams_by_name_keep_order_and_sender) {
    on_driver([&]() -> Task<> {
        UnixDatagram a = UnixDatagram::bind(fresh_path());
        UnixDatagram b = UnixDatagram::bind(fresh_abstract());
        auto send = [&]() -> Task<> {
            for (int i = 0; i < 100; ++i) {
                co_await a.send_to(std::to_string(i), b.local_address());
            }
        };
        auto receive = [&]() -> Task<> {
            for (int i = 0; i < 100; ++i) {
                const auto datagram = co_await b.receive_leased();
                EXPECT_EQ(datagram.bytes().text(), std::to_string(i));
                EXPECT_EQ(datagram.from, a.local_address());
            }
        };
        co_await gather(send, receive);
    });
}

TEST_P(UnixTest, a_connected_datagram_waits_for_room) {
    on_driver([&]() -> Task<> {
        auto [a, b] = UnixDatagram::pair();
        auto send = [&]() -> Task<> {
            for (int i = 0; i < 2000; ++i) {
                co_await a.send("datagram");
            }
        };
        auto receive = [&]() -> Task<> {
            std::string room(100, '-');
            for (int i = 0; i < 2000; ++i) {
                const auto datagram = co_await b.receive_from(room);
                EXPECT_EQ(datagram.size, 8U);
            }
        };
        co_await gather(send, receive);
    });
}

TEST_P(UnixTest, a_datagram_socket_takes_a_stale_files_place) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        {
            UnixDatagram first = UnixDatagram::bind(path);
            EXPECT_THROW(UnixDatagram::bind(path), Error);
        }
        UnixDatagram sender = UnixDatagram::unbound();
        EXPECT_THROW(sender.connect_to(path), Error);
        UnixDatagram second = UnixDatagram::bind(path);
        sender.connect_to(path);
        co_await sender.send("x");
        const auto datagram = co_await second.receive_leased();
        EXPECT_TRUE(datagram.from.is_unnamed());
    });
}

TEST_P(UnixTest, a_datagram_socket_that_closes_leaves_the_file_of_its_successor) {
    on_driver([&]() -> Task<> {
        const UnixAddress path = fresh_path();
        UnixDatagram first = UnixDatagram::bind(path);
        remove_file(path);
        UnixDatagram second = UnixDatagram::bind(path);
        first.close();
        UnixDatagram sender = UnixDatagram::unbound();
        co_await sender.send_to("x", path);
        const auto datagram = co_await second.receive_leased();
        EXPECT_EQ(datagram.bytes().text(), "x");
        second = UnixDatagram();
        EXPECT_THROW(sender.connect_to(path), Error);
    });
}

TEST_P(UnixTest, cancelled_anywhere_nothing_is_left) {
    Everywhere where;
    where.driver = GetParam().driver;
    where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
    const Scenario scenario = []() -> Task<> {
        co_await meet_at(fresh_path());
        auto [a, b] = UnixDatagram::pair();
        co_await a.send("x");
        co_await b.receive_leased();
    };
    cancel_everywhere(scenario, where);
}

INSTANTIATE_TEST_SUITE_P(net, UnixTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
