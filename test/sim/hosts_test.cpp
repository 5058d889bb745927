// SPDX-License-Identifier: Apache-2.0
// Addresses are hosts, and tasks are at home on one.
#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

class HostsTest : public NetworkTest {};

TEST_F(HostsTest, hosts_are_distinct) {
    run([]() -> Task<> {
        TcpListener first = TcpListener::listen(Address::parse("127.0.0.2", 80));
        TcpListener second = TcpListener::listen(Address::parse("127.0.0.3", 80));
        int error = co_await errno_of(TcpStream::connect(Address::parse("127.0.0.4", 80)));
        EXPECT_EQ(error, ECONNREFUSED);
        auto [client, server] =
            co_await gather(sim::on_host("10.9.9.9", TcpStream::connect(second.local_address())),
                            accept_one(second));
        EXPECT_EQ(server.peer_address().host(), "10.9.9.9");
        EXPECT_EQ(client.local_address(), server.peer_address());
        EXPECT_EQ(client.peer_address(), Address::parse("127.0.0.3", 80));
    });
}

TEST_F(HostsTest, a_task_listens_and_connects_where_it_is_at_home) {
    run([]() -> Task<> {
        auto serve = []() -> Task<std::string> {
            TcpListener listener = TcpListener::listen(Address::parse("0.0.0.0", 80));
            EXPECT_EQ(listener.local_address(), Address::parse("10.0.0.7", 80));
            TcpStream stream = co_await listener.accept();
            co_return stream.peer_address().host();
        };
        auto call = []() -> Task<> {
            const TcpStream stream = co_await TcpStream::connect(Address::parse("10.0.0.7", 80));
            co_await sleep(1s);
        };
        auto [from, none] =
            co_await gather(sim::on_host("10.0.0.7", serve()), sim::on_host("10.0.0.8", call()));
        static_cast<void>(none);
        EXPECT_EQ(from, "10.0.0.8");
        const int outside = co_await errno_of(TcpStream::connect(Address::parse("10.0.0.7", 80)));
        EXPECT_EQ(outside, ECONNREFUSED) << "it has closed";
        TcpListener everywhere = TcpListener::listen(Address::parse("0.0.0.0", 80));
        EXPECT_EQ(everywhere.local_address().host(), "0.0.0.0");
        auto [local, accepted] = co_await gather(
            TcpStream::connect(Address::parse("127.0.0.9", 80)), accept_one(everywhere));
        EXPECT_EQ(accepted.local_address().host(), "127.0.0.9");
    });
}

TEST_F(HostsTest, a_public_address_is_a_host_when_the_program_says_so) {
    run([]() -> Task<> {
        const Address address = Address::parse("93.184.216.34", 80);
        EXPECT_THROW(TcpListener::listen(address), Error);
        int error = co_await errno_of(TcpStream::connect(address));
        EXPECT_EQ(error, ENETUNREACH);
        sim::network().add_host("93.184.216.34");
        const TcpListener listener = TcpListener::listen(address);
        error = co_await errno_of(TcpStream::connect(address));
        EXPECT_EQ(error, 0);
    });
}

TEST_F(HostsTest, an_address_is_taken_by_one_listener) {
    run([]() -> Task<> {
        const TcpListener listener = TcpListener::listen(Address::parse("10.0.0.1", 80));
        EXPECT_NO_THROW(TcpListener::listen(Address::parse("10.0.0.2", 80)));
        EXPECT_THROW(TcpListener::listen(Address::parse("10.0.0.1", 80)), Error);
        EXPECT_THROW(TcpListener::listen(Address::parse("0.0.0.0", 80)), Error);
        co_return;
    });
}

}  // namespace
}  // namespace rondo::test
