// SPDX-License-Identifier: Apache-2.0
// A server on each loop, at one port.
#include <atomic>
#include <string>

#include "net/net_test.hpp"
#include "rondo/loop/run_on_all_cores.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/net/serve.hpp"

namespace rondo::test {
namespace {

class ServeCoresTest : public NetTest {};

TEST_P(ServeCoresTest, loops_share_a_port_and_the_connections) {
    constexpr unsigned cores = 3;
    constexpr int clients = 120;
    std::atomic<std::uint16_t> port{0};
    std::atomic<unsigned> listening{0};
    std::atomic<bool> done{false};
    const auto serve_one = [](TcpStream stream) -> Task<> {
        const std::string text = co_await read_exactly(stream, 1);
        co_await stream.write_all(text);
    };
    const auto ask_all = [](Address address) -> Task<> {
        for (int i = 0; i < clients; ++i) {
            TcpStream stream = co_await TcpStream::connect(address);
            co_await stream.write_all("?");
            const std::string answer = co_await read_exactly(stream, 1);
            EXPECT_EQ(answer, "?");
        }
    };
    AllCoresOptions options;
    options.threads = cores;
    options.run = GetParam();
    const auto counts = run_on_all_cores(
        [&](unsigned core) -> Task<std::uint64_t> {
            while (core != 0 && port == 0) {
                co_await sleep(1ms);
            }
            net::ListenOptions shared;
            shared.share_port = true;
            TcpListener listener = TcpListener::listen(Address::loopback(port), shared);
            port = listener.local_address().port();
            ++listening;
            net::Server server;
            auto serving = create_task(net::serve(listener, serve_one, server));
            while (listening < cores) {
                co_await sleep(1ms);
            }
            if (core == 0) {
                co_await ask_all(listener.local_address());
                done = true;
            }
            while (!done) {
                co_await sleep(1ms);
            }
            server.shut_down();
            co_await serving;
            co_return server.stats().accepted;
        },
        options);
    std::uint64_t all = 0;
    for (const std::uint64_t count : counts) {
        EXPECT_GT(count, 0U) << "the system spreads them";
        all += count;
    }
    EXPECT_EQ(all, static_cast<std::uint64_t>(clients));
}

INSTANTIATE_TEST_SUITE_P(net, ServeCoresTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
