// SPDX-License-Identifier: Apache-2.0
// What a server does when descriptors have run out, and for its clients when that lasts.
#include <cerrno>
#include <deque>
#include <string>

#include "net/net_test.hpp"
#include "rondo/coro/yield.hpp"
#include "rondo/loop/create_task.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/net/serve.hpp"
#include "rondo/sim/run.hpp"
#include "rondo/sync/event.hpp"
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

/// Has room for one connection: while that ends, the accept of a second fails.
class FullListener {
public:
    explicit FullListener(const Server& server) : server_(&server) {}

    Task<TcpStream> accept() {
        ++calls_;
        if (calls_ == 2) {
            asked.set();
            while (server_->active() > 0) {
                co_await yield();
            }
            failed_at_ = now();
            throw Error("accept", "a test", EMFILE);
        }
        if (calls_ == 3) {
            pause = now() - failed_at_;
            asked_again.set();
            co_await sleep(1h);
        }
        co_return TcpStream();
    }

    Event asked;
    Event asked_again;
    Duration pause{};

private:
    const Server* server_;
    TimePoint failed_at_{};
    int calls_ = 0;
};

TEST_F(ServeRefuseTest, an_accept_that_failed_while_a_connection_ended_is_repeated_at_once) {
    for (const std::uint64_t seed : {0U, 1U, 2U}) {
        auto main = []() -> Task<> {
            Server server;
            FullListener listener(server);
            auto handler = [&](TcpStream) -> Task<> { co_await listener.asked.wait(); };
            auto serving = create_task(net::serve(listener, handler, server));
            co_await listener.asked_again.wait();
            EXPECT_EQ(listener.pause, 0s);
            EXPECT_EQ(server.stats().exhausted, 1U);
            server.shut_down();
            co_await serving;
        };
        run_sim(main, seed);
    }
}

}  // namespace
}  // namespace rondo::test
