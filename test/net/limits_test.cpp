// SPDX-License-Identifier: Apache-2.0
// The limits of a process: descriptors run out, and ten thousand connections that do nothing.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>

#include "net/net_test.hpp"
#include "rondo/loop/sleep.hpp"
#include "rondo/net/serve.hpp"
#include "support/meet_error.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RONDO_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RONDO_SANITIZED 1
#endif
#ifndef RONDO_SANITIZED
#define RONDO_SANITIZED 0
#endif

namespace rondo::test {
namespace {

using net::ServeOptions;
using net::Server;

class LimitsSlow : public NetTest {
protected:
    void two_hundred_clients(std::size_t accepts_at_once);
};

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A condition that must hold in a child process; says what failed.
void require(bool condition, const char* what) {
    if (!condition) {
        std::fprintf(stderr, "in the child: %s\n", what);
        std::_Exit(1);
    }
}

constexpr int clients = 200;

// The server's side: 64 descriptors. Told through pipes when to look at its clock.
void serve_with_64(const RunOptions& options, std::size_t accepts_at_once, int out) {
    meet_error();
    rlimit low{64, 64};
    require(setrlimit(RLIMIT_NOFILE, &low) == 0, "setrlimit");
    run(
        [&]() -> Task<> {
            TcpListener listener = TcpListener::listen(Address::loopback(0));
            const std::uint16_t port = listener.local_address().port();
            require(::write(out, &port, sizeof port) == sizeof port, "pipe");
            ServeOptions limits;
            limits.grace = Duration::zero();
            limits.refuse_after = 1h;
            limits.accepts_at_once = accepts_at_once;
            Server server(limits);
            auto serving = create_task(net::serve(listener, send_back, server));
            while (server.stats().exhausted == 0) {
                co_await sleep(1ms);
            }
            const std::size_t full = server.active();
            require(full > 20 && full < 64, "some connections are served");
            const double before = cpu_seconds();
            co_await sleep(2s);
            const double used = cpu_seconds() - before;
            std::printf(
                "%s: %zu of %d clients served at 64 descriptors; waiting used %.1f %% of a "
                "core, %llu accepts failed in 2 s\n",
                current_loop().driver().name(), full, clients, used / 2 * 100,
                static_cast<unsigned long long>(server.stats().exhausted));
            require(used / 2 < 0.05, "less than 5 % of a core");
            const char word = 'f';
            require(::write(out, &word, 1) == 1, "pipe");
            while (server.stats().accepted < clients || server.active() > 0) {
                co_await sleep(1ms);
            }
            require(server.stats().refused == 0, "nobody was refused");
            server.shut_down();
            co_await serving;
        },
        options);
}

// All clients connect, and talk; those that wait in the queue are served as others leave.
void LimitsSlow::two_hundred_clients(std::size_t accepts_at_once) {
    int out[2];
    ASSERT_EQ(pipe(out), 0);
    const pid_t child = fork();
    if (child == 0) {
        serve_with_64(GetParam(), accepts_at_once, out[1]);
        std::fflush(stdout);
        std::_Exit(0);
    }
    ::close(out[1]);
    std::uint16_t port = 0;
    ASSERT_EQ(::read(out[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
    on_driver([&]() -> Task<> {
        std::deque<TcpStream> streams;
        for (int i = 0; i < clients; ++i) {
            streams.push_back(co_await TcpStream::connect(Address::loopback(port)));
        }
        // While nothing is accepted, who is connected is served.
        co_await streams.front().write_all("early");
        const std::string early = co_await read_exactly(streams.front(), 5);
        EXPECT_EQ(early, "early");
        char word = 0;
        EXPECT_EQ(::read(out[0], &word, 1), 1);
        // The first connections were accepted first. Each that ends makes room for one that waits.
        Duration longest{};
        while (!streams.empty()) {
            const TimePoint begin = now();
            co_await streams.front().write_all("x");
            const std::string answer = co_await read_exactly(streams.front(), 1);
            EXPECT_EQ(answer, "x");
            longest = std::max(longest, now() - begin);
            streams.pop_front();
        }
        std::printf("longest wait for service once descriptors are freed: %.1f ms\n",
                    static_cast<double>(longest.count()) / 1e6);
        EXPECT_LT(longest, 100ms * (RONDO_SANITIZED + 1));
    });
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ::close(out[0]);
}

TEST_P(LimitsSlow, two_hundred_clients_at_64_descriptors) { two_hundred_clients(1); }

TEST_P(LimitsSlow, two_hundred_clients_and_several_accepts_at_once) { two_hundred_clients(16); }

long resident_bytes() {
    long pages = 0;
    long resident = 0;
    FILE* const file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr || std::fscanf(file, "%ld %ld", &pages, &resident) != 2) {
        resident = 0;
    }
    if (file != nullptr) {
        std::fclose(file);
    }
    return resident * sysconf(_SC_PAGESIZE);
}

// In a child process: connects `count` times to the port that comes from `from`. Every hundredth
// connection talks. It exits when the server has closed all.
[[noreturn]] void hold_connections(std::size_t count, int from) {
    std::uint16_t port = 0;
    require(::read(from, &port, sizeof port) == sizeof port, "pipe");
    const Address address = Address::loopback(port);
    std::vector<int> streams;
    char byte = 'x';
    while (streams.size() < count) {
        streams.push_back(::socket(AF_INET, SOCK_STREAM, 0));
        require(::connect(streams.back(), address.data(), address.size()) == 0, "connect");
        if (streams.size() % 100 == 0) {
            require(::send(streams.back(), &byte, 1, MSG_NOSIGNAL) == 1, "send");
            require(::recv(streams.back(), &byte, 1, 0) == 1, "an echo");
        }
    }
    for (const int stream : streams) {
        require(::recv(stream, &byte, 1, 0) <= 0, "the end");
    }
    std::_Exit(0);
}

TEST_P(LimitsSlow, ten_thousand_idle_connections) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    constexpr rlim_t needed = 10'100;
    if (limit.rlim_cur < needed) {
        limit.rlim_cur = std::min<rlim_t>(needed, limit.rlim_max);
        ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    const std::size_t count =
        std::min<std::size_t>(10'000, static_cast<std::size_t>(limit.rlim_cur - 100));
    int ports[2];
    ASSERT_EQ(pipe(ports), 0);
    const pid_t child = fork();
    if (child == 0) {
        hold_connections(count, ports[0]);
    }
    on_driver([&]() -> Task<> {
        TcpListener listener = TcpListener::listen(Address::loopback(0));
        ServeOptions options;
        options.connections_max = count;
        options.grace = 1ms;
        Server server(options);
        const long before = resident_bytes();
        auto serving = create_task(net::serve(listener, send_back, server));
        const std::uint16_t port = listener.local_address().port();
        EXPECT_EQ(::write(ports[1], &port, sizeof port), static_cast<ssize_t>(sizeof port));
        while (server.active() < count) {
            co_await sleep(1ms);
        }
        co_await sleep(10ms);
        const long used = resident_bytes() - before;
        const TimePoint begin = now();
        server.shut_down();
        co_await serving;
        const Duration took = now() - begin;
        std::printf("%s: %zu idle connections, %.0f bytes each, closed in %.1f ms\n",
                    current_loop().driver().name(), count,
                    static_cast<double>(used) / static_cast<double>(count),
                    static_cast<double>(took.count()) / 1e6);
        EXPECT_EQ(server.active(), 0U);
        EXPECT_LT(took, 1s * (RONDO_SANITIZED * 9 + 1));
        if (RONDO_SANITIZED == 0) {
            EXPECT_LE(static_cast<std::size_t>(used), count * 1024);
        }
    });
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ::close(ports[0]);
    ::close(ports[1]);
}

INSTANTIATE_TEST_SUITE_P(net, LimitsSlow, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
