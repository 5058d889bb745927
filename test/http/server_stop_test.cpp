// SPDX-License-Identifier: Apache-2.0
// The end of a server: what is answered still, and how long it takes.
#include "http/http_test.hpp"
#include "rondo/sync/event.hpp"

namespace rondo::test {
namespace {

class ServerStopTest : public HttpTest {
protected:
    /// In many small steps and turns, so that the other side is done long before.
    static Task<std::string> read_slowly(TcpStream& stream, std::size_t count) {
        std::string text;
        while (text.size() < count) {
            const std::string part =
                co_await read_exactly(stream, std::min<std::size_t>(1000, count - text.size()));
            if (part.empty()) {
                break;
            }
            text += part;
            co_await yield();
        }
        co_return text;
    }
};
class ServerStopSendTest : public ServerStopTest {};
class ServerStopTimeTest : public HttpTest {};

// The client has sent more, which the server will not read. To close over it would be a reset, and
// that throws away what is still under way.
TEST_P(ServerStopTest, an_answer_arrives_though_more_requests_did) {
    const std::string large = numbered_text(1 << 20);
    Event asked;
    Event go_on;
    auto handler = [&](const ServerRequest&) -> Task<ServerResponse> {
        asked.set();
        co_await go_on.wait();
        co_return ServerResponse(200, large);
    };
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto server = create_task(http::serve(listener, handler));
        TcpStream stream = co_await TcpStream::connect(listener.local_address());
        co_await stream.write_all(get("/1"));
        co_await asked.wait();
        co_await stream.write_all(get("/2"));
        server.cancel();
        go_on.set();
        const std::string expected = echoed(large, "connection: close\r\n");
        const std::string answer = co_await read_slowly(stream, expected.size());
        EXPECT_TRUE(answer == expected);
        stream.close();
        co_await server.wait();
    });
}

// The stop comes when the answer is already on its way, as one that keeps the connection.
TEST_P(ServerStopSendTest, an_answer_that_is_being_sent_arrives_too) {
    const std::string large(16 << 20, 'x');
    auto handler = [&](const ServerRequest&) -> Task<ServerResponse> {
        co_return ServerResponse(200, large);
    };
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto server = create_task(http::serve(listener, handler));
        TcpStream stream = co_await TcpStream::connect(listener.local_address());
        co_await stream.write_all(get("/1"));
        const std::string expected = echoed(large);
        std::string answer = co_await read_exactly(stream, 1000);
        co_await stream.write_all(get("/2"));
        server.cancel();
        answer += co_await read_slowly(stream, expected.size() - answer.size());
        EXPECT_TRUE(answer == expected);
        stream.close();
        co_await server.wait();
    });
}

INSTANTIATE_TEST_SUITE_P(http, ServerStopSendTest, testing::ValuesIn(real_drivers()), param_name);
INSTANTIATE_TEST_SUITE_P(http, ServerStopTest, testing::ValuesIn(all_drivers()), param_name);

// ----------------------------------------------------------------------------------- time

TEST_P(ServerStopTimeTest, a_stop_lets_handlers_finish) {
    auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
        co_await sleep(3s);
        co_return ServerResponse(200, "finished");
    };
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto server = create_task(http::serve(listener, handler));
        auto client = create_task(talk(listener.local_address(), get("/"), false));
        auto idle = create_task(talk(listener.local_address(), "GET", false));
        co_await sleep(1s);
        const TimePoint begin = now();
        server.cancel();
        const std::string nothing = co_await idle;
        EXPECT_EQ(nothing, "");
        EXPECT_LT(now() - begin, 1s);
        const std::string answer = co_await client;
        EXPECT_EQ(answer, echoed("finished", "connection: close\r\n"));
        EXPECT_EQ(now() - begin, 2s);
        while (!server.done()) {
            co_await yield();
        }
        EXPECT_TRUE(server.cancelled());
    });
}

TEST_P(ServerStopTimeTest, a_stop_is_bounded_by_the_time_of_grace) {
    ServerOptions options;
    options.grace = 2s;
    auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
        co_await sleep(1h);
        co_return ServerResponse();
    };
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto server = create_task(http::serve(listener, handler, options));
        auto client = create_task(talk(listener.local_address(), get("/"), false));
        co_await sleep(1s);
        const TimePoint begin = now();
        server.cancel();
        while (!server.done()) {
            co_await sleep(100ms);
        }
        EXPECT_GE(now() - begin, 2s);
        EXPECT_LE(now() - begin, 2200ms);
        const std::string answer = co_await client;
        EXPECT_EQ(answer, "");
    });
}

// The client has its answer and neither reads on nor closes.
TEST_P(ServerStopTimeTest, a_client_that_stays_holds_it_up_within_the_time_of_grace) {
    for (const Duration grace : {Duration(200ms), Duration(5s)}) {
        ServerOptions options;
        options.grace = grace;
        auto handler = [](const ServerRequest&) -> Task<ServerResponse> {
            co_await sleep(2s);
            co_return ServerResponse(200, "late");
        };
        on_driver([&]() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            auto server = create_task(http::serve(listener, handler, options));
            TcpStream stream = co_await TcpStream::connect(listener.local_address());
            co_await stream.write_all(get("/"));
            co_await sleep(1900ms);
            const TimePoint begin = now();
            server.cancel();
            co_await server.wait();
            EXPECT_GE(now() - begin, 100ms);
            EXPECT_LE(now() - begin, std::min(grace, Duration(1100ms)) + 10ms);
        });
    }
}

INSTANTIATE_TEST_SUITE_P(http, ServerStopTimeTest, testing::ValuesIn(simulated_drivers()),
                         param_name);

}  // namespace
}  // namespace rondo::test
