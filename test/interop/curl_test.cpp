// SPDX-License-Identifier: Apache-2.0
// The HTTP server against the program curl, plain and behind TLS.
#include <string>

#include "interop/interop.hpp"
#include "rondo/http/server.hpp"
#include "rondo/io/copy.hpp"
#include "rondo/net/serve.hpp"
#include "rondo/os/run.hpp"
#include "rondo/tls/stream.hpp"

namespace rondo::test {
namespace {

using http::ServerRequest;
using http::ServerResponse;

/// "GET /path 5" and the body.
Task<ServerResponse> echo(const ServerRequest& request) {
    ServerResponse response(200, request.method + " " + request.target + " " +
                                     std::to_string(request.body.size()) + "\n" + request.body);
    response.headers.add("x-version", std::to_string(request.version));
    co_return response;
}

class CurlTest : public InteropTest {
protected:
    CurlTest() : InteropTest("curl") {}

    /// Runs `body(url)` while the server answers.
    template <class Body>
    void serving(Body body, http::ServerOptions options = {}) {
        bounded([&]() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(http::serve(listener, echo, options));
                co_await body("http://" + listener.local_address().to_string());
                group.cancel();
            });
        });
    }

    /// The same behind a listener that takes TLS off and passes the rest on.
    template <class Body>
    void serving_tls(Body body) {
        serving([&](const std::string& url) -> Task<> {
            tls::ServerOptions options(tls::Identity::files(chain_, key_));
            options.alpn = {"http/1.1"};
            const tls::ServerContext context(options);
            const Address to = Address::parse(url.substr(7));
            auto pass_on = [&](TcpStream tcp) -> Task<> {
                try {
                    tls::TlsStream outside = co_await tls::accept(std::move(tcp), context);
                    TcpStream inside = co_await TcpStream::connect(to);
                    co_await io::copy_both(outside, inside);
                } catch (const Error&) {  // a client that trusts us not, or has gone
                }
            };
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            co_await task_group([&](TaskGroup& group) -> Task<> {
                group.spawn(net::serve(listener, pass_on));
                co_await body(listener.local_address().port());
                group.cancel();
            });
        });
    }

    /// What curl prints, when it ends with `code`.
    Task<std::string> curl_ends(int code, Words arguments) const {
        const Words always{"-sS", "--noproxy", "*", "--max-time", "50"};
        arguments.insert(arguments.begin(), always.begin(), always.end());
        os::ProcessRunOptions how;
        how.check = false;
        const os::CompletedProcess done = co_await os::run(peer(std::move(arguments)), how);
        EXPECT_EQ(done.status.code(), code) << done.err;
        co_return done.out;
    }
    template <class... W>
    Task<std::string> curl(const W&... arguments) const {
        return curl_ends(0, Words{std::string(arguments)...});
    }
};

TEST_P(CurlTest, keeps_the_connection) {
    serving([&](const std::string& url) -> Task<> {
        const Words words{url + "/a", url + "/b", url + "/c", "-w",
                          "%{num_connects} %{http_code}\n"};
        const std::string said = co_await curl_ends(0, words);
        EXPECT_EQ(said, "GET /a 0\n1 200\nGET /b 0\n0 200\nGET /c 0\n0 200\n");
    });
}

TEST_P(CurlTest, sends_and_gets_a_large_body) {
    const std::string much = numbered_text(8 << 20);
    const std::string file = write("much", much);
    http::ServerOptions options;
    options.max_body_bytes = 16 << 20;
    const auto round = [&](const std::string& url) -> Task<> {
        for (const std::string field :
             {"transfer-encoding: chunked", "expect: 100-continue", "expect:"}) {
            const Words words{"--data-binary", "@" + file, "-H", field, url + "/much"};
            const std::string said = co_await curl_ends(0, words);
            EXPECT_TRUE(said == "POST /much " + std::to_string(much.size()) + "\n" + much)
                << said.substr(0, 100);
        }
    };
    serving(round, options);
}

TEST_P(CurlTest, uses_methods_as_they_are_meant) {
    serving([&](const std::string& url) -> Task<> {
        const std::string head = co_await curl("-I", url + "/h");
        EXPECT_THAT(head, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
        EXPECT_THAT(head, testing::HasSubstr("content-length: 10\r\n"));
        const std::string put = co_await curl("-T", write("put", "abc"), url + "/p");
        EXPECT_EQ(put, "PUT /p 3\nabc");
        const std::string none = co_await curl("-X", "DELETE", url + "/d?x=%20");
        EXPECT_EQ(none, "DELETE /d?x=%20 0\n");
        const std::string old = co_await curl("-0", "-i", url + "/o");
        EXPECT_THAT(old, testing::HasSubstr("x-version: 10\r\n"));
    });
}

TEST_P(CurlTest, is_told_when_a_request_is_bad) {
    http::ServerOptions options;
    options.max_body_bytes = 1000;
    const std::string body = write("body", std::string(2000, 'x'));
    struct Bad {
        const char* status;
        Words words;
    };
    const std::vector<Bad> all{
        {"400", {"-X", "GET HTTP/1.1 x"}},
        {"400", {"-H", "content-length: x"}},
        {"413", {"--data-binary", "@" + body}},
        {"413", {"--data-binary", "@" + body, "-H", "transfer-encoding: chunked"}},
        {"417", {"-H", "expect: miracles"}},
        {"431", {"-H", "x: " + std::string(40'000, 'y')}},
    };
    const auto ask = [&](const std::string& url) -> Task<> {
        for (const Bad& bad : all) {
            Words words{"-o", "/dev/null", "-w", "%{http_code}", url};
            words.insert(words.end(), bad.words.begin(), bad.words.end());
            const std::string status = co_await curl_ends(0, words);
            EXPECT_EQ(status, bad.status) << bad.words.back().substr(0, 60);
        }
        const std::string good = co_await curl(url + "/good");
        EXPECT_EQ(good, "GET /good 0\n");
    };
    serving(ask, options);
}

TEST_P(CurlTest, goes_away_in_the_middle_of_an_answer) {
    const std::string file = write("much", numbered_text(1 << 20));
    serving([&](const std::string& url) -> Task<> {
        // 63: the answer is longer than allowed.
        const Words words{"--data-binary", "@" + file, "--max-filesize", "1000", "-H",
                          "expect:",       url};
        co_await curl_ends(63, words);
        const std::string good = co_await curl(url + "/good");
        EXPECT_EQ(good, "GET /good 0\n");
    });
}

TEST_P(CurlTest, speaks_over_tls) {
    const std::string much = numbered_text(500'000);
    const std::string file = write("much", much);
    serving_tls([&](std::uint16_t port) -> Task<> {
        const std::string at = std::string(host) + ":" + std::to_string(port);
        const std::string url = "https://" + at;
        for (const std::string version : {"1.2", "1.3"}) {
            const Words words{"--cacert",
                              root_,
                              "--resolve",
                              at + ":127.0.0.1",
                              "--tlsv" + version,
                              "--tls-max",
                              version,
                              "-w",
                              "%{num_connects} %{ssl_verify_result}\n",
                              url + "/a",
                              url + "/b"};
            const std::string said = co_await curl_ends(0, words);
            EXPECT_EQ(said, "GET /a 0\n1 0\nGET /b 0\n0 0\n");
        }
        const Words words{"--cacert",      root_,      "--resolve",  at + ":127.0.0.1",
                          "--data-binary", "@" + file, url + "/much"};
        const std::string said = co_await curl_ends(0, words);
        EXPECT_TRUE(said == "POST /much " + std::to_string(much.size()) + "\n" + much);
        // 60: the certificate does not verify.
        const Words untrusting{"--resolve", at + ":127.0.0.1", url};
        co_await curl_ends(60, untrusting);
    });
}

INSTANTIATE_TEST_SUITE_P(interop, CurlTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
