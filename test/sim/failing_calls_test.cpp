// SPDX-License-Identifier: Apache-2.0
// Each call of a small program fails in turn: it ends, leaves nothing behind, and says what failed.
#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "rondo/coro/yield.hpp"
#include "sim/network_test.hpp"

namespace rondo::test {
namespace {

using sim::Call;

class FailingCallsTest : public NetworkTest {};

// Two clients are served one after the other; then each side has the other's end.
Task<> small_program(const bool& answers) {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    auto serve = [&]() -> Task<> {
        for (int i = 0; i < 2; ++i) {
            TcpStream stream = co_await listener.accept();
            stream.set_no_delay(false);
            const std::size_t got = co_await read_coded(stream, 100);
            co_await stream.write_all(coded_text(got));
            stream.shutdown_write();
            co_await read_coded(stream);
        }
    };
    auto call = [&]() -> Task<> {
        for (int i = 0; i < 2; ++i) {
            TcpStream stream = co_await TcpStream::connect(listener.local_address());
            co_await stream.write_all(coded_text(100));
            const std::size_t got = co_await read_coded(stream);
            EXPECT_TRUE(!answers || got == 100U);
            stream.shutdown_write();
        }
    };
    co_await gather(serve(), call());
}

// What the error says is the operation, for each call: of TcpStream or TcpListener.
std::vector<std::string> operations_of(Call call) {
    switch (call) {
        case Call::socket:
        case Call::set_option: return {"connect", "listen", "set_option"};
        case Call::connect:
        case Call::connect_result: return {"connect"};
        case Call::listen: return {"listen"};
        case Call::accept: return {"accept"};
        case Call::receive: return {"read"};
        case Call::send: return {"write"};
        case Call::shutdown: return {"shutdown"};
        case Call::socket_name: return {"local_address", "peer_address"};
        default: return {};
    }
}

struct Table {
    std::size_t runs = 0;
    std::size_t failed = 0;
};

void expect_survival(const Options& options, Call call, int errno_value, Table& table) {
    Report report;
    const bool answers = false;
    ++table.runs;
    try {
        sim::run([&]() -> Task<> { co_await timeout(3000s, small_program(answers)); }, options,
                 report);
    } catch (const TimeoutError&) {
        ADD_FAILURE() << "it hung";
    } catch (const Error& error) {
        ++table.failed;
        EXPECT_EQ(error.os_error(), errno_value) << error.what();
        EXPECT_THAT(operations_of(call), testing::Contains(error.operation()));
    }
    EXPECT_FALSE(report.leaked());
    EXPECT_EQ(report.left_running, "");
}

TEST_F(FailingCallsTest, each_call_fails_in_turn_with_each_errno_and_the_program_says_so) {
    const bool answers = true;
    std::map<Call, std::uint64_t> counts;
    Options options;
    sim::run(
        [&]() -> Task<> {
            co_await small_program(answers);
            for (std::size_t i = 0; i < sim::calls_count; ++i) {
                const auto call = static_cast<Call>(i);
                counts[call] = sim::network().count(call);
            }
        },
        options, report);
    Table table;
    for (const auto& [call, count] : counts) {
        for (std::uint64_t k = 1; k <= count; ++k) {
            for (const int error : {EMFILE, ENOMEM, ENOBUFS, ECONNRESET, EIO, EPERM, ETIMEDOUT}) {
                for (const auto latency : {0ms, 10ms}) {
                    options.network.link = Link(latency);
                    options.network.failing = {{call, k, error}};
                    expect_survival(options, call, error, table);
                    ASSERT_FALSE(HasFailure()) << "call " << k << " of " << count << " of "
                                               << sim::to_string(call) << ", errno " << error;
                }
            }
        }
    }
    std::printf("%zu runs, in each of which one call failed: %zu ended with that error\n",
                table.runs, table.failed);
    EXPECT_GT(table.runs, 300U);
    EXPECT_GT(table.failed, table.runs / 2);
}

TEST_F(FailingCallsTest, two_in_a_row_fail_as_well) {
    Options options;
    Table table;
    for (const Call call : {Call::accept, Call::receive, Call::send, Call::connect_result}) {
        for (std::uint64_t k = 1; k <= 4; ++k) {
            options.network.failing = {{call, k, ENOMEM}, {call, k + 1, ENOMEM}};
            expect_survival(options, call, ENOMEM, table);
        }
    }
    EXPECT_GT(table.failed, 8U);
}

TEST_F(FailingCallsTest, an_injected_eagain_only_delays) {
    const bool answers = true;
    Options options;
    for (const Call call : {Call::accept, Call::receive, Call::send}) {
        for (std::uint64_t k = 1; k <= 6; ++k) {
            options.network.failing = {{call, k, EAGAIN}};
            run([&]() -> Task<> { co_await small_program(answers); }, options);
        }
    }
}

// Over a pipe and over a pair, by the driver's own operations: each result is pushed.
Task<> byte_through(int (&fds)[2], int write_end, int read_end, std::vector<int>& results) {
    constexpr std::uint64_t nowhere = ~std::uint64_t{0};
    char byte = 'x';
    const int sent =
        co_await AwaitOperation(OperationKind::write, fds[write_end], &byte, 1U, nowhere);
    results.push_back(sent);
    if (sent == 1) {
        const int got =
            co_await AwaitOperation(OperationKind::read, fds[read_end], &byte, 1U, nowhere);
        results.push_back(got);
    }
    for (const int fd : fds) {
        Operation close(OperationKind::close, fd);
        current_loop().driver().submit(close);
    }
}

Task<> pipe_program(std::vector<int>& results) {
    Driver& driver = current_loop().driver();
    int fds[2];
    results.push_back(driver.make_pipe(fds));
    if (results.back() == 0) {
        co_await byte_through(fds, 1, 0, results);
    }
    results.push_back(driver.socket_pair(fds));
    if (results.back() == 0) {
        co_await byte_through(fds, 0, 1, results);
    }
}

void expect_failures_of(Call call, std::uint64_t times, int error) {
    for (std::uint64_t k = 1; k <= times; ++k) {
        Options options;
        options.network.failing = {{call, k, error}};
        std::vector<int> results;
        Report report;
        sim::run([&]() -> Task<> { co_await pipe_program(results); }, options, report);
        EXPECT_EQ(std::count(results.begin(), results.end(), -error), 1) << sim::to_string(call);
        EXPECT_FALSE(report.leaked());
    }
}

TEST_F(FailingCallsTest, those_of_pipes_and_pairs_too) {
    for (const int error : {EIO, EMFILE}) {
        expect_failures_of(Call::make_pipe, 1, error);
        expect_failures_of(Call::socket_pair, 1, error);
        expect_failures_of(Call::read, 2, error);
        expect_failures_of(Call::write, 2, error);
    }
}

// Here nothing waits to be closed, so no second call could do better.
TEST_F(FailingCallsTest, a_call_that_finds_no_descriptor_is_not_made_again) {
    run([]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        const TcpStream client = co_await TcpStream::connect(listener.local_address());
        const std::uint64_t sockets = sim::network().count(Call::socket);
        sim::network().fail(Call::socket, 1, EMFILE);
        int error = co_await errno_of(TcpStream::connect(listener.local_address()));
        EXPECT_EQ(error, EMFILE);
        EXPECT_EQ(sim::network().count(Call::socket), sockets + 1);
        const std::uint64_t accepts = sim::network().count(Call::accept);
        sim::network().fail(Call::accept, 1, EMFILE);
        error = co_await errno_of(accept_one(listener));
        EXPECT_EQ(error, EMFILE);
        EXPECT_EQ(sim::network().count(Call::accept), accepts + 1);
        error = co_await errno_of(accept_one(listener));
        EXPECT_EQ(error, 0) << "it still waited";
    });
}

// The system does not know how to send the file, so it is read, and written in pieces.
Task<> byte_beside_a_file(int file, std::size_t size) {
    Ends ends = co_await connect_hosts();
    const std::uint64_t before = sim::network().count(Call::send);
    sim::network().fail(Call::send, 1, EINVAL);
    auto send = [&]() -> Task<> {
        const std::uint64_t sent = co_await ends.client.send_file(file);
        EXPECT_EQ(sent, size);
    };
    auto intrude = [&]() -> Task<> {
        while (sim::network().count(Call::send) == before) {
            co_await yield();
        }
        int error = EBUSY;
        while (error == EBUSY) {
            co_await yield();
            error = co_await errno_of(write_text(ends.client, std::string(1, coded_byte(size))));
        }
        EXPECT_EQ(error, 0);
        ends.client.shutdown_write();
    };
    auto read = [&]() -> Task<> {
        const std::size_t got = co_await read_coded(ends.server);
        EXPECT_EQ(got, size + 1) << "all of the file, then the byte";
    };
    co_await gather(send(), intrude(), read());
}

TEST_F(FailingCallsTest, nobody_writes_between_the_pieces_of_a_file) {
    const std::string text = coded_text(600'000);
    std::FILE* const file = std::tmpfile();
    ASSERT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
    ASSERT_EQ(std::fflush(file), 0);
    for (const Schedule schedule : {Schedule::fifo, Schedule::random, Schedule::reverse}) {
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            Options options(schedule, seed);
            options.network.short_io =
                seed % 2 == 0 ? sim::ShortIo::all_but_one : sim::ShortIo::off;
            run([&]() -> Task<> { co_await byte_beside_a_file(fileno(file), text.size()); },
                options);
        }
    }
    std::fclose(file);
}

TEST_F(FailingCallsTest, may_be_ordered_while_it_runs) {
    run([]() -> Task<> {
        Ends ends = co_await connect_hosts();
        EXPECT_EQ(sim::network().count(Call::send), 0U);
        co_await ends.client.write_all("one");
        sim::network().fail(Call::send, 2, ENOBUFS);
        co_await ends.client.write_all("two");
        const int error = co_await errno_of(write_text(ends.client, "three"));
        EXPECT_EQ(error, ENOBUFS);
        co_await ends.client.write_all("four");
        EXPECT_EQ(sim::network().count(Call::send), 4U);
        ends.client.close();
        char bytes[32];
        const std::size_t got = co_await ends.server.read_some(bytes);
        EXPECT_EQ(std::string(bytes, got), "onetwofour");
    });
}

TEST_F(FailingCallsTest, a_descriptor_is_closed_even_if_close_fails) {
    Options options;
    options.network.failing = {{Call::close, 1, EIO}};
    run(
        []() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            const int fd = listener.descriptor();
            listener.close();
            Operation again(OperationKind::close, fd);
            current_loop().driver().submit(again);
            EXPECT_EQ(again.result, -EBADF);
            co_return;
        },
        options);
}

}  // namespace
}  // namespace rondo::test
