// SPDX-License-Identifier: Apache-2.0
// Cancelled at every point, nothing of a server or a client is left.
#include "http/http_test.hpp"
#include "rondo/http/client.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

class HttpEverywhereTest : public HttpTest {
protected:
    void expect_clean(const Scenario& scenario) {
        Everywhere where;
        where.driver = GetParam().driver;
        where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
        const EverywhereReport report = cancel_everywhere(scenario, where);
        EXPECT_GT(report.stopped, 0U);
    }
};
class ServerEverywhereTest : public HttpEverywhereTest {};
class ClientEverywhereTest : public HttpEverywhereTest {};

TEST_P(ServerEverywhereTest, requests_in_a_pipeline) {
    expect_clean([this]() -> Task<> {
        auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
            co_await sleep(1ms);
            co_return ServerResponse(200, request.body);
        };
        co_await with_server(handler, ServerOptions(), [](Address address) -> Task<> {
            const std::string post = "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\n\r\nabc";
            const std::string answers =
                co_await talk(address, post + get("/", "connection: close\r\n"), false);
            EXPECT_TRUE(answers.ends_with("connection: close\r\n\r\n")) << answers;
        });
    });
}

TEST_P(ServerEverywhereTest, a_refusal) {
    expect_clean([this]() -> Task<> {
        co_await with_server(echo, ServerOptions(), [](Address address) -> Task<> {
            const std::string answer = co_await talk(address, "nonsense\r\n\r\n", false);
            EXPECT_EQ(status_line(answer), "HTTP/1.1 400 Bad Request");
        });
    });
}

TEST_P(ClientEverywhereTest, requests_at_once) {
    expect_clean([this]() -> Task<> {
        co_await with_server(echo, ServerOptions(), [](Address address) -> Task<> {
            const std::string url = "http://" + address.to_string() + "/";
            http::ClientOptions options;
            options.max_connections = 2;
            http::Client client(options);
            co_await gather(client.get(url), client.post(url, std::string(200'000, 'x')),
                            client.get(url));
            co_await timeout(1h, client.get(url));
        });
    });
}

TEST_P(ClientEverywhereTest, a_client_that_goes_first) {
    expect_clean([this]() -> Task<> {
        co_await with_server(echo, ServerOptions(), [](Address address) -> Task<> {
            auto one_time = [](Address to) {
                return http::Client().get("http://" + to.to_string() + "/");
            };
            const http::Response response = co_await one_time(address);
            EXPECT_TRUE(response.ok());
        });
    });
}

INSTANTIATE_TEST_SUITE_P(http, ServerEverywhereTest, testing::ValuesIn(all_drivers()), param_name);
INSTANTIATE_TEST_SUITE_P(http, ClientEverywhereTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
