// SPDX-License-Identifier: Apache-2.0
#include "driver/kernel_calls.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <string>

#include "driver/driver_harness.hpp"

namespace rondo::test {

using detail::KernelCalls;

// An edge that was none must not make a connection out of an attempt.
TEST(KernelCalls, a_connect_in_progress_is_neither_made_nor_failed) {
    Bench bench({DriverKind::epoll});
    const Listener listener = bench.listen(AF_INET, 0);
    std::deque<int> clients;
    int in_progress = 0;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(KernelCalls::open_socket(AF_INET, SocketType::stream));
        const int started =
            KernelCalls::connect(clients.back(), &listener.address, listener.length);
        EXPECT_TRUE(started == 0 || started == -EINPROGRESS);
    }
    for (const int client : clients) {
        const int result = KernelCalls::connect_result(client);
        EXPECT_TRUE(result == 0 || result == -EINPROGRESS) << result;
        in_progress += result == -EINPROGRESS ? 1 : 0;
        KernelCalls::close(client);
    }
    EXPECT_GT(in_progress, 0);
    bench.close(listener.fd);
}

TEST(KernelCalls, only_of_tcp_a_short_read_means_empty) {
    Bench bench({DriverKind::epoll});
    const auto [client, server] = bench.tcp_pair();
    const auto [near, far] = bench.unix_pair();
    const auto [in, out] = bench.pipe();
    EXPECT_TRUE(KernelCalls::short_means_empty(client));
    EXPECT_FALSE(KernelCalls::short_means_empty(near));
    EXPECT_FALSE(KernelCalls::short_means_empty(in));
    EXPECT_FALSE(KernelCalls::short_means_empty(-1));
    for (const int fd : {client, server, near, far, in, out}) {
        bench.close(fd);
    }
}

TEST(KernelCalls, a_blocking_pipe_is_never_waited_for) {
    int fds[2];
    ASSERT_EQ(KernelCalls::make_pipe(fds), 0);
    EXPECT_EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    std::string bytes(1 << 20, 'p');
    Operation read(OperationKind::read, fds[0]);
    Operation write(OperationKind::write, fds[1]);
    for (Operation* operation : {&read, &write}) {
        operation->data = bytes.data();
        operation->size = static_cast<std::uint32_t>(bytes.size());
        operation->offset = current_position;
    }
    EXPECT_EQ(KernelCalls::read(read), -EAGAIN);
    EXPECT_GT(KernelCalls::write(write), 0);
    while (KernelCalls::write(write) > 0) {
    }
    EXPECT_EQ(KernelCalls::write(write), -EAGAIN);
    EXPECT_GT(KernelCalls::read(read), 0);
    KernelCalls::close(fds[0]);
    KernelCalls::close(fds[1]);
}

}  // namespace rondo::test
