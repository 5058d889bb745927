// SPDX-License-Identifier: Apache-2.0
// connect(): from a name to a connection, on each driver.
#include "rondo/net/connect.hpp"

#include <unistd.h>

#include <cstdlib>

#include "net/net_test.hpp"
#include "rondo/sim/names.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using net::ConnectOptions;
using net::Family;
using net::Resolver;
using net::ResolverOptions;

class ConnectTest : public NetTest {
protected:
    /// Not as this machine's hosts file has it: ::1 and 127.0.0.1.
    static ResolverOptions without_hosts() {
        ResolverOptions options;
        options.hosts_file.clear();
        return options;
    }

    template <class F>
    static Task<std::string> failure_of(F call) {
        try {
            co_await call();
        } catch (const Error& error) {
            co_return std::string(error.what());
        }
        co_return std::string();
    }
};

TEST_P(ConnectTest, to_a_numeric_host) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const std::uint16_t port = listener.local_address().port();
        auto [client, server] =
            co_await gather(net::connect("127.0.0.1", port), accept_one(listener));
        EXPECT_EQ(client.peer_address(), Address::loopback(port));
        co_await client.write_all("hello");
        const std::string text = co_await read_exactly(server, 5);
        EXPECT_EQ(text, "hello");
    });
}

TEST_P(ConnectTest, the_error_of_a_numeric_host_is_the_plain_one) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const std::uint16_t port = listener.local_address().port();
        listener.close();
        auto connecting = [&]() -> Task<> { co_await net::connect("127.0.0.1", port); };
        const std::string failure = co_await failure_of(connecting);
        EXPECT_EQ(failure, "connect 127.0.0.1:" + std::to_string(port) + ": Connection refused");
    });
}

// localhost is ::1 first, where nobody listens.
TEST_P(ConnectTest, a_refused_address_is_followed_by_the_next) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const std::uint16_t port = listener.local_address().port();
        Resolver resolver(without_hosts());
        ConnectOptions options;
        options.resolver = &resolver;
        TcpStream client = co_await net::connect("localhost", port, options);
        EXPECT_EQ(client.peer_address(), Address::loopback(port));
    });
}

TEST_P(ConnectTest, all_addresses_refuse) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const std::string port = std::to_string(listener.local_address().port());
        const std::uint16_t number = listener.local_address().port();
        listener.close();
        Resolver resolver(without_hosts());
        ConnectOptions options;
        options.resolver = &resolver;
        auto connecting = [&]() -> Task<> { co_await net::connect("localhost", number, options); };
        const std::string failure = co_await failure_of(connecting);
        // Which one was first depends on whether this machine has IPv6.
        EXPECT_TRUE(failure.starts_with("connect localhost:" + port + ": ")) << failure;
        EXPECT_NE(failure.find("[::1]:" + port + ": "), failure.npos) << failure;
        EXPECT_NE(failure.find("127.0.0.1:" + port + ": Connection refused"), failure.npos)
            << failure;
    });
}

TEST_P(ConnectTest, only_the_wanted_family) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const std::uint16_t port = listener.local_address().port();
        ConnectOptions options;
        options.family = Family::ipv4;
        TcpStream client = co_await net::connect("localhost", port, options);
        EXPECT_FALSE(client.peer_address().is_ipv6());
        options.family = Family::ipv6;
        auto connecting = [&]() -> Task<> { co_await net::connect("127.0.0.1", port, options); };
        const std::string failure = co_await failure_of(connecting);
        EXPECT_EQ(failure, "resolve 127.0.0.1: an address of the other family");
    });
}

TEST_P(ConnectTest, from_an_address_of_ones_own) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const std::uint16_t port = listener.local_address().port();
        ConnectOptions options;
        options.local = Address::parse("127.0.0.1", 0);
        TcpStream client = co_await net::connect("localhost", port, options);
        EXPECT_EQ(client.local_address().host(), "127.0.0.1");
        options.local = Address::parse("192.0.2.1", 0);
        auto connecting = [&]() -> Task<> { co_await net::connect("localhost", port, options); };
        const std::string failure = co_await failure_of(connecting);
        EXPECT_NE(failure.find("Cannot assign requested address"), failure.npos) << failure;
    });
}

// A full backlog answers nothing.
TEST_P(ConnectTest, an_attempt_may_have_a_timeout) {
    on_driver([&]() -> Task<> {
        net::ListenOptions small;
        small.backlog = 0;
        TcpListener full = TcpListener::listen(Address::loopback(0), small);
        const std::uint16_t port = full.local_address().port();
        std::vector<TcpStream> kept;
        ConnectOptions options;
        options.attempt_timeout = 30ms;
        std::string failure;
        for (int i = 0; i < 10 && failure.empty(); ++i) {
            auto connecting = [&]() -> Task<> {
                kept.push_back(co_await net::connect("127.0.0.1", port, options));
            };
            failure = co_await failure_of(connecting);
        }
        EXPECT_NE(failure.find("deadline passed"), failure.npos) << failure;
        const auto stopped = co_await move_on_after(20ms, net::connect("127.0.0.1", port));
        EXPECT_FALSE(stopped.has_value());
    });
}

TEST_P(ConnectTest, cancelled_everywhere) {
    Everywhere where;
    where.driver = GetParam().driver;
    where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
    cancel_everywhere(
        []() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            const std::uint16_t port = listener.local_address().port();
            std::string host = "localhost";
            if (current_loop().driver().names() != nullptr) {
                host = "host.example";
                sim::names().set(host, sim::Name({"127.0.0.1", "::1"}).ipv6_latency(20ms, 20ms));
            }
            auto [client, server] = co_await gather(net::connect(host, port), accept_one(listener));
            client.close();
            co_await read_all(server);
        },
        where);
}

INSTANTIATE_TEST_SUITE_P(net, ConnectTest, testing::ValuesIn(all_drivers()), param_name);

// ---------------------------------------------------------------- with a hosts file, for real

class ConnectHostsTest : public ConnectTest {
protected:
    ConnectHostsTest() {
        const int fd = mkstemp(path_);
        EXPECT_GE(fd, 0);
        close(fd);
    }
    ~ConnectHostsTest() override { unlink(path_); }

    ResolverOptions with_hosts(const std::string& text) {
        std::FILE* const file = std::fopen(path_, "w");
        std::fwrite(text.data(), 1, text.size(), file);
        std::fclose(file);
        ResolverOptions options;
        options.hosts_file = path_;
        return options;
    }

    /// Connects until the listener answers no more.
    static Task<std::vector<TcpStream>> fill(const TcpListener& listener) {
        std::vector<TcpStream> kept;
        for (int i = 0; i < 10; ++i) {
            auto filling = TcpStream::connect(listener.local_address());
            auto filled = co_await move_on_after(20ms, std::move(filling));
            if (!filled) {
                break;
            }
            kept.push_back(std::move(*filled));
        }
        co_return kept;
    }

private:
    char path_[32] = "/tmp/rondo_hosts_XXXXXX";
};

TEST_P(ConnectHostsTest, a_silent_address_is_overtaken_by_the_next) {
    on_driver([&]() -> Task<> {
        net::ListenOptions small;
        small.backlog = 0;
        TcpListener full = TcpListener::listen(Address::parse("127.0.0.2", 0), small);
        const std::uint16_t port = full.local_address().port();
        TcpListener good = TcpListener::listen(Address::parse("127.0.0.3", port));
        const std::vector<TcpStream> kept = co_await fill(full);
        Resolver resolver(with_hosts("127.0.0.2 twin\n127.0.0.3 twin\n127.0.0.4 other\n"));
        ConnectOptions options;
        options.resolver = &resolver;
        options.attempt_delay = 20ms;
        TcpStream client = co_await net::connect("twin", port, options);
        EXPECT_EQ(client.peer_address().host(), "127.0.0.3");
        auto refused = [&]() -> Task<> { co_await net::connect("other", port, options); };
        const std::string failure = co_await failure_of(refused);
        EXPECT_EQ(failure, "connect other:" + std::to_string(port) +
                               ": 127.0.0.4:" + std::to_string(port) + ": Connection refused");
    });
}

// Side by side the second would fail, for the port is taken.
TEST_P(ConnectHostsTest, attempts_from_one_port_follow_each_other) {
    on_driver([&]() -> Task<> {
        net::ListenOptions small;
        small.backlog = 0;
        TcpListener full = TcpListener::listen(Address::parse("127.0.0.2", 0), small);
        const std::uint16_t port = full.local_address().port();
        TcpListener good = TcpListener::listen(Address::parse("127.0.0.3", port));
        const std::vector<TcpStream> kept = co_await fill(full);
        Resolver resolver(with_hosts("127.0.0.2 twin\n127.0.0.3 twin\n"));
        ConnectOptions options;
        options.resolver = &resolver;
        options.attempt_delay = 1ms;
        options.attempt_timeout = 30ms;
        TcpListener free = TcpListener::listen(Address::loopback(0));
        options.local = free.local_address();
        free.close();
        TcpStream client = co_await net::connect("twin", port, options);
        EXPECT_EQ(client.peer_address().host(), "127.0.0.3");
        EXPECT_EQ(client.local_address(), *options.local);
    });
}

TEST_P(ConnectHostsTest, the_hosts_file_counts_before_any_server) {
    on_driver([&]() -> Task<> {
        Resolver resolver(with_hosts("10.1.2.3 db db.lan\n2001:db8::7 db\n"));
        const auto addresses = co_await resolver.resolve("DB", 5432);
        EXPECT_EQ(addresses.size(), 2U);
        const auto lan = co_await resolver.resolve("db.lan.", 1);
        EXPECT_EQ(lan.at(0), Address::parse("10.1.2.3:1"));
        const std::string name = co_await resolver.resolve_name(Address::parse("10.1.2.3:9"));
        EXPECT_EQ(name, "db");
        EXPECT_EQ(resolver.questions(), 0U);
    });
}

INSTANTIATE_TEST_SUITE_P(net, ConnectHostsTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
