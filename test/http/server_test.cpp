// SPDX-License-Identifier: Apache-2.0
#include "rondo/http/server.hpp"

#include <stdexcept>

#include "http/http_test.hpp"

namespace rondo::test {
namespace {

class ServerTest : public HttpTest {};

TEST_P(ServerTest, answers_a_request) {
    serving(echo, [&](Address address) -> Task<> {
        const std::string answer = co_await talk(address, get("/a?b=c"));
        EXPECT_EQ(answer, echoed("GET /a?b=c "));
    });
}

TEST_P(ServerTest, gives_the_handler_the_whole_request) {
    auto handler = [&](const ServerRequest& request) -> Task<ServerResponse> {
        EXPECT_EQ(request.method, "PUT");
        EXPECT_EQ(request.target, "/x%20y?name=v&empty&last=");
        EXPECT_EQ(request.path(), "/x%20y");
        EXPECT_EQ(request.query(), "name=v&empty&last=");
        EXPECT_EQ(request.query_value("name"), "v");
        EXPECT_EQ(request.query_value("empty"), "");
        EXPECT_EQ(request.query_value("nam"), "");
        EXPECT_EQ(request.headers.get("X-MANY"), "1");
        EXPECT_EQ(request.headers.all("x-many").size(), 2U);
        EXPECT_EQ(request.body, "body");
        EXPECT_EQ(request.version, 11);
        EXPECT_EQ(request.peer.host(), "127.0.0.1");
        co_return ServerResponse(201, "");
    };
    serving(handler, [&](Address address) -> Task<> {
        const std::string answer =
            co_await talk(address,
                          "PUT /x%20y?name=v&empty&last= HTTP/1.1\r\nHost: t\r\nX-Many: 1\r\n"
                          "x-many:  2  \r\nContent-Length: 4\r\n\r\nbody");
        EXPECT_EQ(status_line(answer), "HTTP/1.1 201 Created");
    });
}

TEST_P(ServerTest, keeps_a_connection_for_more_requests) {
    serving(echo, [&](Address address) -> Task<> {
        TcpStream stream = co_await TcpStream::connect(address);
        for (int i = 0; i < 5; ++i) {
            const std::string target = "/" + std::to_string(i);
            const std::string expected = echoed("GET " + target + " ");
            co_await stream.write_all(get(target));
            const std::string answer = co_await read_exactly(stream, expected.size());
            EXPECT_EQ(answer, expected);
        }
    });
}

TEST_P(ServerTest, pipelined_requests_are_answered_in_order) {
    // The first handler takes longest.
    auto handler = [&](const ServerRequest& request) -> Task<ServerResponse> {
        co_await turns(request.target == "/0" ? 20 : 0);
        log.say(request.target);
        co_return ServerResponse(200, request.target);
    };
    serving(handler, [&](Address address) -> Task<> {
        const std::string post = "POST /1 HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\n\r\nabc";
        const std::string answers = co_await talk(address, get("/0") + post + get("/2"));
        EXPECT_EQ(answers, echoed("/0") + echoed("/1") + echoed("/2"));
        EXPECT_EQ(log.text(), "/0 /1 /2");
    });
}

TEST_P(ServerTest, a_request_may_come_byte_by_byte) {
    serving(echo, [&](Address address) -> Task<> {
        TcpStream stream = co_await TcpStream::connect(address);
        const std::string text =
            "POST /slow HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n"
            "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\ntrailer: dropped\r\n\r\n";
        for (const char letter : text) {
            co_await stream.write_all(std::string_view(&letter, 1));
            co_await yield();
        }
        const std::string expected = echoed("POST /slow abcde");
        const std::string answer = co_await read_exactly(stream, expected.size());
        EXPECT_EQ(answer, expected);
    });
}

TEST_P(ServerTest, head_has_the_fields_and_no_body) {
    serving(echo, [&](Address address) -> Task<> {
        const std::string answer =
            co_await talk(address, "HEAD /h HTTP/1.1\r\nhost: t\r\n\r\n" + get("/g"));
        const std::string head = echoed("HEAD /h ");
        EXPECT_EQ(answer, head.substr(0, head.size() - 8) + echoed("GET /g "));
    });
}

TEST_P(ServerTest, answers_without_a_body_have_none) {
    auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
        ServerResponse response;
        response.status = request.target == "/204" ? 204 : 304;
        co_return response;
    };
    serving(handler, [&](Address address) -> Task<> {
        const std::string answers = co_await talk(address, get("/204") + get("/304"));
        EXPECT_EQ(answers, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n");
    });
}

TEST_P(ServerTest, closes_when_the_client_asks_for_it) {
    serving(echo, [&](Address address) -> Task<> {
        const std::string answer = co_await talk(address, get("/", "connection: close\r\n"), false);
        EXPECT_EQ(answer, echoed("GET / ", "connection: close\r\n"));
    });
}

TEST_P(ServerTest, an_old_client_closes_unless_it_says_otherwise) {
    serving(echo, [&](Address address) -> Task<> {
        const std::string closed = co_await talk(address, "GET / HTTP/1.0\r\n\r\n", false);
        EXPECT_EQ(closed, echoed("GET / ", "connection: close\r\n"));
        const std::string kept =
            co_await talk(address, "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
        EXPECT_EQ(kept, echoed("GET / ", "connection: keep-alive\r\n"));
    });
}

TEST_P(ServerTest, a_handler_may_close) {
    auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
        ServerResponse response(200, "bye");
        response.close = true;
        co_return response;
    };
    serving(handler, [&](Address address) -> Task<> {
        const std::string answer = co_await talk(address, get("/") + get("/ignored"), false);
        EXPECT_EQ(answer, echoed("bye", "connection: close\r\n"));
    });
}

TEST_P(ServerTest, a_body_is_asked_for_when_the_client_waits_for_that) {
    serving(echo, [&](Address address) -> Task<> {
        TcpStream stream = co_await TcpStream::connect(address);
        co_await stream.write_all(
            "POST / HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
        const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        std::string answer = co_await read_exactly(stream, go_on.size());
        EXPECT_EQ(answer, go_on);
        co_await stream.write_all("body");
        stream.shutdown_write();
        answer = co_await read_all(stream);
        EXPECT_EQ(answer, echoed("POST / body"));
    });
}

TEST_P(ServerTest, what_a_handler_throws_is_a_500_and_the_connection_lives) {
    auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
        if (request.target == "/throws") {
            throw std::runtime_error("expected by this test");
        }
        co_return ServerResponse(200, "fine");
    };
    serving(handler, [&](Address address) -> Task<> {
        const std::string answers = co_await talk(address, get("/throws") + get("/"));
        EXPECT_EQ(status_line(answers), "HTTP/1.1 500 Internal Server Error");
        EXPECT_TRUE(answers.ends_with(echoed("fine"))) << answers;
    });
}

TEST_P(ServerTest, an_answer_that_would_split_the_headers_is_a_500) {
    auto handler = [](const ServerRequest& request) -> Task<ServerResponse> {
        ServerResponse response(200, "body");
        if (request.target == "/value") {
            response.headers.add("x", "a\r\nset-cookie: stolen");
        } else if (request.target == "/name") {
            response.headers.add("x: y\r\nz", "a");
        } else {
            response.status = 99;
        }
        co_return response;
    };
    serving(handler, [&](Address address) -> Task<> {
        for (const char* target : {"/value", "/name", "/status"}) {
            const std::string answer = co_await talk(address, get(target));
            EXPECT_EQ(status_line(answer), "HTTP/1.1 500 Internal Server Error");
            EXPECT_EQ(answer.find("stolen"), answer.npos);
        }
    });
}

TEST_P(ServerTest, the_framing_is_the_servers) {
    auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
        ServerResponse response(200, "four");
        response.headers.add("Content-Length", "9999");
        response.headers.add("Transfer-Encoding", "chunked");
        response.headers.add("Connection", "upgrade");
        co_return response;
    };
    serving(handler, [&](Address address) -> Task<> {
        const std::string answer = co_await talk(address, get("/"));
        EXPECT_EQ(answer, echoed("four"));
    });
}

TEST_P(ServerTest, an_upgrade_is_ignored) {
    serving(echo, [&](Address address) -> Task<> {
        const std::string answer = co_await talk(
            address, get("/", "connection: upgrade\r\nupgrade: h2c\r\n") + get("/next"));
        EXPECT_EQ(answer, echoed("GET / ") + echoed("GET /next "));
    });
}

TEST_P(ServerTest, connections_are_served_at_once) {
    int inside = 0;
    auto handler = [&](const ServerRequest&) -> Task<ServerResponse> {
        ++inside;
        while (inside < 10) {
            co_await yield();
        }
        co_return ServerResponse(200, "all here");
    };
    serving(handler, [&](Address address) -> Task<> {
        std::vector<Task<std::string>> clients;
        for (int i = 0; i < 10; ++i) {
            clients.push_back(talk(address, get("/")));
        }
        const std::vector<std::string> answers = co_await gather(std::move(clients));
        for (const std::string& answer : answers) {
            EXPECT_EQ(answer, echoed("all here"));
        }
    });
}

TEST_P(ServerTest, further_connections_wait_for_a_place) {
    ServerOptions options;
    options.max_connections = 2;
    int inside = 0;
    int most = 0;
    auto handler = [&](const ServerRequest&) -> Task<ServerResponse> {
        most = std::max(most, ++inside);
        co_await turns(10);
        --inside;
        co_return ServerResponse(200, "served");
    };
    serving(
        handler,
        [&](Address address) -> Task<> {
            std::vector<Task<std::string>> clients;
            for (int i = 0; i < 9; ++i) {
                clients.push_back(talk(address, get("/")));
            }
            const std::vector<std::string> answers = co_await gather(std::move(clients));
            for (const std::string& answer : answers) {
                EXPECT_EQ(answer, echoed("served"));
            }
        },
        options);
    EXPECT_LE(most, 2);
}

TEST_P(ServerTest, a_client_that_goes_away_disturbs_nobody) {
    serving(echo, [&](Address address) -> Task<> {
        for (std::size_t i = 0; i < 30; ++i) {
            TcpStream stream = co_await TcpStream::connect(address);
            const std::string text = get("/") + get("/") + "POST / HTTP/1.1\r\nhost: t\r\n";
            co_await stream.write_all(std::string_view(text).substr(0, text.size() / 30 * i));
            co_await turns(static_cast<int>(i % 4));
        }
        const std::string answer = co_await talk(address, get("/"));
        EXPECT_EQ(answer, echoed("GET / "));
    });
}

TEST_P(ServerTest, a_failed_listener_ends_it) {
    on_driver([&]() -> Task<> {
        TcpListener closed;
        const std::string error = co_await error_of([&] { return http::serve(closed, echo); });
        EXPECT_EQ(error, "closed");
    });
}

INSTANTIATE_TEST_SUITE_P(http, ServerTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
