// SPDX-License-Identifier: Apache-2.0
// A network that is cut sends no FIN: what has a deadline ends at it, exactly. On virtual time
// only: with a kernel's network it would take the real time.
#include <optional>

#include "rondo/coro/task_group.hpp"
#include "rondo/net/serve.hpp"
#include "rondo/net/timed_stream.hpp"
#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

using net::Server;
using net::StreamLimits;
using net::TimedStream;

class SilenceTest : public NetworkTest {
protected:
    static StreamLimits limits() {
        StreamLimits result;
        result.read = 10s;
        result.write = 20s;
        return result;
    }

    /// How long it was until awaiting `task` failed with TimeoutError; -1 s if it did not.
    template <class T>
    static Task<Duration> time_to_give_up(Task<T> task) {
        const TimePoint start = now();
        Duration waited = -1s;
        try {
            co_await std::move(task);
        } catch (const TimeoutError&) {
            waited = now() - start;
        }
        co_return waited;
    }

    static Task<> read_more(TimedStream<TcpStream>& stream) {
        const io::Lease lease = co_await stream.read_leased();
        EXPECT_TRUE(lease.empty());
    }
    static Task<> connect_in_time(Address address) {
        co_await timeout(5s, sim::on_host(here, TcpStream::connect(address)));
    }
    static Task<> write_much(TimedStream<TcpStream>& stream) {
        const std::string much(1 << 20, 'm');
        co_await stream.write_all(much);
    }

    /// On links at once and on slow ones, cut whole and in either direction.
    template <class Body>
    void for_each_cut(Body body) {
        for (const Link& link : {Link(), Link(10ms)}) {
            for (const int kind : {0, 1, 2}) {
                SCOPED_TRACE(kind);
                run([&]() -> Task<> { co_await body(kind); }, link);
            }
        }
    }
    static void cut(int kind) {
        if (kind == 0) {
            sim::network().partition(here, there);
        } else {
            sim::network().partition_one_way(kind == 1 ? here : there, kind == 1 ? there : here);
        }
    }
};

TEST_F(SilenceTest, reads_end_at_their_deadline_at_both_ends) {
    for_each_cut([](int kind) -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        co_await ends.client.write_all("x");
        co_await read_once(ends.server);
        cut(kind);
        TimedStream<TcpStream> client(std::move(ends.client), limits());
        TimedStream<TcpStream> server(std::move(ends.server), limits());
        const auto [one, other] =
            co_await gather(time_to_give_up(read_more(client)), time_to_give_up(read_more(server)));
        EXPECT_EQ(one, 10s);
        EXPECT_EQ(other, 10s);
    });
}

TEST_F(SilenceTest, writes_end_at_their_deadline_at_both_ends) {
    for_each_cut([](int kind) -> Task<> {
        Ends ends = co_await connect_hosts(here, there);
        cut(kind);
        TimedStream<TcpStream> client(std::move(ends.client), limits());
        TimedStream<TcpStream> server(std::move(ends.server), limits());
        const auto [one, other] = co_await gather(time_to_give_up(write_much(client)),
                                                  time_to_give_up(write_much(server)));
        EXPECT_EQ(one, 20s);
        EXPECT_EQ(other, 20s);
    });
}

TEST_F(SilenceTest, a_connect_ends_at_its_deadline) {
    for_each_cut([](int kind) -> Task<> {
        const TcpListener listener = TcpListener::listen(Address::parse(there, 0));
        cut(kind);
        const Duration waited = co_await time_to_give_up(connect_in_time(listener.local_address()));
        EXPECT_EQ(waited, 5s);
    });
}

// The request departs, its answer does not arrive any more.
TEST_F(SilenceTest, a_connect_that_is_cut_off_halfway_ends_at_its_deadline) {
    run(
        []() -> Task<> {
            const TcpListener listener = TcpListener::listen(Address::parse(there, 0));
            auto later = []() -> Task<> {
                co_await sleep(5ms);
                sim::network().partition_one_way(there, here);
            };
            const auto [none, waited] = co_await gather(
                later(), time_to_give_up(connect_in_time(listener.local_address())));
            static_cast<void>(none);
            EXPECT_EQ(waited, 5s);
        },
        Link(10ms));
}

/// A server on `there` whose handlers end with a client that is silent for ten seconds.
class Talk {
public:
    explicit Talk(Duration grace = 5s) : server(with(grace)) {}

    Task<> serve() {
        co_await net::serve(
            listener, [this](TcpStream tcp) { return handle(std::move(tcp)); }, server);
    }
    Task<TcpStream> connect_from(std::string host) const {
        TcpStream stream =
            co_await sim::on_host(std::move(host), TcpStream::connect(listener.local_address()));
        co_return stream;
    }

    TcpListener listener = TcpListener::listen(Address::parse(there, 0));
    Server server;
    std::optional<Duration> silence;  ///< after which a handler ended

private:
    static net::ServeOptions with(Duration grace) {
        net::ServeOptions options;
        options.grace = grace;
        return options;
    }

    Task<> handle(TcpStream tcp) {
        StreamLimits limits;
        limits.read = 10s;
        TimedStream<TcpStream> stream(std::move(tcp), limits);
        for (TimePoint last = now();; last = now()) {
            try {
                const io::Lease lease = co_await stream.read_leased();
                if (lease.empty()) {
                    co_return;
                }
            } catch (const TimeoutError&) {
                silence = now() - last;
                throw;
            }
        }
    }
};

TEST_F(SilenceTest, a_server_lets_go_of_who_is_cut_off_and_of_nobody_else) {
    for (const Link& link : {Link(), Link(10ms)}) {
        run(
            []() -> Task<> {
                Talk talk;
                auto clients = [&]() -> Task<> {
                    TcpStream lost = co_await talk.connect_from(here);
                    TcpStream alive = co_await talk.connect_from(elsewhere);
                    co_await lost.write_all("x");
                    co_await sleep(1s);
                    sim::network().partition(here, there);
                    for (int i = 0; i < 20; ++i) {
                        co_await lost.write_all("x");
                        co_await alive.write_all("x");
                        co_await sleep(1s);
                    }
                    EXPECT_EQ(talk.silence, 10s);
                    EXPECT_EQ(talk.server.active(), 1U);
                    EXPECT_EQ(talk.server.stats().failed, 1U);
                    talk.server.shut_down();
                };
                co_await gather(talk.serve(), clients());
            },
            link);
    }
}

TEST_F(SilenceTest, a_server_that_stops_waits_for_who_is_cut_off_no_longer_than_its_grace) {
    run([]() -> Task<> {
        Talk talk(3s);
        auto client = [&]() -> Task<TimePoint> {
            TcpStream stream = co_await talk.connect_from(here);
            co_await stream.write_all("x");
            co_await sleep(1s);
            sim::network().partition(here, there);
            const TimePoint start = now();
            talk.server.shut_down();
            co_await sleep(1min);
            co_return start;
        };
        auto served = [&]() -> Task<TimePoint> {
            co_await talk.serve();
            co_return now();
        };
        const auto [end, start] = co_await gather(served(), client());
        EXPECT_EQ(end - start, 3s);
        EXPECT_EQ(talk.server.stats().cut, 1U);
    });
}

}  // namespace
}  // namespace rondo::test
