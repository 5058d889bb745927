// SPDX-License-Identifier: Apache-2.0
// serve() on each driver: the limit, failing handlers, the two-phase end, failing accepts.
#include "rondo/net/serve.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <functional>

#include "net/net_test.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/loop/sleep.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/reports.hpp"

namespace rondo::test {
namespace {

using net::ServeOptions;
using net::Server;

/// Counts how many of its connections there were at once.
class CountedEcho {
public:
    Task<> operator()(TcpStream stream) {
        most_ = std::max(most_, ++active_);
        co_await send_back(std::move(stream));
        --active_;
    }
    std::size_t most() const noexcept { return most_; }

private:
    std::size_t active_ = 0;
    std::size_t most_ = 0;
};

class ServeTest : public NetTest {
protected:
    static Task<std::string> ask(Address address, std::string question) {
        TcpStream stream = co_await TcpStream::connect(address);
        co_await stream.write_all(question);
        stream.shutdown_write();
        std::string answer = co_await read_all(stream);
        co_return answer;
    }

    template <class H, class F>
    void serving(H handler, ServeOptions options, F talk) {
        on_driver([&]() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            Server server(options);
            auto run = create_task(net::serve(listener, handler, server));
            co_await talk(listener.local_address(), server);
            server.shut_down();
            co_await run;
            EXPECT_EQ(server.active(), 0U);
            EXPECT_TRUE(server.stopping());
        });
    }

    static Task<> until(const std::function<bool()>& condition) {
        while (!condition()) {
            co_await sleep(1ms);
        }
    }
};

/// Time passes only when nothing can happen.
class ServeTimeTest : public ServeTest {};

TEST_P(ServeTest, each_connection_has_its_handler) {
    serving(send_back, {}, [&](Address address, Server& server) -> Task<> {
        auto [a, b, c] =
            co_await gather(ask(address, "one"), ask(address, "two"), ask(address, "three"));
        EXPECT_EQ(a + b + c, "onetwothree");
        co_await until([&] { return server.active() == 0; });
        EXPECT_EQ(server.stats().accepted, 3U);
        EXPECT_EQ(server.stats().failed, 0U);
        EXPECT_EQ(server.stats().cut, 0U);
    });
}

TEST_P(ServeTest, no_more_than_the_limit_are_accepted) {
    CountedEcho handler;
    ServeOptions options;
    options.connections_max = 2;
    serving(std::ref(handler), options, [&](Address address, Server& server) -> Task<> {
        std::deque<TcpStream> clients;
        for (int i = 0; i < 5; ++i) {
            clients.push_back(co_await TcpStream::connect(address));
        }
        co_await until([&] { return server.active() == 2; });
        co_await turns(20);
        EXPECT_EQ(server.stats().accepted, 2U);
        while (!clients.empty()) {
            co_await clients.front().write_all("x");
            const std::string answer = co_await read_exactly(clients.front(), 1);
            EXPECT_EQ(answer, "x");
            clients.pop_front();
        }
        co_await until([&] { return server.active() == 0; });
        EXPECT_EQ(server.stats().accepted, 5U);
    });
    EXPECT_EQ(handler.most(), 2U);
}

// More accepts than the limit has places: it holds, and each connection is served once.
TEST_P(ServeTest, accepts_at_once_keep_the_limit) {
    constexpr int clients = 40;
    CountedEcho handler;
    ServeOptions options;
    options.connections_max = 5;
    options.accepts_at_once = 16;
    serving(std::ref(handler), options, [&](Address address, Server& server) -> Task<> {
        EXPECT_EQ(server.accepts_at_once(), current_loop().driver().accepts_beside() ? 5U : 1U);
        std::vector<Task<std::string>> asked;
        for (int i = 0; i < clients; ++i) {
            asked.push_back(ask(address, "client " + std::to_string(i)));
        }
        const std::vector<std::string> answers = co_await gather(std::move(asked));
        for (int i = 0; i < clients; ++i) {
            EXPECT_EQ(answers[static_cast<std::size_t>(i)], "client " + std::to_string(i));
        }
        EXPECT_EQ(server.stats().accepted, static_cast<std::uint64_t>(clients));
    });
    EXPECT_LE(handler.most(), 5U);
}

TEST_P(ServeTest, a_handler_that_throws_ends_its_connection_only) {
    std::vector<std::string> errors;
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Server server;
        server.set_error_handler(
            [&](const std::exception_ptr& error) { errors.push_back(describe(error)); });
        auto handler = [](TcpStream stream) -> Task<> {
            const std::string text = co_await read_exactly(stream, 1);
            if (text == "!") {
                throw std::runtime_error("bad request");
            }
            co_await stream.write_all(text);
        };
        auto run = create_task(net::serve(listener, handler, server));
        const Address address = listener.local_address();
        const std::string nothing = co_await ask(address, "!");
        const std::string answer = co_await ask(address, "?");
        EXPECT_EQ(nothing, "");
        EXPECT_EQ(answer, "?");
        EXPECT_EQ(server.stats().failed, 1U);
        server.shut_down();
        co_await run;
    });
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_NE(errors[0].find("bad request"), std::string::npos);
}

TEST_P(ServeTest, what_nobody_handles_is_reported_but_not_broken_connections) {
    const Reports reports;
    auto handler = [](TcpStream stream) -> Task<> {
        const std::string text = co_await read_exactly(stream, 1);
        if (text == "r") {
            throw Error("read", "a peer", ECONNRESET);
        }
        throw std::runtime_error("a bug");
    };
    serving(handler, {}, [&](Address address, Server& server) -> Task<> {
        co_await ask(address, "r");
        co_await ask(address, "b");
        EXPECT_EQ(server.stats().failed, 2U);
    });
    const std::vector<std::string> said = Reports::take();
    ASSERT_EQ(said.size(), 1U);
    EXPECT_NE(said[0].find("a bug"), std::string::npos);
}

TEST_P(ServeTest, a_cancelled_server_stops_and_lets_handlers_finish) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        auto run = create_task(net::serve(listener, send_back));
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        co_await client.write_all("a");
        const std::string first = co_await read_exactly(client, 1);
        run.cancel();
        co_await turns(5);
        EXPECT_FALSE(run.done());
        co_await client.write_all("b");
        const std::string second = co_await read_exactly(client, 1);
        EXPECT_EQ(first + second, "ab");
        client.close();
        co_await run.wait();
        EXPECT_TRUE(run.cancelled());
    });
}

TEST_P(ServeTest, two_listeners_share_one_server) {
    on_driver([&]() -> Task<> {
        TcpListener one = TcpListener::listen(Address::loopback(0));
        TcpListener other = TcpListener::listen(Address::loopback(0));
        Server server;
        auto first = create_task(net::serve(one, send_back, server));
        auto second = create_task(net::serve(other, send_back, server));
        const std::string a = co_await ask(one.local_address(), "a");
        const std::string b = co_await ask(other.local_address(), "b");
        EXPECT_EQ(a + b, "ab");
        EXPECT_EQ(server.stats().accepted, 2U);
        server.shut_down();
        co_await first;
        co_await second;
        co_await net::serve(one, send_back, server);  // does not begin
    });
}

TEST_P(ServeTest, a_connection_is_prepared_in_time_or_ended) {
    auto prepare = [](TcpStream stream) -> Task<TcpStream> {
        const std::string hello = co_await read_exactly(stream, 5);
        if (hello != "hello") {
            throw Error(Errc::protocol, "greeting", stream.name(), "no hello");
        }
        co_return stream;
    };
    std::vector<Errc> errors;
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Server server;
        server.set_error_handler([&](const std::exception_ptr& error) {
            try {
                std::rethrow_exception(error);
            } catch (const Error& failure) {
                errors.push_back(failure.code());
            }
        });
        auto run =
            create_task(net::serve(listener, net::prepared(50ms, prepare, send_back), server));
        const Address address = listener.local_address();
        const std::string good = co_await ask(address, "hello world");
        EXPECT_EQ(good, " world");
        const std::string bad = co_await ask(address, "fetch");
        EXPECT_EQ(bad, "");
        TcpStream silent = co_await TcpStream::connect(address);
        const std::string nothing = co_await read_all(silent);
        EXPECT_EQ(nothing, "");
        server.shut_down();
        co_await run;
    });
    EXPECT_EQ(errors, (std::vector{Errc::protocol, Errc::timed_out}));
}

INSTANTIATE_TEST_SUITE_P(net, ServeTest, testing::ValuesIn(all_drivers()), param_name);

TEST_P(ServeTimeTest, handlers_are_cancelled_when_the_grace_is_over) {
    ServeOptions options;
    options.grace = 3s;
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Server server(options);
        auto run = create_task(net::serve(listener, send_back, server));
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        co_await client.write_all("a");
        co_await read_exactly(client, 1);
        const TimePoint begin = now();
        server.shut_down();
        server.shut_down();
        co_await run;
        EXPECT_EQ(now() - begin, 3s);
        EXPECT_EQ(server.stats().cut, 1U);
        const std::string rest = co_await read_all(client);
        EXPECT_EQ(rest, "");
    });
}

TEST_P(ServeTimeTest, without_grace_handlers_are_cancelled_at_once) {
    ServeOptions options;
    options.grace = Duration::zero();
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Server server(options);
        auto run = create_task(net::serve(listener, send_back, server));
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        co_await until([&] { return server.active() == 1; });
        const TimePoint begin = now();
        server.shut_down();
        co_await run;
        EXPECT_EQ(now(), begin);
        EXPECT_EQ(server.stats().cut, 1U);
    });
}

TEST_P(ServeTimeTest, a_handler_may_wait_for_the_stop) {
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        Server server;
        auto handler = [&](TcpStream stream) -> Task<> {
            auto wait_stop = [&]() -> Task<> { co_await server.wait_stopping(); };
            co_await race(wait_stop, send_back(std::move(stream)));
        };
        auto run = create_task(net::serve(listener, std::ref(handler), server));
        TcpStream client = co_await TcpStream::connect(listener.local_address());
        co_await until([&] { return server.active() == 1; });
        const TimePoint begin = now();
        server.shut_down();
        co_await run;
        EXPECT_EQ(now(), begin);
        EXPECT_EQ(server.stats().cut, 0U);
    });
}

/// Accepts fail as they are told to; then they wait for ever.
class FailingListener {
public:
    explicit FailingListener(std::vector<int> errors) : errors_(errors.begin(), errors.end()) {}

    Task<TcpStream> accept() {
        ++calls;
        co_await yield();
        if (!errors_.empty()) {
            const int error = errors_.front();
            errors_.pop_front();
            throw Error("accept", "a test", error);
        }
        ends.set();
        co_await sleep(1h);
        co_return TcpStream();
    }

    int calls = 0;
    Event ends;

private:
    std::deque<int> errors_;
};

TEST_P(ServeTimeTest, failed_accepts_that_will_pass_do_not_end_it) {
    const std::vector<int> passing = {ECONNABORTED, EPROTO,       EPERM,  ENETDOWN,    EINTR,
                                      ENOBUFS,      ENOMEM,       EMFILE, ENFILE,      ECONNRESET,
                                      EHOSTDOWN,    EHOSTUNREACH, ENONET, ENETUNREACH, ETIMEDOUT,
                                      EOPNOTSUPP,   ENOPROTOOPT};
    on_driver([&]() -> Task<> {
        FailingListener listener(passing);
        Server server;
        auto run = create_task(net::serve(listener, send_back, server));
        co_await listener.ends.wait();
        EXPECT_EQ(server.stats().exhausted, 4U);
        EXPECT_EQ(server.stats().aborted, passing.size() - 4);
        server.shut_down();
        co_await run;
    });
}

TEST_P(ServeTimeTest, an_accept_that_cannot_succeed_ends_it) {
    on_driver([&]() -> Task<> {
        FailingListener listener({EBADF});
        const std::string error =
            co_await error_of([&] { return net::serve(listener, send_back); });
        EXPECT_EQ(error, "closed");
    });
}

TEST_P(ServeTimeTest, failures_in_a_row_do_not_spin) {
    on_driver([&]() -> Task<> {
        FailingListener listener(std::vector<int>(2000, EMFILE));
        FailingListener flood(std::vector<int>(20'000, ECONNABORTED));
        Server server;
        auto run = create_task(net::serve(listener, send_back, server));
        Server other;
        auto second = create_task(net::serve(flood, send_back, other));
        co_await sleep(60s);
        EXPECT_GT(listener.calls, 55);
        EXPECT_LT(listener.calls, 180);  // two for each pause: one to refuse
        EXPECT_LT(flood.calls, 16 * 180);
        server.shut_down();
        other.shut_down();
        co_await run;
        co_await second;
    });
}

INSTANTIATE_TEST_SUITE_P(net, ServeTimeTest, testing::ValuesIn(simulated_drivers()), param_name);

/// Gives one connection, and fails a second later.
class FailsLater {
public:
    explicit FailsLater(TcpListener& listener) : listener_(&listener) {}
    Task<TcpStream> accept() {
        if (calls_++ > 0) {
            co_await sleep(1s);
            throw Error("accept", "a test", EBADF);
        }
        TcpStream first = co_await listener_->accept();
        co_return first;
    }

private:
    TcpListener* listener_;
    int calls_ = 0;
};

TEST_P(ServeTimeTest, a_server_serves_again_when_its_listener_has_failed) {
    on_driver([&]() -> Task<> {
        Server server;
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        FailsLater broken(listener);
        auto until_told = [&](TcpStream) -> Task<> { co_await server.wait_stopping(); };
        const TimePoint begin = now();
        TcpStream idle = co_await TcpStream::connect(listener.local_address());
        const std::string error =
            co_await error_of([&] { return net::serve(broken, until_told, server); });
        EXPECT_EQ(error, "closed");
        EXPECT_EQ(now() - begin, 1s) << "the handler was told";
        EXPECT_EQ(server.stats().cut, 0U);
        EXPECT_TRUE(server.stopping());
        auto serving = create_task(net::serve(listener, send_back, server));
        const std::string answer = co_await ask(listener.local_address(), "again");
        EXPECT_EQ(answer, "again");
        server.shut_down();
        co_await serving;
    });
}

class ServeEverywhereTest : public NetTest {
protected:
    static void everywhere(const ServeOptions& options) {
        Everywhere where;
        where.driver = GetParam().driver;
        where.seed = GetParam().schedule == Schedule::fifo ? 0 : GetParam().seed;
        const Scenario scenario = [options]() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            Server server(options);
            auto clients = [&]() -> Task<> {
                for (int i = 0; i < 2; ++i) {
                    TcpStream stream = co_await TcpStream::connect(listener.local_address());
                    co_await stream.write_all("x");
                    co_await read_exactly(stream, 1);
                }
                server.shut_down();
            };
            co_await gather(net::serve(listener, send_back, server), clients);
        };
        const EverywhereReport report = cancel_everywhere(scenario, where);
        EXPECT_GT(report.stopped, 0U);
    }
};

TEST_P(ServeEverywhereTest, cancelled_anywhere_nothing_is_left) {
    ServeOptions options;
    options.connections_max = 1;
    everywhere(options);
}

TEST_P(ServeEverywhereTest, nor_with_several_accepts_at_once) {
    ServeOptions options;
    options.accepts_at_once = 2;
    everywhere(options);
}

INSTANTIATE_TEST_SUITE_P(net, ServeEverywhereTest, testing::ValuesIn(all_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
