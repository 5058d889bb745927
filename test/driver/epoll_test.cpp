// SPDX-License-Identifier: Apache-2.0
// What the epoll driver asks the kernel for, as /proc/self/fdinfo tells it: see proc(5).
#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "driver/driver_harness.hpp"

namespace rondo::test {
namespace {

/// The events for which `fd` is registered with any epoll instance of this process.
std::optional<unsigned> registered_events(int fd) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream info(entry.path());
        for (std::string line; std::getline(info, line);) {
            int target = -1;
            unsigned events = 0;
            if (std::sscanf(line.c_str(), "tfd: %d events: %x", &target, &events) == 2 &&
                target == fd) {
                return events;
            }
        }
    }
    return std::nullopt;
}

class Epoll : public testing::Test {
protected:
    static constexpr unsigned reading = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;

    // The system adds EPOLLERR and EPOLLHUP to all.
    static unsigned asked_for(int fd) {
        return registered_events(fd).value_or(0) & (reading | EPOLLOUT);
    }

    Bench bench_{DriverParam{DriverKind::epoll}};
};

TEST_F(Epoll, who_needs_not_wait_is_not_registered) {
    const auto [one, other] = bench_.unix_pair();
    ASSERT_EQ(bench_.send(one, "x"), 1);
    EXPECT_EQ(bench_.receive(other), "x");
    EXPECT_EQ(registered_events(one), std::nullopt);
    EXPECT_EQ(registered_events(other), std::nullopt);
    bench_.close(one);
    bench_.close(other);
}

TEST_F(Epoll, bytes_behind_an_urgent_mark_are_not_forgotten) {
    const Listener listener = bench_.listen();
    const auto [client, server] = bench_.connect_to(listener);
    char buffer[64];
    TestOperation receive(OperationKind::receive, server, buffer, sizeof buffer);
    ASSERT_FALSE(bench_.submit(receive));
    ASSERT_EQ(::send(client, "abc", 3, 0), 3);
    ASSERT_EQ(::send(client, "!", 1, MSG_OOB), 1);
    ASSERT_EQ(::send(client, "def", 3, 0), 3);
    bench_.finish(receive);
    ASSERT_EQ(receive.result, 3) << "a receive ends at the mark";
    EXPECT_EQ(bench_.receive(server), "def");
    for (const int fd : {client, server, listener.fd}) {
        bench_.close(fd);
    }
}

TEST_F(Epoll, room_is_asked_for_once_a_write_blocked) {
    const auto [one, other] = bench_.unix_pair();
    char byte = 0;
    TestOperation receive(OperationKind::receive, one, &byte, 1);
    ASSERT_FALSE(bench_.submit(receive));
    EXPECT_EQ(asked_for(one), reading);

    std::string much(4 << 20, 'x');
    TestOperation send(OperationKind::send_all, one, much.data(),
                       static_cast<std::uint32_t>(much.size()));
    ASSERT_FALSE(bench_.submit(send));
    EXPECT_EQ(asked_for(one), reading | EPOLLOUT);

    std::size_t received = 0;
    while (received < much.size()) {
        received += bench_.receive(other).size();
        bench_.turn(1);
    }
    bench_.finish(send);
    EXPECT_EQ(send.result, static_cast<int>(much.size()));
    ASSERT_EQ(bench_.send(other, "y"), 1);
    bench_.finish(receive);
    EXPECT_EQ(receive.result, 1);
    EXPECT_EQ(byte, 'y');
    EXPECT_EQ(asked_for(one), reading | EPOLLOUT) << "and stays so";
    bench_.close(one);
    bench_.close(other);
}

TEST_F(Epoll, who_waits_for_room_first_is_registered_once) {
    const auto [one, other] = bench_.unix_pair();
    std::string much(4 << 20, 'x');
    TestOperation send(OperationKind::send_all, one, much.data(),
                       static_cast<std::uint32_t>(much.size()));
    ASSERT_FALSE(bench_.submit(send));
    EXPECT_EQ(asked_for(one), reading | EPOLLOUT);
    EXPECT_EQ(bench_.cancel(send), -ECANCELED);
    bench_.close(one);
    bench_.close(other);
}

}  // namespace
}  // namespace rondo::test
