// SPDX-License-Identifier: Apache-2.0
// The HTTP client, the HTTP server and TLS against nginx.
#include "interop/nginx.hpp"

#include <csignal>
#include <string>

#include "rondo/http/client.hpp"

namespace rondo::test {
namespace {

using http::Client;
using http::Request;
using http::Response;
using tls::TlsStream;

TEST_P(NginxTest, answers_our_client_on_one_connection) {
    with_nginx([&](Nginx& nginx) -> Task<> {
        Client client;
        std::string connection;
        for (int served = 1; served <= 3; ++served) {
            const Response response = co_await client.get(nginx.url("/small"));
            EXPECT_EQ(response.status, 200);
            EXPECT_EQ(response.body, "small\n");
            EXPECT_EQ(response.headers.get("x-served"), std::to_string(served));
            if (served == 1) {
                connection = response.headers.get("x-connection");
            }
            EXPECT_EQ(response.headers.get("x-connection"), connection);
        }
        Request head(nginx.url("/large"));
        head.method("HEAD");
        const Response fields = co_await client.send(head);
        EXPECT_EQ(fields.headers.get("content-length"), std::to_string(large_.size()));
        EXPECT_EQ(fields.body, "");
        const Response large = co_await client.get(nginx.url("/large"));
        EXPECT_TRUE(large.body == large_);
        const Response none = co_await client.get(nginx.url("/none"));
        EXPECT_EQ(none.status, 404);
        Request part(nginx.url("/large"));
        part.header("range", "bytes=100-199");
        const Response bytes = co_await client.send(part);
        EXPECT_EQ(bytes.status, 206);
        EXPECT_EQ(bytes.body, large_.substr(100, 100));
    });
}

TEST_P(NginxTest, speaks_http_2_to_our_client) {
    with_nginx([&](Nginx& nginx) -> Task<> {
        Client client;
        for (const char* const path : {"/small", "/large"}) {
            Request request("https://" + nginx.secure.to_string() + path);
            request.insecure_tls();
            const Response response = co_await client.send(request);
            EXPECT_EQ(response.version, "HTTP/2");
            EXPECT_TRUE(response.body == (path == std::string("/small") ? "small\n" : large_));
        }
    });
}

TEST_P(NginxTest, chooses_a_protocol_and_resumes_sessions) {
    for (const tls::Version version : {tls::Version::tls_1_2, tls::Version::tls_1_3}) {
        with_nginx([&](Nginx& nginx) -> Task<> {
            tls::ClientOptions options = client_options({"x", "http/1.1"});
            options.max_version = version;
            const tls::ClientContext context(options);
            for (int round = 0; round < 3; ++round) {
                TlsStream stream = co_await secure(nginx, context);
                EXPECT_EQ(stream.version(), version);
                EXPECT_EQ(stream.alpn(), "http/1.1");
                EXPECT_EQ(stream.resumed(), round > 0);
                co_await ask(stream);
                co_await stream.write_all(get("/large", "connection: close\r\n"));
                const std::string answer = co_await read_to_end(stream);
                EXPECT_TRUE(body_of(answer) == large_) << answer.size();
            }
            const tls::ClientContext other(client_options({"h2", "http/1.1"}));
            const TlsStream stream = co_await secure(nginx, other);
            EXPECT_EQ(stream.alpn(), "h2");
        });
    }
}

TEST_P(NginxTest, passes_requests_on_to_our_server) {
    with_nginx([&](Nginx& nginx) -> Task<> {
        Client client;
        std::string peer;
        for (int round = 0; round < 3; ++round) {
            const Response response = co_await client.get(nginx.url("/rondo/a?b=%20"));
            EXPECT_EQ(response.headers.get("x-target"), "/rondo/a?b=%20");
            if (round == 0) {
                peer = response.headers.get("x-peer");
            }
            EXPECT_EQ(response.headers.get("x-peer"), peer) << "nginx did not keep its connection";
        }
        const Response large = co_await client.post(nginx.url("/rondo/large"), large_);
        EXPECT_TRUE(large.body == large_) << large.status;
        TcpStream stream = co_await TcpStream::connect(nginx.plain);
        co_await stream.write_all(
            "POST /rondo/c HTTP/1.1\r\nhost: t\r\nconnection: close\r\n"
            "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        const std::string chunked = co_await read_to_end(stream);
        EXPECT_EQ(body_of(chunked), "abcde");
    });
}

TEST_P(NginxTest, lets_answers_finish_when_it_is_reloaded_and_ends_idle_connections) {
    with_nginx([&](Nginx& nginx) -> Task<> {
        Client client;
        const Response before = co_await client.get(nginx.url("/small"));
        TcpStream busy = co_await idle_end_at(nginx, SIGHUP);
        co_await expect_rest_of_large(busy);
        const Response after = co_await client.get(nginx.url("/small"));
        EXPECT_EQ(after.status, 200);
        EXPECT_EQ(after.headers.get("x-served"), "1");
    });
}

TEST_P(NginxTest, lets_answers_finish_when_it_quits_and_ends_idle_connections) {
    with_nginx([&](Nginx& nginx) -> Task<> {
        TcpStream busy = co_await idle_end_at(nginx, SIGQUIT);
        // Who is in the queue when the listener closes is reset.
        for (bool refused = false; !refused;) {
            try {
                co_await TcpStream::connect(nginx.plain);
            } catch (const Error& error) {
                refused = error.code() != Errc::reset;
                EXPECT_TRUE(!refused || error.code() == Errc::refused) << error.what();
            }
        }
        co_await expect_rest_of_large(busy);
    });
}

INSTANTIATE_TEST_SUITE_P(interop, NginxTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
