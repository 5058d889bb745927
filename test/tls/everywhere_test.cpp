// SPDX-License-Identifier: Apache-2.0
// Cancelled at every point, on each driver, nothing of a TLS connection is left.
#include "support/cancel_everywhere.hpp"
#include "tls/tls_test.hpp"

namespace rondo::test {
namespace {

class TlsEverywhereTest : public TlsTest {
protected:
    void expect_clean(const Scenario& scenario) {
        Everywhere where;
        where.driver = GetParam().driver;
        where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
        const EverywhereReport report = cancel_everywhere(scenario, where);
        EXPECT_GT(report.stopped, 0U);
    }

    const ClientContext client_{client_options()};
    const ServerContext server_{server_options()};
};

TEST_P(TlsEverywhereTest, a_handshake_a_conversation_and_its_end) {
    expect_clean([&]() -> Task<> {
        TlsPair pair = co_await tls_pair(client_, server_);
        co_await pair.client.write_all("question");
        co_await read_count(pair.server, 8);
        co_await pair.server.write_all("answer");
        co_await pair.server.shutdown_write();
        co_await read_to_end(pair.client);
    });
}

TEST_P(TlsEverywhereTest, a_handshake_that_fails) {
    expect_clean([&]() -> Task<> {
        Pair pair = co_await connected();
        auto [one, other] =
            co_await gather(shaken(tls::connect(std::move(pair.client), "wrong.test", client_)),
                            shaken(tls::accept(std::move(pair.server), server_)));
        EXPECT_TRUE(one.is_certificate_error);
    });
}

TEST_P(TlsEverywhereTest, a_large_write_beside_a_large_read) {
    expect_clean([&]() -> Task<> {
        TlsPair pair = co_await tls_pair(client_, server_);
        const std::string large(300'000, 'x');
        auto write = [&](TlsStream& stream) -> Task<> {
            co_await stream.write_all(large);
            co_await stream.shutdown_write();
        };
        co_await gather(write(pair.client), write(pair.server), read_to_end(pair.server),
                        read_to_end(pair.client));
    });
}

INSTANTIATE_TEST_SUITE_P(tls, TlsEverywhereTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
