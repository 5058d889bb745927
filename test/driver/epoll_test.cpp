// SPDX-License-Identifier: Apache-2.0
// What the epoll driver asks the kernel for, as /proc/self/fdinfo tells it: see proc(5).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "driver/driver_harness.hpp"
#include "support/temporary_folder.hpp"

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

    /// Expects that a thread reads `fd`, at `offset`, and gives the number of bytes.
    int read_by_a_thread(int fd, std::uint64_t offset) {
        char buffer[64];
        TestOperation read(OperationKind::read, fd, buffer, sizeof buffer);
        read.offset = offset;
        EXPECT_FALSE(bench_.submit(read)) << "it was read on the loop's thread";
        if (read.state != OperationState::done) {
            bench_.finish(read);
        }
        return read.result;
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

// As those of FUSE can, whose reads go over a network.
TEST_F(Epoll, threads_read_a_file_that_can_be_polled) {
    const int fd = ::open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    EXPECT_GT(read_by_a_thread(fd, 0), 0);
    EXPECT_GT(read_by_a_thread(fd, current_position), 0);
    EXPECT_EQ(registered_events(fd), std::nullopt);
    bench_.close(fd);
}

TEST_F(Epoll, an_offset_in_a_pipe_is_an_error_and_registers_nothing) {
    const auto [in, out] = bench_.pipe();
    EXPECT_EQ(read_by_a_thread(in, 0), -ESPIPE);
    EXPECT_EQ(registered_events(in), std::nullopt);
    bench_.close(in);
    bench_.close(out);
}

TEST_F(Epoll, a_file_with_the_number_of_a_pipe_that_others_closed_is_no_pipe) {
    const TemporaryFolder folder;
    make_file(folder / "file", "text");
    const auto [in, out] = bench_.pipe();
    char byte = 0;
    TestOperation read(OperationKind::read, in, &byte, 1);
    ASSERT_FALSE(bench_.submit(read));
    EXPECT_EQ(bench_.cancel(read), -ECANCELED);
    ASSERT_EQ(asked_for(in), reading);
    const int file = ::open((folder / "file").c_str(), O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    ASSERT_EQ(::dup2(file, in), in);
    ::close(file);
    EXPECT_EQ(read_by_a_thread(in, 0), 4);
    bench_.close(in);
    bench_.close(out);
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
