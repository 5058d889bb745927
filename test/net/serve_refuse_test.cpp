// SPDX-License-Identifier: Apache-2.0
// What a server does for its clients when descriptors have run out for long.
#include <deque>
#include <string>

#include "net/net_test.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/net/serve.hpp"
#include "rondo/sim/run.hpp"
#include "support/reading.hpp"

namespace rondo::test {
namespace {

using net::Server;

class ServeRefuseTest : public LedgerTest {};

// The listener, ten clients, the server's reserve: three connections fit.
TEST_F(ServeRefuseTest, when_descriptors_do_not_come_back_clients_are_refused) {
    sim::Options options;
    options.network.descriptors_max = 15;
    sim::run(
        []() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            std::deque<TcpStream> clients;
            for (int i = 0; i < 10; ++i) {
                clients.push_back(co_await TcpStream::connect(listener.local_address()));
            }
            Server server;
            auto serving = create_task(net::serve(listener, send_back, server));
            co_await sleep(9s);
            EXPECT_EQ(server.stats().refused, 0U);
            co_await sleep(3s);
            EXPECT_GT(server.stats().refused, 0U);
            EXPECT_LT(server.stats().refused, 7U) << "one a pause";
            co_await sleep(60s);
            EXPECT_EQ(server.stats().refused, 7U);
            EXPECT_EQ(server.active(), 3U) << "the reserve is kept for the next";
            for (std::size_t i = 3; i < clients.size(); ++i) {
                const std::string nothing = co_await read_to_end(clients[i]);
                EXPECT_EQ(nothing, "");
            }
            clients.pop_back();
            TcpStream late = co_await TcpStream::connect(listener.local_address());
            clients.pop_front();
            co_await late.write_all("late");
            const std::string answer = co_await read_count(late, 4);
            EXPECT_EQ(answer, "late");
            EXPECT_EQ(server.stats().accepted, 4U);
            late.close();
            clients.clear();
            server.shut_down();
            co_await serving;
        },
        options);
}

}  // namespace
}  // namespace rondo::test
