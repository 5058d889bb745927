// SPDX-License-Identifier: Apache-2.0
// Cancelled at every point, on each driver, nothing of a connection is left.
#include "net/net_test.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

class NetEverywhereTest : public NetTest {
protected:
    void expect_clean(const Scenario& scenario) {
        Everywhere where;
        where.driver = GetParam().driver;
        where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
        const EverywhereReport report = cancel_everywhere(scenario, where);
        EXPECT_GT(report.stopped, 0U);
    }
};

TEST_P(NetEverywhereTest, a_conversation) {
    expect_clean([]() -> Task<> {
        Pair pair = co_await connected();
        co_await pair.client.write_all("question");
        co_await read_exactly(pair.server, 8);
        co_await pair.server.write_all("answer");
        pair.server.shutdown_write();
        co_await read_all(pair.client);
    });
}

TEST_P(NetEverywhereTest, leases_and_a_large_write) {
    expect_clean([]() -> Task<> {
        Pair pair = co_await connected();
        const std::string large(1 << 20, 'x');
        auto writer = [&]() -> Task<> {
            co_await pair.client.write_all(large);
            pair.client.close();
        };
        co_await gather(writer, read_all(pair.server));
    });
}

TEST_P(NetEverywhereTest, a_server_of_a_group) {
    expect_clean([]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        co_await task_group([&](TaskGroup& group) -> Task<> {
            auto serve = [](TcpStream stream) -> Task<> {
                const std::string text = co_await read_all(stream);
                co_await stream.write_all(text);
            };
            group.spawn([&]() -> Task<> {
                for (;;) {
                    group.spawn(serve(co_await listener.accept()));
                }
            });
            for (int i = 0; i < 3; ++i) {
                TcpStream stream = co_await TcpStream::connect(listener.local_address());
                co_await stream.write_all("x");
                stream.shutdown_write();
                co_await move_on_after(1h, read_all(stream));
            }
            group.cancel();
        });
    });
}

INSTANTIATE_TEST_SUITE_P(net, NetEverywhereTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
