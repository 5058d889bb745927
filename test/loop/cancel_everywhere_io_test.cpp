// SPDX-License-Identifier: Apache-2.0
// Each operation of a driver, cancelled at each of its points: in the simulation, and on the
// kernel's drivers, where a cancel meets real sockets and threads.
#include <gtest/gtest.h>
#include <poll.h>

#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/coro/race.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/loop/to_thread.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/leaves.hpp"
#include "support/wire.hpp"

namespace rondo::test {
namespace {

struct Variant {
    DriverKind driver;
    std::uint64_t seed;
    const char* name;
};

class CancelEverywhereIo : public testing::TestWithParam<Variant> {
protected:
    void SetUp() override {
        try {
            make_driver(DriverOptions{GetParam().driver, Schedule::fifo, 1});
        } catch (const Error& error) {
            if (GetParam().driver != DriverKind::uring) {
                throw;
            }
            GTEST_SKIP() << error.what();
        }
    }
    static void everywhere(const Scenario& scenario) {
        Everywhere where;
        where.driver = GetParam().driver;
        where.seed = GetParam().seed;
        cancel_everywhere(scenario, where);
    }
    static bool simulated() { return GetParam().driver == DriverKind::sim; }
};

TEST_P(CancelEverywhereIo, bytes_over_a_socket_pair) {
    everywhere([]() -> Task<> {
        const Pair pair = socket_pair();
        auto [sent, got] = co_await gather(send_all(pair.first, "hello"), receive(pair.second, 5));
        EXPECT_EQ(sent, 5);
        EXPECT_EQ(got, 5U);
    });
}

TEST_P(CancelEverywhereIo, a_receive_that_waits) {
    everywhere([]() -> Task<> {
        const Pair pair = socket_pair();
        co_await gather(receive(pair.second, 2), [&]() -> Task<> {
            co_await yield();
            co_await send_all(pair.first, "a");
            co_await sleep(1ms);
            co_await send_all(pair.first, "b");
        });
    });
}

TEST_P(CancelEverywhereIo, a_send_under_back_pressure) {
    everywhere([]() -> Task<> {
        const Pair pair = socket_pair();
        const std::string big(1'500'000, 'x');
        auto [sent, got] = co_await gather(send_all(pair.first, big), [&]() -> Task<std::size_t> {
            std::size_t all = 0;
            std::string buffer(400'000, '\0');
            while (all < big.size()) {
                const int bytes =
                    co_await AwaitOperation(OperationKind::receive, pair.second.fd(), buffer.data(),
                                            static_cast<std::uint32_t>(buffer.size()));
                all += static_cast<std::size_t>(bytes);
            }
            co_return all;
        });
        EXPECT_EQ(sent, static_cast<int>(big.size()));
        EXPECT_EQ(got, big.size());
    });
}

TEST_P(CancelEverywhereIo, a_leased_receive) {
    everywhere([]() -> Task<> {
        const Pair pair = socket_pair();
        co_await gather(receive_leased(pair.second, 6), [&]() -> Task<> {
            co_await send_all(pair.first, "abc");
            co_await yield();
            co_await send_all(pair.first, "def");
        });
    });
}

TEST_P(CancelEverywhereIo, accept_and_connect) {
    everywhere([]() -> Task<> {
        const Listening listening;
        auto [server, client] = co_await gather(accept_from(listening), connect_to(listening));
        auto [sent, got] = co_await gather(send_all(client, "ping"), receive(server, 4));
        EXPECT_EQ(sent, 4);
        EXPECT_EQ(got, 4U);
    });
}

TEST_P(CancelEverywhereIo, several_accepts_in_a_row) {
    everywhere([]() -> Task<> {
        const Listening listening;
        auto connects = [&]() -> Task<> {
            for (int i = 0; i < 2; ++i) {
                const Descriptor client = co_await connect_to(listening);
                co_await receive(client, 1);
            }
        };
        auto accepts = [&]() -> Task<> {
            for (int i = 0; i < 2; ++i) {
                const Descriptor server = co_await accept_from(listening);
                co_await send_all(server, "x");
            }
        };
        co_await gather(accepts, connects);
    });
}

TEST_P(CancelEverywhereIo, an_end_of_stream) {
    everywhere([]() -> Task<> {
        const Pair pair = socket_pair();
        co_await gather(receive(pair.second, 100), [&]() -> Task<> {
            co_await send_all(pair.first, "last");
            co_await AwaitOperation(OperationKind::shutdown, pair.first.fd(), nullptr, SHUT_WR);
        });
    });
}

TEST_P(CancelEverywhereIo, a_poll) {
    everywhere([]() -> Task<> {
        const Pair pair = socket_pair();
        co_await gather(
            [&]() -> Task<> {
                const int events =
                    co_await AwaitOperation(OperationKind::poll, pair.second.fd(), nullptr, POLLIN);
                EXPECT_TRUE((events & POLLIN) != 0);
            },
            [&]() -> Task<> {
                co_await yield();
                co_await send_all(pair.first, "x");
            });
    });
}

TEST_P(CancelEverywhereIo, a_pipe) {
    everywhere([]() -> Task<> {
        const Pair pipe = make_pipe();
        auto reads = [&]() -> Task<> {
            char buffer[8];
            const int bytes = co_await AwaitOperation(OperationKind::read, pipe.first.fd(), buffer,
                                                      sizeof buffer, UINT64_MAX);
            EXPECT_EQ(bytes, 4);
        };
        auto writes = [&]() -> Task<> {
            co_await yield();
            char text[] = "text";
            const int bytes = co_await AwaitOperation(OperationKind::write, pipe.second.fd(), text,
                                                      4, UINT64_MAX);
            EXPECT_EQ(bytes, 4);
        };
        co_await gather(reads, writes);
    });
}

TEST_P(CancelEverywhereIo, threads) {
    everywhere([]() -> Task<> {
        const Tracked held(1);
        std::vector<int> local(3, 1);
        const int sum = co_await to_thread([&] { return local[0] + local[1] + local[2]; });
        EXPECT_EQ(sum, 3);
        auto [a, b] = co_await gather(to_thread([&] { return local[0]; }),
                                      to_thread([&] { return local[1]; }));
        EXPECT_EQ(a + b, 2);
    });
}

TEST_P(CancelEverywhereIo, a_race_of_operations) {
    everywhere([]() -> Task<> {
        const Pair one = socket_pair();
        const Pair two = socket_pair();
        auto first_bytes = [](const Descriptor& from) { return receive(from, 1); };
        co_await send_all(two.first, "x");
        const std::size_t got = co_await race(first_bytes(one.second), first_bytes(two.second));
        EXPECT_EQ(got, 1U);
        const auto nothing = co_await move_on_after(1ms, receive(one.second, 1));
        EXPECT_FALSE(nothing);
    });
}

INSTANTIATE_TEST_SUITE_P(, CancelEverywhereIo,
                         testing::Values(Variant{DriverKind::sim, 0, "sim"},
                                         Variant{DriverKind::sim, 5, "sim_drawn"},
                                         Variant{DriverKind::epoll, 0, "epoll"},
                                         Variant{DriverKind::uring, 0, "uring"}),
                         [](const auto& variant) { return std::string(variant.param.name); });

}  // namespace
}  // namespace rondo::test
