// SPDX-License-Identifier: Apache-2.0
// A cancel against a completion, a hundred thousand times: no byte and no connection is lost, every
// operation ends exactly once, and nothing is touched after its end.
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "driver/driver_harness.hpp"
#include "sim/random.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RONDO_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RONDO_SANITIZED 1
#endif
#endif
#ifndef RONDO_SANITIZED
#define RONDO_SANITIZED 0
#endif

namespace rondo::test {
namespace {

long race_count() {
    const char* variable = std::getenv("RONDO_RACES");
    return variable != nullptr ? std::atol(variable) : RONDO_SANITIZED ? 20'000 : 100'000;
}

void spin(std::size_t rounds) {
    for (std::size_t i = 0; i < rounds; ++i) {
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
}

/// Two pages for one operation and its buffer; they are taken away when the operation ended.
class GuardedPages {
public:
    GuardedPages() : size_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
        memory_ = static_cast<char*>(mmap(nullptr, count * 2 * size_, PROT_NONE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    }
    GuardedPages(const GuardedPages&) = delete;
    GuardedPages& operator=(const GuardedPages&) = delete;
    ~GuardedPages() { munmap(memory_, count * 2 * size_); }

    char* open() {
        char* pages = memory_ + next_ * 2 * size_;
        EXPECT_EQ(mprotect(pages, 2 * size_, PROT_READ | PROT_WRITE), 0);
        return pages;
    }
    char* buffer_of(char* pages) const { return pages + size_; }
    void shut(char* pages) {
        EXPECT_EQ(mprotect(pages, 2 * size_, PROT_NONE), 0);
        next_ = (next_ + 1) % count;
    }

private:
    static constexpr std::size_t count = 1024;
    std::size_t size_;
    char* memory_ = nullptr;
    std::size_t next_ = 0;
};

/// Submits operations and cancels each at a random instant.
class Racer {
public:
    explicit Racer(Bench& bench) : bench_(bench) {}

    void run(TestOperation& operation) {
        if (!bench_.submit(operation)) {
            race(operation);
            end(operation);
        }
        EXPECT_EQ(operation.state, OperationState::done);
        ++terminals;
        cancelled += operation.result == -ECANCELED ? 1 : 0;
    }

    detail::SimRandom dice{20'260'000};
    long terminals = 0;
    long cancelled = 0;

private:
    void race(TestOperation& operation) {
        Driver& driver = bench_.driver();
        switch (dice.below(4)) {
            case 1: driver.wait(0); break;
            case 2:
                spin(dice.below(2000));
                driver.wait(0);
                break;
            case 3: driver.wait(driver.now() + 20'000); break;
            default: break;
        }
        if (operation.announced == 0) {
            driver.cancel(operation);
        }
    }

    void end(TestOperation& operation) {
        Driver& driver = bench_.driver();
        for (;;) {
            while (operation.announced == 0) {
                driver.wait(Driver::never);
            }
            ASSERT_EQ(operation.announced, 1);
            if (dice.one_in(3)) {
                driver.cancel(operation);
            }
            if (driver.perform(operation)) {
                return;
            }
            operation.announced = 0;
        }
    }

    Bench& bench_;
};

/// Writes bytes that tell their position, at random instants, a little ahead of the reader.
class Writer {
public:
    explicit Writer(int fd) : thread_([this, fd] { write(fd); }) {}

    /// How many bytes it sent.
    std::size_t stop() {
        stop_ = true;
        thread_.join();
        return sent_;
    }

    std::atomic<std::size_t> received{0};

private:
    void write(int fd) {
        detail::SimRandom dice(12'345);
        while (!stop_) {
            if (sent_ > received + 4000) {
                sched_yield();
                continue;
            }
            char bytes[40];
            const std::size_t count = 1 + dice.below(sizeof bytes);
            for (std::size_t i = 0; i < count; ++i) {
                bytes[i] = byte_at(sent_ + i);
            }
            if (::send(fd, bytes, count, MSG_NOSIGNAL) != static_cast<ssize_t>(count)) {
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
            if (connected_ > accepted + 500) {
                sched_yield();
                continue;
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

class RaceSlow : public DriverTest {};

}  // namespace

INSTANTIATE_TEST_SUITE_P(drivers, RaceSlow, testing::ValuesIn(real_drivers()),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(RaceSlow, cancelled_receives_lose_no_byte) {
    const auto [client, server] = bench_->tcp_pair();
    const int blocking = dup(client);
    ASSERT_EQ(fcntl(blocking, F_SETFL, 0), 0);
    Writer writer(blocking);
    Racer racer(*bench_);
    GuardedPages guard;
    const long races = race_count();
    long with_bytes = 0;
    for (long i = 0; i < races; ++i) {
        const bool guarded = i % 4 == 0;
        char stack[64];
        char* pages = guarded ? guard.open() : nullptr;
        char* buffer = guarded ? guard.buffer_of(pages) : stack;
        alignas(TestOperation) char place[sizeof(TestOperation)];
        auto* operation = new (guarded ? pages : place) TestOperation(
            OperationKind::receive, server, buffer, 1 + racer.dice.below(sizeof stack));
        racer.run(*operation);
        if (operation->result != -ECANCELED) {
            ASSERT_GT(operation->result, 0);
            ++with_bytes;
            for (int k = 0; k < operation->result; ++k) {
                ASSERT_EQ(buffer[k], byte_at(writer.received + static_cast<std::size_t>(k)));
            }
            writer.received += static_cast<std::size_t>(operation->result);
        }
        if (guarded) {
            guard.shut(pages);
        }
    }
    const std::size_t sent = writer.stop();
    while (writer.received < sent) {
        for (const char byte : bench_->receive(server)) {
            ASSERT_EQ(byte, byte_at(writer.received++));
        }
    }
    EXPECT_EQ(racer.terminals, races);
    std::printf(
        "receive on %s: %ld races, %ld with bytes, %ld cancelled, %zu bytes sent, %zu "
        "received\n",
        driver().name(), races, with_bytes, racer.cancelled, sent, writer.received.load());
    ::close(blocking);
    bench_->close(client);
    bench_->close(server);
}

TEST_P(RaceSlow, cancelled_accepts_lose_no_connection) {
    const Listener listener = bench_->listen(AF_INET, 4096);
    Connector connector(listener);
    Racer racer(*bench_);
    const long races = race_count();
    long delivered = 0;
    for (long i = 0; i < races; ++i) {
        TestOperation accept(OperationKind::accept, listener.fd);
        racer.run(accept);
        if (accept.result >= 0) {
            connector.accepted = ++delivered;
            bench_->close(accept.result);
        } else {
            ASSERT_EQ(accept.result, -ECANCELED);
        }
        if (i % 256 == 0) {
            driver().wait(0);
        }
    }
    const long connected = connector.stop();
    const long during = delivered;
    while (delivered < connected) {
        const int fd = bench_->run(OperationKind::accept, listener.fd);
        ASSERT_GE(fd, 0);
        ++delivered;
        bench_->close(fd);
    }
    EXPECT_EQ(delivered, connected);
    EXPECT_EQ(racer.terminals, races);
    std::printf(
        "accept on %s: %ld races, %ld delivered, %ld cancelled, %ld connections, %ld of "
        "them accepted\n",
        driver().name(), races, during, racer.cancelled, connected, delivered);
    bench_->close(listener.fd);
}

}  // namespace rondo::test
