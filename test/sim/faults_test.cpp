// SPDX-License-Identifier: Apache-2.0
// What goes wrong by itself, by the seed: streams keep their bytes, errors have their names, and
// every run can be repeated.
#include <set>
#include <string>

#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

using sim::Fault;
using sim::Faults;

class FaultsTest : public NetworkTest {};

Options faulty(Faults faults, std::uint64_t seed) {
    Options options(seed % 3 == 0 ? Schedule::fifo : Schedule::random, seed);
    options.faults = faults;
    return options;
}

// Both ways at once over a connection.
Task<> exchange(TcpStream& mine, std::size_t size, std::size_t& got) {
    const std::string text = coded_text(size);
    auto send = [&]() -> Task<> {
        co_await mine.write_all(text);
        mine.shutdown_write();
    };
    auto receive = [&]() -> Task<> { got = co_await read_coded(mine); };
    const auto [sent, received] = co_await gather(settle, send(), receive());
    if (!sent.has_value()) {
        sent.value();  // throws
    }
    received.value();
}

TEST_F(FaultsTest, a_slow_network_loses_nothing_in_a_thousand_runs) {
    std::set<Duration> times;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        const std::size_t size = seed % 20 == 0 ? 3000 : 200;
        run(
            [&]() -> Task<> {
                Ends ends = co_await connect_hosts();
                std::size_t up = 0;
                std::size_t down = 0;
                co_await gather(exchange(ends.client, size, down),
                                exchange(ends.server, size / 2, up));
                EXPECT_EQ(up, size);
                EXPECT_EQ(down, size / 2);
            },
            faulty(Faults::slow(), seed));
        times.insert(report.elapsed);
        ASSERT_FALSE(HasFailure()) << sim::to_recipe(report.options);
    }
    EXPECT_GT(times.size(), 900U) << "the runs differ";
}

// A client and a server that bear everything: what arrives is a beginning of what was sent.
Task<> survive(std::size_t& complete, std::set<int>& errors) {
    try {
        Ends ends = co_await connect_hosts();
        std::size_t up = 0;
        std::size_t down = 0;
        const auto client = [&]() -> Task<> {
            co_await timeout(300s, exchange(ends.client, 600, down));
        };
        const auto server = [&]() -> Task<> {
            co_await timeout(300s, exchange(ends.server, 600, up));
        };
        const auto [one, other] = co_await gather(settle, client(), server());
        EXPECT_LE(up, 600U);
        EXPECT_LE(down, 600U);
        one.value();
        other.value();
        EXPECT_EQ(up + down, 1200U);
        ++complete;
    } catch (const Error& error) {
        EXPECT_FALSE(error.operation().empty());
        errors.insert(error.os_error());
    }
}

TEST_F(FaultsTest, with_all_faults_no_byte_is_wrong_and_nothing_is_left_in_a_thousand_runs) {
    std::size_t complete = 0;
    std::set<int> errors;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        run([&]() -> Task<> { co_await timeout(2000s, survive(complete, errors)); },
            faulty(Faults::all(), seed));
        ASSERT_FALSE(HasFailure()) << sim::to_recipe(report.options);
    }
    std::printf("of 1000 runs with all faults %zu were complete, %zu errors were seen\n", complete,
                errors.size());
    EXPECT_GT(complete, 20U);
    EXPECT_LT(complete, 950U);
    EXPECT_GE(errors.size(), 6U);
    EXPECT_TRUE(errors.contains(ECONNREFUSED));
    EXPECT_TRUE(errors.contains(EMFILE));
}

// The faults of one class, alone, are met.
TEST_F(FaultsTest, each_class_does_something) {
    for (const Fault fault : sim::all_faults) {
        std::size_t complete = 0;
        std::set<int> errors;
        std::set<std::uint64_t> traces;
        for (std::uint64_t seed = 1; seed <= 60; ++seed) {
            Options options(Schedule::fifo, seed);
            options.faults = Faults{fault};
            run([&]() -> Task<> { co_await timeout(5000s, survive(complete, errors)); }, options);
            traces.insert(report.trace_hash);
        }
        EXPECT_GT(traces.size(), 1U) << sim::to_string(fault);
        EXPECT_EQ(complete == 60, Faults::slow().has(fault) || fault == Fault::partitions)
            << sim::to_string(fault) << " leaves " << complete << " complete";
    }
}

TEST_F(FaultsTest, runs_are_a_function_of_the_recipe_with_every_class) {
    const auto scenario = []() -> Task<> {
        std::size_t complete = 0;
        std::set<int> errors;
        co_await timeout(2000s, survive(complete, errors));
    };
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        for (const Fault fault : sim::all_faults) {
            const Options options = faulty({fault}, seed);
            const sim::Determinism result = sim::check_determinism(scenario, options);
            EXPECT_TRUE(result.same) << sim::to_recipe(options) << ": " << result.difference;
        }
        const sim::Determinism all = sim::check_determinism(scenario, faulty(Faults::all(), seed));
        EXPECT_TRUE(all.same) << seed << ": " << all.difference;
    }
}

TEST_F(FaultsTest, a_class_draws_from_a_stream_of_its_own) {
    std::size_t differ = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Duration elapsed[2];
        for (const bool more : {false, true}) {
            Options options(Schedule::fifo, seed);
            options.faults = more ? Faults{Fault::latency, Fault::calls} : Faults{Fault::latency};
            std::size_t complete = 0;
            std::set<int> errors;
            run([&]() -> Task<> { co_await survive(complete, errors); }, options);
            elapsed[more ? 1 : 0] = complete == 1 ? report.elapsed : Duration(-1);
        }
        differ += elapsed[1] != Duration(-1) && elapsed[0] != elapsed[1] ? 1 : 0;
    }
    EXPECT_EQ(differ, 0U) << "the latencies are the same";
}

Task<> write_two_parts(TcpStream& stream) {
    const Bytes parts[2] = {Bytes("one"), Bytes("two")};
    co_await stream.write_all(parts);
}

// Also one that comes between two parts of a write.
TEST_F(FaultsTest, a_writer_hears_of_each_reset) {
    std::size_t resets = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        Options options(Schedule::fifo, seed);
        options.faults = Faults{Fault::resets};
        run(
            [&]() -> Task<> {
                Ends ends = co_await connect_hosts();
                auto write = [&]() -> Task<int> {
                    int error = 0;
                    for (int i = 0; i < 5000 && error == 0; ++i) {
                        error = co_await errno_of(write_two_parts(ends.client));
                    }
                    ends.client.close();
                    co_return error;
                };
                auto drain = [&]() -> Task<> {
                    char bytes[4096];
                    std::size_t got = 1;
                    while (got > 0) {
                        got = co_await ends.server.read_some(bytes);
                    }
                };
                const auto [error, none] = co_await gather(write(), errno_of(drain()));
                static_cast<void>(none);
                EXPECT_TRUE(error == 0 || error == ECONNRESET) << error << ", seed " << seed;
                resets += error != 0 ? 1 : 0;
            },
            options);
    }
    EXPECT_GT(resets, 50U);
}

TEST_F(FaultsTest, a_drawn_partition_that_ends_heals_no_other) {
    std::size_t reached = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        Options options(Schedule::fifo, seed);
        options.faults = Faults{Fault::partitions};
        run(
            [&]() -> Task<> {
                TcpListener listener = TcpListener::listen(Address::parse(there, 0));
                const Address address = listener.local_address();
                TcpStream client = co_await TcpStream::connect(address);
                for (int i = 0; i < 200; ++i) {
                    co_await client.write_all("x");
                }
                sim::network().partition("127.0.0.1", there);
                co_await sleep(30s);
                const auto other = co_await move_on_after(10s, TcpStream::connect(address));
                reached += other.has_value() ? 1U : 0U;
            },
            options);
    }
    EXPECT_EQ(reached, 0U);
}

// ------------------------------------------------------------------------- limits and portions

TEST_F(FaultsTest, short_reads_and_writes_can_be_forced) {
    for (const sim::ShortIo how : {sim::ShortIo::one_byte, sim::ShortIo::all_but_one}) {
        Options options;
        options.network.short_io = how;
        run(
            [&]() -> Task<> {
                Ends ends = co_await connect_hosts();
                co_await ends.client.write_all(coded_text(100));
                char bytes[200];
                const std::size_t first = co_await ends.server.read_some(bytes);
                EXPECT_EQ(first, how == sim::ShortIo::one_byte ? 1U : 99U);
                const std::size_t second = co_await ends.server.read_some(bytes);
                EXPECT_EQ(second, 1U);
            },
            options);
    }
}

TEST_F(FaultsTest, descriptors_run_out) {
    Options options;
    options.network.descriptors_max = 3;
    run(
        []() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            TcpStream first = co_await TcpStream::connect(listener.local_address());
            TcpStream second = co_await TcpStream::connect(listener.local_address());
            int error = co_await errno_of(TcpStream::connect(listener.local_address()));
            EXPECT_EQ(error, EMFILE);
            error = co_await errno_of(accept_one(listener));
            EXPECT_EQ(error, EMFILE);
            first.close();
            error = co_await errno_of(accept_one(listener));
            EXPECT_EQ(error, 0) << "it still waited";
        },
        options);
}

TEST_F(FaultsTest, ports_run_out_and_come_back) {
    Options options;
    options.network.ports = 2;
    run(
        []() -> Task<> {
            const TcpListener listener = TcpListener::listen(Address::loopback(0));
            const Address address = listener.local_address();
            TcpStream first = co_await TcpStream::connect(address);
            const TcpStream second = co_await TcpStream::connect(address);
            EXPECT_NE(first.local_address(), second.local_address());
            int error = co_await errno_of(TcpStream::connect(address));
            EXPECT_EQ(error, EADDRNOTAVAIL);
            error = co_await errno_of(sim::on_host("10.0.0.1", TcpStream::connect(address)));
            EXPECT_EQ(error, 0) << "another host has its own";
            const Address freed = first.local_address();
            first.close();
            const TcpStream third = co_await TcpStream::connect(address);
            EXPECT_EQ(third.local_address(), freed);
        },
        options);
}

}  // namespace
}  // namespace rondo::test
