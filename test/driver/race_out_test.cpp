// SPDX-License-Identifier: Apache-2.0
// A cancel against the end of a send, a write or a connect, a hundred thousand times: what the
// driver says was sent was sent, and no connection is left behind.
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

#include "driver/racer.hpp"

namespace rondo::test {
namespace {

/// Reads at random instants, and checks where each byte belongs.
class Reader {
public:
    explicit Reader(int fd) : thread_([this, fd] { read(fd); }) {}

    /// How many bytes came until the end of the stream.
    std::size_t join() {
        thread_.join();
        return received_;
    }
    bool is_sound() const { return sound_; }

private:
    void read(int fd) {
        detail::SimRandom dice(777);
        char bytes[8192];
        for (;;) {
            const ssize_t count = ::read(fd, bytes, 1 + dice.below(sizeof bytes));
            if (count <= 0) {
                return;
            }
            for (ssize_t i = 0; i < count; ++i) {
                sound_ = sound_ && bytes[i] == byte_at(received_++);
            }
            spin(dice.below(5000));
        }
    }

    std::size_t received_ = 0;
    bool sound_ = true;
    std::thread thread_;
};

/// Accepts whoever comes.
class Acceptor {
public:
    explicit Acceptor(int fd) : thread_([this, fd] { accept(fd); }) {}

    long join() {
        thread_.join();
        return accepted_;
    }

private:
    void accept(int fd) {
        for (;;) {
            const int accepted = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
            if (accepted < 0) {
                return;
            }
            ++accepted_;
            ::close(accepted);
        }
    }

    long accepted_ = 0;
    std::thread thread_;
};

// What it says that it sent: all of it, if it was not cancelled; but a write may end after a part.
std::size_t sent_by(const TestOperation& out) {
    const bool stopped = out.result == -ECANCELED;
    if (out.kind == OperationKind::write) {
        EXPECT_TRUE(stopped || out.result > 0) << out.result;
        EXPECT_LE(out.result, static_cast<int>(out.size));
        return out.result > 0 ? static_cast<std::size_t>(out.result) : 0;
    }
    EXPECT_TRUE(stopped || out.result == static_cast<int>(out.size)) << out.result;
    EXPECT_TRUE(stopped ? out.moved < out.size : out.moved == out.size) << out.moved;
    return out.moved;
}

void race_sends(Bench& bench, OperationKind kind, const RaceEnds& ends, const std::string& driver) {
    const int blocking = dup(ends.reader);
    ASSERT_EQ(fcntl(blocking, F_SETFL, 0), 0);
    Reader reader(blocking);
    Racer racer(bench);
    const long races = race_count();
    std::size_t sent = 0;
    long partly = 0;
    std::string bytes;
    for (long i = 0; i < races && !testing::Test::HasFailure(); ++i) {
        bytes.resize(1 + racer.dice.below(6000));
        for (std::size_t k = 0; k < bytes.size(); ++k) {
            bytes[k] = byte_at(sent + k);
        }
        TestOperation send(kind, ends.writer, bytes.data(), bytes.size());
        racer.run(send);
        const std::size_t moved = sent_by(send);
        partly += moved > 0 && moved < bytes.size() ? 1 : 0;
        sent += moved;
        if (moved == 0) {
            sched_yield();  // to the reader
        }
    }
    bench.close(ends.writer);
    bench.driver().wait(0);
    EXPECT_EQ(reader.join(), sent);
    EXPECT_TRUE(reader.is_sound());
    racer.expect_races(races);
    std::printf(
        "send over %s on %s: %ld races, %ld sent, %ld cancelled, %ld ended after a part, "
        "%zu bytes sent and received\n",
        ends.over, driver.c_str(), races, races - racer.cancelled, racer.cancelled, partly, sent);
    ::close(blocking);
    bench.close(ends.reader);
}

}  // namespace

class SendRaceSlow : public RaceSlow {
protected:
    void race_pair(std::pair<int, int> sockets, const char* over) {
        const auto [client, server] = sockets;
        driver().set_option(client, SOL_SOCKET, SO_SNDBUF, 4096);
        driver().set_option(server, SOL_SOCKET, SO_RCVBUF, 4096);
        race_sends(*bench_, OperationKind::send_all, {client, server, over}, name_of(GetParam()));
    }
};

// The peer's window makes most of these wait.
TEST_P(SendRaceSlow, cancelled_sends_say_what_they_sent) { race_pair(bench_->tcp_pair(), "tcp"); }

// Here each read makes room at once.
TEST_P(SendRaceSlow, cancelled_sends_over_a_unix_socket_say_what_they_sent) {
    race_pair(bench_->unix_pair(), "unix");
}

// io_uring makes the write itself, and is asked to stop while it does.
TEST_P(RaceSlow, cancelled_writes_of_a_pipe_say_what_they_wrote) {
    const auto [in, out] = bench_->pipe();
    ASSERT_GE(fcntl(out, F_SETPIPE_SZ, 4096), 4096);
    race_sends(*bench_, OperationKind::write, {out, in, "a pipe"}, name_of(GetParam()));
}

TEST_P(RaceSlow, cancelled_connects_leave_no_connection) {
    const Listener listener = bench_->listen(AF_INET, 4);
    const int blocking = dup(listener.fd);
    ASSERT_EQ(fcntl(blocking, F_SETFL, 0), 0);
    Acceptor acceptor(blocking);
    Racer racer(*bench_);
    const long races = race_count();
    const linger hard{1, 0};
    long connected = 0;
    for (long i = 0; i < races; ++i) {
        const int fd = driver().open_socket(AF_INET);
        ASSERT_GE(fd, 0);
        driver().set_option(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        sockaddr_storage address = listener.address;
        TestOperation connect(OperationKind::connect, fd, &address, listener.length);
        racer.run(connect);
        if (connect.result == 0) {
            ++connected;
        } else {
            ASSERT_EQ(connect.result, -ECANCELED);
        }
        bench_->close(fd);
    }
    ::shutdown(listener.fd, SHUT_RDWR);
    const long accepted = acceptor.join();
    EXPECT_EQ(connected + racer.cancelled, races);
    racer.expect_races(races);
    std::printf("connect on %s: %ld races, %ld connected, %ld cancelled, %ld accepted\n",
                driver().name(), races, connected, racer.cancelled, accepted);
    ::close(blocking);
    bench_->close(listener.fd);
}

INSTANTIATE_TEST_SUITE_P(drivers, SendRaceSlow, testing::ValuesIn(sending_drivers()),
                         [](const auto& one) { return name_of(one.param); });

}  // namespace rondo::test
