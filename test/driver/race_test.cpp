// SPDX-License-Identifier: Apache-2.0
// A cancel against a completion, a hundred thousand times: no byte and no connection is lost, every
// operation ends exactly once, and nothing is touched after its end.
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>

#include "driver/racer.hpp"

namespace rondo::test {
namespace {

constexpr std::size_t small_message = 40;
constexpr std::size_t large_message = 8000;

/// Writes bytes that tell their position, at random instants, a little ahead of the reader; now and
/// then it lets the reader come to where there are none.
class Writer {
public:
    Writer(int fd, std::size_t message_max)
        : thread_([this, fd, message_max] { write(fd, message_max); }) {}

    /// How many bytes it sent.
    std::size_t stop() {
        stop_ = true;
        thread_.join();
        return sent_;
    }

    std::atomic<std::size_t> received{0};

private:
    void write(int fd, std::size_t message_max) {
        detail::SimRandom dice(12'345);
        const std::size_t far_ahead = std::max<std::size_t>(4000, message_max);
        while (!stop_) {
            const std::size_t lead = dice.one_in(4) ? 0 : far_ahead;
            while (!stop_ && sent_ > received + lead) {
                sched_yield();
            }
            char bytes[large_message];
            const std::size_t count = 1 + dice.below(message_max);
            for (std::size_t i = 0; i < count; ++i) {
                bytes[i] = byte_at(sent_ + i);
            }
            if (::write(fd, bytes, count) != static_cast<ssize_t>(count)) {
                return;
            }
            sent_ += count;
            spin(dice.below(3000));
        }
    }

    std::atomic<std::size_t> sent_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

/// Connects at random instants, and breaks each connection at once.
class Connector {
public:
    explicit Connector(const Listener& listener)
        : thread_([this, &listener] { connect(listener); }) {}

    long stop() {
        stop_ = true;
        thread_.join();
        return connected_;
    }

    std::atomic<long> accepted{0};

private:
    void connect(const Listener& listener) {
        detail::SimRandom dice(999);
        while (!stop_) {
            const long lead = dice.one_in(4) ? 0 : 500;
            while (!stop_ && connected_ > accepted + lead) {
                sched_yield();
            }
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            const linger hard{1, 0};
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
            if (::connect(fd, reinterpret_cast<const sockaddr*>(&listener.address),
                          listener.length) == 0) {
                ++connected_;
            }
            ::close(fd);
            spin(dice.below(2000));
        }
    }

    std::atomic<long> connected_{0};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace

INSTANTIATE_TEST_SUITE_P(drivers, RaceSlow, testing::ValuesIn(real_drivers()),
                         [](const auto& one) { return name_of(one.param); });

void expect_stream(const char* bytes, int count, std::size_t position) {
    for (int k = 0; k < count; ++k) {
        ASSERT_EQ(bytes[k], byte_at(position + static_cast<std::size_t>(k)));
    }
}

RaceEnds over_tcp(Bench& bench) {
    const auto [client, server] = bench.tcp_pair();
    return {client, server, "tcp"};
}

// `kind` reads what the races leave.
void read_the_rest(Bench& bench, OperationKind kind, int fd, Writer& writer, std::size_t sent) {
    while (writer.received < sent) {
        char bytes[4096];
        const int count = bench.run(kind, fd, bytes, sizeof bytes);
        ASSERT_GT(count, 0);
        expect_stream(bytes, count, writer.received);
        writer.received += static_cast<std::size_t>(count);
    }
}

void race_receives(Bench& bench, OperationKind kind, const RaceEnds& ends,
                   std::size_t message_max) {
    const bool leased = kind == OperationKind::receive_leased;
    const int blocking = dup(ends.writer);
    ASSERT_EQ(fcntl(blocking, F_SETFL, 0), 0);
    Writer writer(blocking, message_max);
    Racer racer(bench);
    GuardedPages guard;
    const long races = race_count();
    long with_bytes = 0;
    for (long i = 0; i < races; ++i) {
        const bool guarded = i % 4 == 0;
        char stack[64];
        char* pages = guarded ? guard.open() : nullptr;
        char* buffer = guarded ? guard.buffer_of(pages) : stack;
        alignas(TestOperation) char place[sizeof(TestOperation)];
        auto* operation = new (guarded ? pages : place)
            TestOperation(kind, ends.reader, buffer, 1 + racer.dice.below(sizeof stack));
        racer.run(*operation);
        if (operation->result != -ECANCELED) {
            ASSERT_GT(operation->result, 0);
            ++with_bytes;
            expect_stream(static_cast<const char*>(operation->data), operation->result,
                          writer.received);
            writer.received += static_cast<std::size_t>(operation->result);
            if (leased) {
                bench.driver().give_back(operation->data);
            }
        }
        if (guarded) {
            guard.shut(pages);
        }
    }
    const std::size_t sent = writer.stop();
    read_the_rest(bench, leased ? OperationKind::receive : kind, ends.reader, writer, sent);
    EXPECT_EQ(with_bytes + racer.cancelled, races);
    racer.expect_races(races);
    std::printf(
        "receive%s from %s of messages up to %zu bytes on %s: %ld races, %ld with bytes, "
        "%ld cancelled, %zu bytes sent, %zu received\n",
        leased ? " into a lease" : "", ends.over, message_max, bench.driver().name(), races,
        with_bytes, racer.cancelled, sent, writer.received.load());
    ::close(blocking);
    bench.close(ends.writer);
    bench.close(ends.reader);
}

TEST_P(RaceSlow, cancelled_receives_lose_no_byte) {
    race_receives(*bench_, OperationKind::receive, over_tcp(*bench_), small_message);
    race_receives(*bench_, OperationKind::receive_leased, over_tcp(*bench_), small_message);
    race_receives(*bench_, OperationKind::receive_leased, over_tcp(*bench_), large_message);
}

// io_uring makes the read itself, and is asked to stop while it does.
TEST_P(RaceSlow, cancelled_reads_of_a_pipe_lose_no_byte) {
    const auto [in, out] = bench_->pipe();
    race_receives(*bench_, OperationKind::read, {out, in, "a pipe"}, small_message);
}

// `hint` is the operation's.
void race_accepts(Bench& bench, std::uint8_t hint) {
    Driver& driver = bench.driver();
    const Listener listener = bench.listen(AF_INET, 4096);
    Connector connector(listener);
    Racer racer(bench);
    const long races = race_count();
    long delivered = 0;
    for (long i = 0; i < races; ++i) {
        TestOperation accept(OperationKind::accept, listener.fd);
        accept.hint = hint;
        racer.run(accept);
        if (accept.result >= 0) {
            connector.accepted = ++delivered;
            bench.close(accept.result);
        } else {
            ASSERT_EQ(accept.result, -ECANCELED);
        }
        if (i % 256 == 0) {
            driver.wait(0);
        }
    }
    const long connected = connector.stop();
    const long during = delivered;
    while (delivered < connected) {
        const int fd = bench.run(OperationKind::accept, listener.fd);
        ASSERT_GE(fd, 0);
        ++delivered;
        bench.close(fd);
    }
    EXPECT_EQ(delivered, connected);
    racer.expect_races(races);
    std::printf(
        "accept%s on %s: %ld races, %ld delivered, %ld cancelled, %ld connections, %ld of "
        "them accepted\n",
        hint != 0 ? " in the kernel" : "", driver.name(), races, during, racer.cancelled, connected,
        delivered);
    bench.close(listener.fd);
}

TEST_P(RaceSlow, cancelled_accepts_lose_no_connection) {
    race_accepts(*bench_, 0);
    if (driver().accepts_beside()) {
        race_accepts(*bench_, 1);
    }
}

}  // namespace rondo::test
