// SPDX-License-Identifier: Apache-2.0
// The client against our own server, on the real drivers: libcurl owns its sockets.
#include "rondo/http/client.hpp"

#include <set>

#include "http/http_test.hpp"

namespace rondo::test {
namespace {

using http::Client;
using http::HttpError;
using http::Request;
using http::Response;

class ClientTest : public HttpTest {
protected:
    static std::string url(Address address, std::string_view path) {
        return "http://" + address.to_string() + std::string(path);
    }

    /// "refused: GET http://…: …" of a request that fails; "" of one that does not.
    static Task<std::string> failure(Task<Response> request) {
        try {
            co_await request;
        } catch (const HttpError& error) {
            co_return std::string(to_string(error.code())) + ": " + error.what();
        }
        co_return std::string();
    }

    static Task<ServerResponse> redirects(const ServerRequest& request) {
        ServerResponse response;
        const std::string target(request.path());
        if (target == "/end") {
            response.body = request.method + " " + request.body;
        } else if (target == "/file") {
            response.status = 302;
            response.headers.add("location", "file:///etc/passwd");
        } else if (target == "/nowhere") {
            response.status = 302;
            response.headers.add("location", "http://a:99999/");
        } else if (target == "/loop") {
            response.status = 302;
            response.headers.add("location", "/loop");
        } else {
            response.status = std::stoi(target.substr(1));
            response.headers.add("location", "/end");
        }
        co_return response;
    }
};

TEST_P(ClientTest, gets_an_answer_with_all_its_parts) {
    auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
        EXPECT_TRUE(request.headers.get("user-agent").starts_with("rondo/"));
        ServerResponse response(404, "no such thing");
        response.headers.add("X-Many", "1");
        response.headers.add("x-many", "2");
        co_return response;
    };
    serving(handler, [&](Address address) -> Task<> {
        Client client;
        const Response response = co_await client.get(url(address, "/a?b"));
        EXPECT_EQ(response.status, 404);
        EXPECT_FALSE(response.ok());
        EXPECT_EQ(response.body, "no such thing");
        EXPECT_EQ(response.bytes, response.body.size());
        EXPECT_EQ(response.version, "HTTP/1.1");
        EXPECT_EQ(response.url, url(address, "/a?b"));
        EXPECT_EQ(response.redirects, 0);
        EXPECT_EQ(response.headers.get("Content-Type"), "text/plain; charset=utf-8");
        EXPECT_EQ(response.headers.all("x-many"), (std::vector<std::string_view>{"1", "2"}));
        EXPECT_GT(response.timings.total, Duration::zero());
        EXPECT_GE(response.timings.total, response.timings.first_byte);
        EXPECT_GE(response.timings.first_byte, response.timings.connect);
        EXPECT_EQ(response.timings.tls, Duration::zero());
        EXPECT_EQ(client.active(), 0U);
    });
}

TEST_P(ClientTest, sends_bodies_and_headers) {
    auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
        std::string text = request.method + "|" + request.body;
        for (const char* name : {"content-type", "x", "empty", "user-agent", "expect"}) {
            const std::string* const value = request.headers.find(name);
            text += "|" + (value != nullptr ? *value : "-");
        }
        co_return ServerResponse(200, text);
    };
    serving(handler, [&](Address address) -> Task<> {
        http::ClientOptions options;
        options.user_agent = "tester";
        Client client(options);
        Response response = co_await client.post(url(address, "/"), "text", "text/x");
        EXPECT_EQ(response.body, "POST|text|text/x|-|-|tester|-");
        Request put(url(address, "/"));
        put.method("PUT").body(std::string("a\0b", 3)).header("X", "y z").header("Empty", "");
        response = co_await client.send(put);
        EXPECT_EQ(response.body, std::string("PUT|a\0b|-|y z||tester|-", 23));
        response = co_await client.send(Request(url(address, "/")).method("DELETE"));
        EXPECT_EQ(response.body, "DELETE||-|-|-|tester|-");
        response = co_await client.send(Request(url(address, "/")).method("POST"));
        EXPECT_EQ(response.body, "POST||application/x-www-form-urlencoded|-|-|tester|-");
        response = co_await client.send(Request(url(address, "/")).header("User-Agent", "me"));
        EXPECT_EQ(response.body, "GET||-|-|-|me|-");
        response = co_await client.send(Request(url(address, "/")).method("HEAD"));
        EXPECT_EQ(response.body, "");
        EXPECT_EQ(response.headers.get("content-length"), "20");
    });
}

TEST_P(ClientTest, large_bodies_pass_both_ways) {
    const std::string large = numbered_text(3 << 20);
    auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
        co_return ServerResponse(200, request.body + request.body);
    };
    ServerOptions options;
    options.max_body_bytes = 4 << 20;
    serving(
        handler,
        [&](Address address) -> Task<> {
            Client client;
            const Response response = co_await client.post(url(address, "/"), large);
            EXPECT_TRUE(response.body == large + large);
            EXPECT_EQ(response.bytes, 2 * large.size());
        },
        options);
}

TEST_P(ClientTest, connections_are_used_again) {
    std::set<std::string> peers;
    auto handler = [&](const ServerRequest& request) -> Task<ServerResponse> {
        peers.insert(request.peer.to_string());
        co_return ServerResponse(200, "x");
    };
    serving(handler, [&](Address address) -> Task<> {
        Client client;
        for (int i = 0; i < 20; ++i) {
            const Response response = co_await client.get(url(address, "/"));
            EXPECT_TRUE(response.ok());
        }
    });
    EXPECT_EQ(peers.size(), 1U);
}

TEST_P(ClientTest, a_connection_that_the_server_closed_is_replaced) {
    auto handler = [&](const ServerRequest&) -> Task<ServerResponse> {
        ServerResponse response(200, "x");
        response.close = true;
        co_return response;
    };
    serving(handler, [&](Address address) -> Task<> {
        Client client;
        for (int i = 0; i < 5; ++i) {
            const Response response = co_await client.get(url(address, "/"));
            EXPECT_EQ(response.body, "x");
        }
    });
}

TEST_P(ClientTest, limits_queue_without_counting_time) {
    int inside = 0;
    int most = 0;
    auto handler = [&](const ServerRequest&) -> Task<ServerResponse> {
        most = std::max(most, ++inside);
        co_await turns(20);
        --inside;
        co_return ServerResponse(200, "x");
    };
    serving(handler, [&](Address address) -> Task<> {
        http::ClientOptions options;
        options.max_connections_per_host = 2;
        Client client(options);
        std::vector<Task<Response>> requests;
        for (int i = 0; i < 10; ++i) {
            requests.push_back(client.get(url(address, "/")));
        }
        const std::vector<Response> responses = co_await gather(std::move(requests));
        Duration longest{0};
        for (const Response& response : responses) {
            EXPECT_TRUE(response.ok());
            longest = std::max(longest, response.timings.queued);
        }
        EXPECT_GT(longest, Duration::zero());
        EXPECT_EQ(client.waiting(), 0U);
    });
    EXPECT_EQ(most, 2);
}

TEST_P(ClientTest, a_time_may_be_without_end) {
    serving(echo, [&](Address address) -> Task<> {
        Client client;
        for (const Duration time : {Duration::max(), Duration::min(), Duration(-1)}) {
            Request request(url(address, "/"));
            request.timeout(time).connect_timeout(time);
            const Response response = co_await client.send(request);
            EXPECT_TRUE(response.ok());
        }
    });
}

TEST_P(ClientTest, a_total_limit_holds_too) {
    serving(echo, [&](Address address) -> Task<> {
        http::ClientOptions options;
        options.max_connections = 1;
        Client client(options);
        auto watcher = [&]() -> Task<> {
            while (client.active() == 0) {
                co_await yield();
            }
            EXPECT_EQ(client.active(), 1U);
            EXPECT_EQ(client.waiting(), 2U);
        };
        co_await gather(client.get(url(address, "/1")), client.get(url(address, "/2")),
                        client.get(url(address, "/3")), watcher);
    });
}

TEST_P(ClientTest, a_refused_connection_has_its_code_and_name) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const Address address = listener.local_address();
        listener.close();
        Client client;
        const std::string error = co_await failure(client.get(url(address, "/path")));
        EXPECT_TRUE(error.starts_with("refused: GET " + url(address, "/path") + ": ")) << error;
    });
}

TEST_P(ClientTest, bad_urls_and_methods_and_headers_are_invalid) {
    on_driver([&]() -> Task<> {
        Client client;
        using namespace std::string_literals;
        for (const std::string& text :
             {""s, "nonsense"s, "http://"s, "http://a b/"s, "http://127.0.0.1:1/\r\nHost: x"s,
              "ftp://127.0.0.1/"s, "file:///etc/passwd"s, "http://127.0.0.1:99999/"s,
              "http://127.0.0.1/\0"s}) {
            const std::string error = co_await failure(client.get(text));
            EXPECT_TRUE(error.starts_with("invalid: ")) << text << " gave " << error;
        }
        const std::string target = "http://127.0.0.1:1/";
        for (const std::string& method : {""s, "G T"s, "GET\r\n"s, "CONNECT"s}) {
            const std::string error = co_await failure(client.send(Request(target).method(method)));
            EXPECT_TRUE(error.starts_with("invalid: ")) << method << " gave " << error;
        }
        for (const std::string& value : {"a\r\nb: c"s, "a\nb"s, "a\0b"s, "\r"s}) {
            std::string error = co_await failure(client.send(Request(target).header("a", value)));
            EXPECT_TRUE(error.starts_with("invalid: ")) << error;
            error = co_await failure(client.send(Request(target).header(value, "a")));
            EXPECT_TRUE(error.starts_with("invalid: ")) << error;
        }
        const std::string error =
            co_await failure(client.send(Request(target).method("HEAD").body("x").method("HEAD")));
        EXPECT_TRUE(error.starts_with("invalid: ")) << error;
        http::ClientOptions options;
        options.user_agent = "a\r\nb";
        EXPECT_THROW(Client{options}, HttpError);
    });
}

TEST_P(ClientTest, a_password_does_not_show_in_errors) {
    on_driver([&]() -> Task<> {
        Client client;
        const std::string error = co_await failure(client.get("http://user:secret@127.0.0.1:1/x"));
        EXPECT_TRUE(error.starts_with("refused: GET http://127.0.0.1:1/x: ")) << error;
        EXPECT_EQ(error.find("secret"), error.npos);
    });
}

TEST_P(ClientTest, follows_redirects) {
    serving(redirects, [&](Address address) -> Task<> {
        Client client;
        for (const char* from : {"/301", "/302", "/303", "/307", "/308"}) {
            const Response response = co_await client.get(url(address, from));
            EXPECT_EQ(response.body, "GET ");
            EXPECT_EQ(response.url, url(address, "/end"));
            EXPECT_EQ(response.redirects, 1);
        }
        for (const char* from : {"/301", "/302", "/303"}) {
            const Response response = co_await client.post(url(address, from), "body");
            EXPECT_EQ(response.body, "GET ") << from;
        }
        for (const char* from : {"/307", "/308"}) {
            const Response response = co_await client.post(url(address, from), "body");
            EXPECT_EQ(response.body, "POST body") << from;
        }
        Response response =
            co_await client.send(Request(url(address, "/303")).method("PUT").body("body"));
        EXPECT_EQ(response.body, "GET ");
        for (const char* method : {"PUT", "PATCH", "DELETE"}) {
            for (const char* from : {"/301", "/302", "/307", "/308"}) {
                response =
                    co_await client.send(Request(url(address, from)).method(method).body("body"));
                EXPECT_EQ(response.body, std::string(method) + " body") << from;
            }
        }
    });
}

TEST_P(ClientTest, redirects_have_a_limit_and_a_scheme) {
    serving(redirects, [&](Address address) -> Task<> {
        Client client;
        std::string error = co_await failure(client.get(url(address, "/loop")));
        EXPECT_TRUE(error.starts_with("protocol: ")) << error;
        error = co_await failure(client.get(url(address, "/file")));
        EXPECT_TRUE(error.starts_with("protocol: ")) << error;
        error = co_await failure(client.get(url(address, "/nowhere")));
        EXPECT_TRUE(error.starts_with("protocol: ")) << error;
        error = co_await failure(client.send(Request(url(address, "/302")).max_redirects(0)));
        EXPECT_TRUE(error.starts_with("protocol: ")) << error;
        const Response response =
            co_await client.send(Request(url(address, "/302")).follow_redirects(false));
        EXPECT_EQ(response.status, 302);
        EXPECT_EQ(response.headers.get("location"), "/end");
    });
}

TEST_P(ClientTest, credentials_do_not_follow_to_another_server) {
    std::string seen = "nothing";
    auto other = [&](const ServerRequest& request) -> Task<ServerResponse> {
        seen = request.headers.get("authorization");
        seen += request.headers.get("cookie");
        co_return ServerResponse(200, "other");
    };
    serving(other, [&](Address address) -> Task<> {
        auto first = [&](const ServerRequest& request) -> Task<ServerResponse> {
            EXPECT_EQ(request.headers.get("authorization"), "Bearer secret");
            ServerResponse response(302, "");
            response.headers.add("location", url(address, "/"));
            co_return response;
        };
        co_await with_server(first, ServerOptions(), [&](Address from) -> Task<> {
            Client client;
            Request request(url(from, "/"));
            request.header("Authorization", "Bearer secret").header("Cookie", "id=secret");
            const Response response = co_await client.send(request);
            EXPECT_EQ(response.body, "other");
        });
    });
    EXPECT_EQ(seen, "");
}

TEST_P(ClientTest, a_body_has_a_limit) {
    auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
        co_return ServerResponse(200, std::string(1000, 'x'));
    };
    serving(handler, [&](Address address) -> Task<> {
        Client client;
        const std::string error =
            co_await failure(client.send(Request(url(address, "/")).max_body_bytes(999)));
        EXPECT_TRUE(error.starts_with("exhausted: ")) << error;
        EXPECT_TRUE(error.ends_with("the body exceeds 999 bytes")) << error;
        const Response response =
            co_await client.send(Request(url(address, "/")).max_body_bytes(1000));
        EXPECT_EQ(response.body.size(), 1000U);
    });
}

TEST_P(ClientTest, only_a_body_that_is_received_counts) {
    auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
        ServerResponse response(200, std::string(1000, 'x'));
        if (request.path() == "/moved") {
            response.status = 302;
            response.headers.add("location", "/small");
        } else if (request.path() == "/small") {
            response.body = "small";
        }
        co_return response;
    };
    serving(handler, [&](Address address) -> Task<> {
        Client client;
        Response response =
            co_await client.send(Request(url(address, "/")).method("HEAD").max_body_bytes(999));
        EXPECT_EQ(response.headers.get("content-length"), "1000");
        response = co_await client.send(Request(url(address, "/moved")).max_body_bytes(5));
        EXPECT_EQ(response.body, "small");
        const std::string error = co_await failure(client.send(
            Request(url(address, "/moved")).follow_redirects(false).max_body_bytes(999)));
        EXPECT_TRUE(error.ends_with("the body exceeds 999 bytes")) << error;
    });
}

INSTANTIATE_TEST_SUITE_P(http, ClientTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
