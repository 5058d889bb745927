// SPDX-License-Identifier: Apache-2.0
// What a server refuses, and how long it waits. Time is virtual where it matters.
#include <sys/resource.h>

#include <cerrno>

#include "http/http_test.hpp"
#include "support/meet_error.hpp"

namespace rondo::test {
namespace {

class ServerLimitsTest : public HttpTest {
protected:
    struct Refusal {
        std::string text;
        const char* status;
        Refusal(std::string request, const char* line) : text(std::move(request)), status(line) {}
    };

    void expect_refused(std::vector<Refusal> refusals, ServerOptions options = {}) {
        options.idle_timeout = 1s;
        serving(
            echo,
            [&](Address address) -> Task<> {
                for (const Refusal& refusal : refusals) {
                    const std::string answer = co_await talk(address, refusal.text, false);
                    EXPECT_EQ(status_line(answer), refusal.status) << refusal.text;
                    EXPECT_NE(answer.find("connection: close\r\n"), answer.npos);
                }
            },
            options);
    }
};

class ServerTimeTest : public ServerLimitsTest {};
class ServerDescriptorsTest : public HttpTest {};

TEST_P(ServerLimitsTest, what_is_no_request_is_refused) {
    const char* const bad = "HTTP/1.1 400 Bad Request";
    const std::string host = "host: t\r\n";
    expect_refused({
        {"\x16\x03\x01\x02", bad},
        {"GET\r\n\r\n", bad},
        {"GET / HTTP/1.1\r\n\r\n", bad},
        {"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", bad},
        {"GET / HTTP/1.1\r\nno colon\r\n\r\n", bad},
        {"GET / HTTP/1.1\r\n" + host + "bad name: x\r\n\r\n", bad},
        {"GET / HTTP/1.1\r\n" + host + "x: a\001b\r\n\r\n", bad},
        {"POST / HTTP/1.1\r\n" + host + "content-length: x\r\n\r\n", bad},
        {"POST / HTTP/1.1\r\n" + host + "content-length: -1\r\n\r\n", bad},
        {"POST / HTTP/1.1\r\n" + host + "content-length: 99999999999999999999\r\n\r\n", bad},
        {"POST / HTTP/1.1\r\n" + host + "content-length: 1\r\ncontent-length: 2\r\n\r\n", bad},
        {"POST / HTTP/1.1\r\n" + host + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
         bad},
        {"POST / HTTP/1.1\r\n" + host + "transfer-encoding: chunked, gzip\r\n\r\n", bad},
        {"POST / HTTP/1.1\r\n" + host + "transfer-encoding: chunked\r\n\r\nxyz\r\n", bad},
        {"GET / HTTP/1.1\r\n" + host + "x:\rytransfer-encoding: chunked\r\n\r\n", bad},
        {"GET / HTTP/1.1\r\n" + host + "\rX", bad},
        {"GET / HTTP/1.1\r\n" + host + "\n", bad},
        {"GET / HTTP/1.1\r\n" + host + " content-length: 5\r\n\r\n", bad},
        {"GET /\tx HTTP/1.1\r\n" + host + "\r\n", bad},
        {"GET /\x80 HTTP/1.1\r\n" + host + "\r\n", bad},
        {"POST / HTTP/1.1\r\n" + host + "transfer-encoding: chunked\r\n\r\n5\rXhello\r\n0\r\n\r\n",
         bad},
        {"POST / HTTP/1.1\r\n" + host + "transfer-encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
         bad},
        {"POST / HTTP/1.0\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         bad},
        {"POST / HTTP/1.1\r\n" + host + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
         "HTTP/1.1 501 Not Implemented"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bad},
        {"CONNECT t:80 HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 501 Not Implemented"},
        {"POST / HTTP/1.1\r\n" + host + "expect: miracles\r\ncontent-length: 1\r\n\r\n",
         "HTTP/1.1 417 Expectation Failed"},
    });
}

TEST_P(ServerLimitsTest, half_a_request_is_refused) {
    serving(echo, [&](Address address) -> Task<> {
        const std::string answer = co_await talk(address, "GET / HT");
        EXPECT_EQ(status_line(answer), "HTTP/1.1 400 Bad Request");
        const std::string nothing = co_await talk(address, "");
        EXPECT_EQ(nothing, "");
    });
}

TEST_P(ServerLimitsTest, a_head_has_a_limit) {
    ServerOptions options;
    options.max_head_bytes = 2000;
    const char* const status = "HTTP/1.1 431 Request Header Fields Too Large";
    std::string many;
    for (int i = 0; i < 100; ++i) {
        many += "a: b\r\n";
    }
    expect_refused(
        {
            {get("/" + std::string(3000, 'x')), status},
            {get("/", "x: " + std::string(3000, 'x') + "\r\n"), status},
            {get("/", std::string(3000, 'x') + ": x\r\n"), status},
            {get("/", many), status},
            {"GET / HTTP/1.1\r\nhost: t\r\nx: " + std::string(3000, 'x'), status},
        },
        options);
}

TEST_P(ServerLimitsTest, a_body_has_a_limit) {
    ServerOptions options;
    options.max_body_bytes = 10;
    const char* const status = "HTTP/1.1 413 Content Too Large";
    const std::string head = "POST / HTTP/1.1\r\nhost: t\r\n";
    expect_refused(
        {
            {head + "content-length: 11\r\n\r\n", status},
            {head + "expect: 100-continue\r\ncontent-length: 11\r\n\r\n", status},
            {head + "transfer-encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n", status},
        },
        options);
    serving(
        echo,
        [&](Address address) -> Task<> {
            const std::string answer =
                co_await talk(address, head + "content-length: 10\r\n\r\n1234567890");
            EXPECT_EQ(answer, echoed("POST / 1234567890"));
        },
        options);
}

TEST_P(ServerLimitsTest, a_refusal_arrives_though_the_client_still_sends) {
    ServerOptions options;
    options.max_body_bytes = 10;
    serving(
        echo,
        [&](Address address) -> Task<> {
            const std::string answer = co_await talk(
                address, "POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 300000\r\n\r\n" +
                             std::string(300'000, 'x'));
            EXPECT_EQ(status_line(answer), "HTTP/1.1 413 Content Too Large");
        },
        options);
}

TEST_P(ServerLimitsTest, a_time_may_be_without_end) {
    ServerOptions options;
    for (Duration* time : {&options.idle_timeout, &options.head_timeout, &options.body_timeout,
                           &options.write_timeout, &options.grace}) {
        *time = Duration::max();
    }
    serving(
        echo,
        [&](Address address) -> Task<> {
            TcpStream stream = co_await TcpStream::connect(address);
            for (const char* part :
                 {"POST / HTTP/1.1\r\nhost: t\r\n", "content-length: 2\r\n\r\n", "a", "b"}) {
                co_await turns(5);
                co_await stream.write_all(std::string_view(part));
            }
            stream.shutdown_write();
            const std::string answer = co_await read_all(stream);
            EXPECT_EQ(answer, echoed("POST / ab"));
        },
        options);
}

INSTANTIATE_TEST_SUITE_P(http, ServerLimitsTest, testing::ValuesIn(all_drivers()), param_name);

// ----------------------------------------------------------------------------------- time

TEST_P(ServerTimeTest, a_head_that_trickles_in_is_ended) {
    ServerOptions options;
    options.head_timeout = 10s;
    serving(
        echo,
        [&](Address address) -> Task<> {
            TcpStream stream = co_await TcpStream::connect(address);
            co_await sleep(50s);
            const TimePoint begin = now();
            auto trickle = create_task([&]() -> Task<> {
                for (const char letter : get("/", std::string(100, 'x') + ": y\r\n")) {
                    co_await stream.write_all(std::string_view(&letter, 1));
                    co_await sleep(1s);
                }
            });
            const std::string answer = co_await read_all(stream);
            trickle.cancel();
            co_await trickle.wait();  // it uses the stream
            EXPECT_EQ(status_line(answer), "HTTP/1.1 408 Request Timeout");
            EXPECT_GE(now() - begin, 10s);
            EXPECT_LE(now() - begin, 12s);
        },
        options);
}

TEST_P(ServerTimeTest, a_body_that_trickles_in_is_ended) {
    ServerOptions options;
    options.body_timeout = 30s;
    serving(
        echo,
        [&](Address address) -> Task<> {
            TcpStream stream = co_await TcpStream::connect(address);
            co_await stream.write_all("POST / HTTP/1.1\r\nhost: t\r\ncontent-length: 100\r\n\r\n");
            const TimePoint begin = now();
            auto trickle = create_task([&]() -> Task<> {
                for (int i = 0; i < 100; ++i) {
                    co_await stream.write_all("x");
                    co_await sleep(1s);
                }
            });
            const std::string answer = co_await read_all(stream);
            EXPECT_EQ(status_line(answer), "HTTP/1.1 408 Request Timeout");
            EXPECT_GE(now() - begin, 30s);
            trickle.cancel();
            co_await trickle.wait();  // it uses the stream
        },
        options);
}

TEST_P(ServerTimeTest, an_idle_connection_is_closed_without_a_word) {
    ServerOptions options;
    options.idle_timeout = 20s;
    serving(
        echo,
        [&](Address address) -> Task<> {
            const TimePoint begin = now();
            std::string answer = co_await talk(address, "", false);
            EXPECT_EQ(answer, "");
            EXPECT_GE(now() - begin, 20s);
            answer = co_await talk(address, get("/"), false);
            EXPECT_EQ(answer, echoed("GET / "));
            EXPECT_GE(now() - begin, 40s);
        },
        options);
}

TEST_P(ServerTimeTest, a_client_that_does_not_read_its_answer_is_given_up) {
    ServerOptions options;
    options.write_timeout = 15s;
    bool over = false;
    auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
        co_return ServerResponse(200, std::string(32 << 20, 'x'));
    };
    serving(
        handler,
        [&](Address address) -> Task<> {
            TcpStream stream = co_await TcpStream::connect(address);
            co_await stream.write_all(get("/"));
            co_await sleep(20s);
            const std::string error = co_await error_of([&]() -> Task<> {
                const std::string part = co_await read_all(stream);
                EXPECT_LT(part.size(), std::size_t{32} << 20);
            });
            over = true;
        },
        options);
    EXPECT_TRUE(over);
}

INSTANTIATE_TEST_SUITE_P(http, ServerTimeTest, testing::ValuesIn(simulated_drivers()), param_name);

// ---------------------------------------------------------------------------- descriptors

// The process has no descriptor left for a while; the server waits, then serves.
TEST_P(ServerDescriptorsTest, running_out_of_descriptors_is_survived) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    meet_error();
    serving(echo, [&](Address address) -> Task<> {
        TcpStream early = co_await TcpStream::connect(address);
        TcpStream late = co_await TcpStream::connect(address);
        std::vector<TcpListener> fillers;
        rlimit low = before;
        low.rlim_cur = static_cast<rlim_t>(late.descriptor()) + 1;
        setrlimit(RLIMIT_NOFILE, &low);
        TcpStream waiting;
        bool full = false;
        while (!full) {
            try {
                fillers.push_back(TcpListener::listen(Address::loopback(0)));
            } catch (const Error& error) {
                EXPECT_EQ(error.code(), Errc::exhausted);
                full = true;
            }
        }
        co_await turns(50);
        setrlimit(RLIMIT_NOFILE, &before);
        fillers.clear();
        for (TcpStream* stream : {&early, &late}) {
            co_await stream->write_all(get("/"));
            const std::string expected = echoed("GET / ");
            const std::string answer = co_await read_exactly(*stream, expected.size());
            EXPECT_EQ(answer, expected);
        }
    });
    setrlimit(RLIMIT_NOFILE, &before);
}

INSTANTIATE_TEST_SUITE_P(http, ServerDescriptorsTest, testing::ValuesIn(real_drivers()),
                         param_name);

}  // namespace
}  // namespace rondo::test
