// SPDX-License-Identifier: Apache-2.0
// Servers that misbehave, requests that are broken off, many at once.
#include <sys/resource.h>

#include "http/http_test.hpp"
#include "rondo/http/client.hpp"

namespace rondo::test {
namespace {

using http::Client;
using http::HttpError;
using http::Request;
using http::Response;

class ClientFaultsTest : public HttpTest {
protected:
    static std::string url(Address address) { return "http://" + address.to_string() + "/"; }

    static Task<std::string> code_of(Task<Response> request) {
        try {
            co_await request;
        } catch (const HttpError& error) {
            co_return std::string(to_string(error.code()));
        }
        co_return std::string();
    }

    /// A server that says `text` to its first connection, whatever it is asked, and closes.
    template <class Body>
    void saying(std::string text, Body body) {
        on_driver([&]() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            auto server = [&]() -> Task<> {
                TcpStream stream = co_await listener.accept();
                co_await stream.read_leased();
                co_await stream.write_all(text);
                stream.shutdown_write();
                const std::string end = co_await error_of([&] { return read_all(stream); });
                EXPECT_TRUE(end.empty() || end == "reset") << end;
            };
            co_await gather(server, body(listener.local_address()));
        });
    }

    static Task<> never_answers(TcpListener& listener, std::vector<TcpStream>& streams) {
        for (;;) {
            streams.push_back(co_await listener.accept());
        }
    }
};
class ClientSlowTest : public ClientFaultsTest {};
class ClientSimTest : public ClientFaultsTest {};
class ClientDeathTest : public ClientFaultsTest {};

TEST_P(ClientFaultsTest, answers_that_are_none_have_codes) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "reset"},
        {"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", "reset"},
        {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "reset"},
        {"SSH-2.0-OpenSSH\r\n", "protocol"},
        {"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "protocol"},
        {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "protocol"},
        {"HTTP/1.1 200 OK\r\n set-cookie: x\r\n\r\n", "protocol"},
    };
    for (const auto& [text, code] : cases) {
        saying(text, [&](Address address) -> Task<> {
            Client client;
            const std::string got = co_await code_of(client.get(url(address)));
            EXPECT_EQ(got, code) << text;
        });
    }
}

TEST_P(ClientFaultsTest, endless_headers_are_refused) {
    std::string text = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 20; ++i) {
        text += "x: " + std::string(50'000, 'x') + "\r\n";
    }
    saying(text + "\r\n", [&](Address address) -> Task<> {
        Client client;
        const std::string got = co_await code_of(client.get(url(address)));
        EXPECT_EQ(got, "exhausted");
    });
}

TEST_P(ClientFaultsTest, an_answer_without_a_length_ends_with_the_connection) {
    saying("HTTP/1.0 200 OK\r\nx: 1\r\n\r\nall of it", [&](Address address) -> Task<> {
        Client client;
        const Response response = co_await client.get(url(address));
        EXPECT_EQ(response.body, "all of it");
        EXPECT_EQ(response.version, "HTTP/1.0");
    });
}

TEST_P(ClientFaultsTest, a_provisional_answer_is_passed_over) {
    saying(
        "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\ny",
        [&](Address address) -> Task<> {
            Client client;
            const Response response = co_await client.get(url(address));
            EXPECT_EQ(response.status, 200);
            EXPECT_FALSE(response.headers.contains("link"));
            EXPECT_EQ(response.body, "y");
        });
}

// RFC 9112 5.2: not a field of its own, which a cookie could be.
TEST_P(ClientFaultsTest, a_folded_field_is_one_field) {
    saying(
        "HTTP/1.1 200 OK\r\nx: a\r\n set-cookie: b\r\n\tc  \r\n"
        "y:\r\n content-length: 7\r\ncontent-length: 1\r\n\r\nz",
        [&](Address address) -> Task<> {
            Client client;
            const Response response = co_await client.get(url(address));
            EXPECT_EQ(response.headers.get("x"), "a set-cookie: b c");
            EXPECT_FALSE(response.headers.contains("set-cookie"));
        });
}

TEST_P(ClientFaultsTest, a_server_that_never_answers_is_given_up) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        std::vector<TcpStream> streams;
        auto server = create_task(never_answers(listener, streams));
        Client client;
        const std::string own =
            co_await code_of(client.send(Request(url(listener.local_address())).timeout(20ms)));
        EXPECT_EQ(own, "timed_out");
        const auto outer = co_await move_on_after(20ms, client.get(url(listener.local_address())));
        EXPECT_FALSE(outer.has_value());
        EXPECT_EQ(client.active(), 0U);
        server.cancel();
    });
}

// The backlog is full, so the connection never comes about.
TEST_P(ClientFaultsTest, a_connection_that_hangs_is_given_up) {
    on_driver([&]() -> Task<> {
        net::ListenOptions options;
        options.backlog = 0;
        TcpListener listener = TcpListener::listen(Address::loopback(0), options);
        std::vector<Task<>> fillers;
        for (int i = 0; i < 3; ++i) {
            fillers.push_back([](Address to) -> Task<> {
                const TcpStream stream = co_await TcpStream::connect(to);
                co_await sleep(1h);
            }(listener.local_address()));
        }
        auto filling = create_task([&]() -> Task<> { co_await gather(std::move(fillers)); });
        co_await sleep(5ms);
        Client client;
        const std::string code = co_await code_of(
            client.send(Request(url(listener.local_address())).connect_timeout(20ms)));
        EXPECT_EQ(code, "timed_out");
        filling.cancel();
    });
}

TEST_P(ClientFaultsTest, a_request_may_be_broken_off_anywhere) {
    auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
        co_await turns(2);
        co_return ServerResponse(200, std::string(100'000, 'x'));
    };
    serving(handler, [&](Address address) -> Task<> {
        Client client;
        for (int i = 0; i < 200; ++i) {
            auto request = create_task(client.get(url(address)));
            co_await turns(i % 40);
            request.cancel();
            try {
                const Response& response = co_await request;
                EXPECT_EQ(response.body.size(), 100'000U);
            } catch (const Cancelled&) {
            }
        }
        EXPECT_EQ(client.active() + client.waiting(), 0U);
        const Response response = co_await client.get(url(address));
        EXPECT_TRUE(response.ok());
        const LoopStats stats = current_loop().stats();
        EXPECT_EQ(stats.thread_jobs, 0U);
        EXPECT_EQ(stats.tasks, 1U);
    });
}

// Each turn has one more to break off. A busy loop looks at its driver every 64 turns, or sooner.
TEST_P(ClientFaultsTest, a_request_that_is_broken_off_ends_while_others_are) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        std::vector<TcpStream> streams;
        auto server = create_task(never_answers(listener, streams));
        http::ClientOptions options;
        options.max_connections_per_host = 200;
        Client client(options);
        std::vector<TaskHandle<Response>> requests;
        for (int i = 0; i < 200; ++i) {
            requests.push_back(create_task(client.get(url(listener.local_address()))));
        }
        while (streams.size() < requests.size()) {
            co_await yield();
        }
        std::size_t broken_off = 0;
        while (!requests[0].done() && broken_off < requests.size()) {
            requests[broken_off++].cancel();
            co_await yield();
        }
        EXPECT_LT(broken_off, 100U);
        for (TaskHandle<Response>& request : requests) {
            request.cancel();
            co_await request.wait();
        }
        EXPECT_EQ(client.active(), 0U);
        server.cancel();
        co_await server.wait();
    });
}

TEST_P(ClientFaultsTest, a_request_may_be_broken_off_while_it_waits_for_a_place) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        std::vector<TcpStream> streams;
        auto server = create_task(never_answers(listener, streams));
        http::ClientOptions options;
        options.max_connections = 1;
        Client client(options);
        auto first = create_task(client.get(url(listener.local_address())));
        auto second = create_task(client.get(url(listener.local_address())));
        auto third = create_task(client.get(url(listener.local_address())));
        while (client.waiting() != 2) {
            co_await yield();
        }
        second.cancel();
        EXPECT_EQ(client.waiting(), 1U);
        first.cancel();
        while (client.waiting() != 0) {
            co_await yield();
        }
        EXPECT_EQ(client.active(), 1U);
        third.cancel();
        while (!third.done()) {
            co_await yield();
        }
        EXPECT_EQ(client.active(), 0U);
        server.cancel();
    });
}

TEST_P(ClientFaultsTest, a_cancelled_scope_sends_nothing) {
    int asked = 0;
    auto handler = [&](const ServerRequest&) -> Task<ServerResponse> {
        ++asked;
        co_return ServerResponse(200, "x");
    };
    serving(handler, [&](Address address) -> Task<> {
        Client client;
        co_await task_group([&](TaskGroup& group) -> Task<> {
            group.spawn([&]() -> Task<> {
                group.cancel();
                co_await client.get(url(address));
            });
            co_await sleep(1h);
        });
        co_await client.get(url(address));
    });
    EXPECT_EQ(asked, 1);
}

TEST_P(ClientFaultsTest, a_lookup_may_be_broken_off) {
    on_driver([&]() -> Task<> {
        const std::ptrdiff_t before = descriptors_open();
        for (int i = 0; i < 10; ++i) {
            Client client;
            auto request = create_task(client.get("http://name.invalid/"));
            co_await turns(i);
            request.cancel();
            try {
                co_await request;
            } catch (const Cancelled&) {
            } catch (const HttpError& error) {
                EXPECT_NE(error.code(), Errc::unexpected) << error.what();
            }
        }
        // libcurl's threads go on until the system has answered them.
        for (int i = 0; i < 1000 && descriptors_open() > before; ++i) {
            co_await sleep(1ms);
        }
    });
}

// A thread that looks a name up needs descriptors.
TEST_P(ClientFaultsTest, a_lookup_without_descriptors_says_nothing_of_the_name) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    on_driver([&]() -> Task<> {
        Client client;
        co_await code_of(client.get("http://127.0.0.1:1/"));
        rlimit low = before;
        low.rlim_cur = 3;
        setrlimit(RLIMIT_NOFILE, &low);
        const std::string code = co_await code_of(client.get("http://name.invalid/"));
        setrlimit(RLIMIT_NOFILE, &before);
        EXPECT_EQ(code, "exhausted");
    });
}

TEST_P(ClientFaultsTest, the_client_may_go_before_its_requests) {
    serving(echo, [&](Address address) -> Task<> {
        std::vector<Task<Response>> requests;
        {
            Client client;
            requests.push_back(client.get(url(address)));
            requests.push_back(client.get(url(address)));
        }
        const std::vector<Response> responses = co_await gather(std::move(requests));
        for (const Response& response : responses) {
            EXPECT_TRUE(response.ok());
        }
    });
}

TEST_P(ClientFaultsTest, what_is_under_way_at_the_end_of_the_program_is_ended) {
    on_driver([&]() -> Task<> {
        auto listener = std::make_unique<TcpListener>(TcpListener::listen(Address::loopback(0)));
        const Address address = listener->local_address();
        auto server = [](std::unique_ptr<TcpListener> at) -> Task<> {
            const TcpStream stream = co_await at->accept();
            co_await sleep(1h);
        };
        create_task(server(std::move(listener))).detach();
        auto asker = [](std::string where) -> Task<> {
            Client client;
            co_await code_of(client.post(where, std::string(1 << 20, 'x')));
        };
        create_task(asker(url(address))).detach();
        co_await sleep(5ms);
    });
}

TEST_P(ClientSlowTest, many_requests_at_once_all_come_back) {
    serving(echo, [&](Address address) -> Task<> {
        Client client;
        std::size_t answered = 0;
        auto asker = [&](int number) -> Task<> {
            for (int i = 0; i < 1000; ++i) {
                const std::string path = std::to_string(number) + "_" + std::to_string(i);
                const Response response = co_await client.get(url(address) + path);
                EXPECT_EQ(response.body, "GET /" + path + " ");
                ++answered;
            }
        };
        std::vector<Task<>> askers;
        for (int i = 0; i < 64; ++i) {
            askers.push_back(asker(i));
        }
        co_await gather(std::move(askers));
        EXPECT_EQ(answered, 64'000U);
    });
}

TEST_P(ClientSimTest, the_simulation_is_not_supported) {
    on_driver([&]() -> Task<> {
        Client client;
        const std::string code = co_await code_of(client.get("http://127.0.0.1:1/"));
        EXPECT_EQ(code, "not_supported");
    });
}

TEST_P(ClientDeathTest, misuse_ends_with_a_message) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(Client(), "no event loop runs");
    EXPECT_DEATH(
        {
            std::unique_ptr<Client> kept;
            on_driver([&]() -> Task<> {
                kept = std::make_unique<Client>();
                co_return;
            });
            kept.reset();
        },
        "destroyed outside its loop");
    EXPECT_DEATH(on_driver([&]() -> Task<> {
                     http::ClientOptions options;
                     options.max_connections = 0;
                     const Client client(options);
                     co_return;
                 }),
                 "without connections");
}

INSTANTIATE_TEST_SUITE_P(http, ClientFaultsTest, testing::ValuesIn(real_drivers()), param_name);
INSTANTIATE_TEST_SUITE_P(http, ClientSlowTest, testing::ValuesIn(real_drivers()), param_name);
INSTANTIATE_TEST_SUITE_P(http, ClientSimTest, testing::Values(sim_options()), param_name);
INSTANTIATE_TEST_SUITE_P(http, ClientDeathTest, testing::Values(sim_options()), param_name);

}  // namespace
}  // namespace rondo::test
