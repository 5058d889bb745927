// SPDX-License-Identifier: Apache-2.0
// Polls: one shot, level-triggered, of descriptors that somebody else owns.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

#include "driver/conformance.hpp"

namespace rondo::test {

TEST_P(Conformance, a_poll_of_what_is_ready_already_ends) {
    const auto [client, server] = bench_->unix_pair();
    TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
    EXPECT_EQ(bench_->run(out) & POLLOUT, POLLOUT);
    ASSERT_EQ(bench_->send(server, "x"), 1);
    TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
    EXPECT_EQ(bench_->run(in) & POLLIN, POLLIN);
    close_both(client, server);
}

TEST_P(Conformance, a_poll_waits_and_reads_nothing) {
    const auto [client, server] = bench_->unix_pair();
    TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
    ASSERT_FALSE(bench_->submit(in));
    bench_->turn();
    EXPECT_EQ(in.announced, 0);
    ASSERT_EQ(bench_->send(server, "x"), 1);
    bench_->finish(in);
    EXPECT_EQ(in.result & POLLIN, POLLIN);
    EXPECT_EQ(bench_->receive(client), "x");
    close_both(client, server);
}

TEST_P(Conformance, a_poll_is_level_triggered_and_fires_once_per_submit) {
    const auto [client, server] = bench_->unix_pair();
    ASSERT_EQ(bench_->send(server, "unread"), 6);
    TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(bench_->run(in) & POLLIN, POLLIN);
        bench_->turn();
        EXPECT_LE(in.announced, 1);
    }
    close_both(client, server);
}

TEST_P(Conformance, polls_of_both_directions_wait_apart) {
    const auto [client, server] = bench_->unix_pair();
    TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
    TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
    ASSERT_FALSE(bench_->submit(in));
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(bench_->run(out) & POLLOUT, POLLOUT);
        EXPECT_EQ(in.announced, 0);
    }
    ASSERT_EQ(bench_->send(server, "x"), 1);
    bench_->finish(in);
    EXPECT_EQ(in.result & POLLIN, POLLIN);
    close_both(client, server);
}

TEST_P(Conformance, one_poll_may_want_both_directions) {
    const auto [client, server] = bench_->unix_pair();
    TestOperation both(OperationKind::poll, client, nullptr, POLLIN | POLLOUT);
    EXPECT_EQ(bench_->run(both) & (POLLIN | POLLOUT), POLLOUT);
    ASSERT_FALSE(bench_->submit(both));
    TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
    EXPECT_EQ(bench_->run(in), -EBUSY);
    driver().cancel(both);
    bench_->finish(both);
    close_both(client, server);
}

TEST_P(Conformance, a_poll_for_room_waits_until_the_peer_has_read) {
    const auto [client, server] = bench_->unix_pair();
    const std::size_t unread = fill(client);
    TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
    ASSERT_FALSE(bench_->submit(out));
    bench_->turn();
    EXPECT_EQ(out.announced, 0);
    bench_->receive_exactly(server, unread);
    bench_->finish(out);
    EXPECT_EQ(out.result & POLLOUT, POLLOUT);
    close_both(client, server);
}

TEST_P(Conformance, a_poll_for_room_waits_on_when_the_peers_stream_ends) {
    for (const bool ended_before : {false, true}) {
        const auto [client, server] = bench_->unix_pair();
        const std::size_t unread = fill(client);
        TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
        if (ended_before) {
            ASSERT_EQ(end_stream(server), 0);
        }
        ASSERT_FALSE(bench_->submit(out));
        bench_->turn();
        if (!ended_before) {
            ASSERT_EQ(end_stream(server), 0);
        }
        bench_->turn();
        EXPECT_EQ(out.announced, 0);
        EXPECT_FALSE(driver().pending());
        bench_->receive_exactly(server, unread);
        bench_->finish(out);
        EXPECT_EQ(out.result & POLLOUT, POLLOUT);
        EXPECT_EQ(bench_->run(out) & POLLOUT, POLLOUT);
        close_both(client, server);
    }
}

TEST_P(Conformance, a_poll_for_room_is_cancelled_after_the_peers_stream_ended) {
    const auto [client, server] = bench_->unix_pair();
    fill(client);
    ASSERT_EQ(end_stream(server), 0);
    TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
    for (int i = 0; i < 3; ++i) {
        ASSERT_FALSE(bench_->submit(out));
        bench_->turn(i);
        EXPECT_EQ(bench_->cancel(out), -ECANCELED);
    }
    close_both(client, server);
}

TEST_P(Conformance, a_poll_for_room_on_tcp_ends_with_room_and_not_with_the_peers_stream) {
    const auto [client, server] = bench_->tcp_pair();
    const std::size_t unread = fill(client);
    TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
    bench_->submit(out);
    bench_->turn();
    ASSERT_EQ(end_stream(server), 0);
    bench_->turn();
    bench_->receive_exactly(server, unread);
    bench_->finish(out);
    EXPECT_EQ(out.result & POLLOUT, POLLOUT);
    close_both(client, server);
}

TEST_P(Conformance, a_poll_sees_the_peer_hang_up) {
    const auto [client, server] = bench_->unix_pair();
    TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
    ASSERT_FALSE(bench_->submit(in));
    bench_->close(server);
    bench_->finish(in);
    EXPECT_NE(in.result & (POLLIN | POLLHUP), 0);
    bench_->close(client);
}

TEST_P(Conformance, a_cancelled_poll_leaves_nothing_armed) {
    const auto [client, server] = bench_->unix_pair();
    TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
    for (int i = 0; i < 3; ++i) {
        ASSERT_FALSE(bench_->submit(in));
        EXPECT_EQ(bench_->cancel(in), -ECANCELED);
        ASSERT_FALSE(bench_->submit(in));
        bench_->turn();
        EXPECT_EQ(in.announced, 0);
        EXPECT_EQ(bench_->cancel(in), -ECANCELED);
    }
    ASSERT_FALSE(bench_->submit(in));
    ASSERT_EQ(bench_->send(server, "x"), 1);
    bench_->finish(in);
    EXPECT_EQ(in.result & POLLIN, POLLIN);
    close_both(client, server);
}

TEST_P(Conformance, a_poll_and_another_kind_do_not_share_a_descriptor) {
    const auto [client, server] = bench_->unix_pair();
    char buffer[4];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
    EXPECT_EQ(bench_->run(out), -EBUSY);
    EXPECT_EQ(bench_->cancel(receive), -ECANCELED);
    EXPECT_GT(bench_->run(out), 0);
    ASSERT_EQ(bench_->send(server, "x"), 1);
    EXPECT_EQ(bench_->run(receive), 1);
    close_both(client, server);
}

TEST_P(Conformance, a_receive_after_a_poll_sees_what_the_poll_saw) {
    for (const bool local : {true, false}) {
        const auto [client, server] = local ? bench_->unix_pair() : bench_->tcp_pair();
        char byte = 0;
        TestOperation early(OperationKind::receive, client, &byte, 1);
        ASSERT_FALSE(bench_->submit(early));
        EXPECT_EQ(bench_->cancel(early), -ECANCELED);
        TestOperation in(OperationKind::poll, client, nullptr, POLLIN);
        ASSERT_FALSE(bench_->submit(in));
        ASSERT_EQ(bench_->send(server, "x"), 1);
        bench_->finish(in);
        EXPECT_EQ(bench_->receive(client), "x");
        close_both(client, server);
    }
}

TEST_P(Conformance, a_send_after_a_poll_for_room_finds_room) {
    const auto [client, server] = bench_->unix_pair();
    const std::size_t unread = fill(client);
    TestOperation out(OperationKind::poll, client, nullptr, POLLOUT);
    ASSERT_FALSE(bench_->submit(out));
    bench_->receive_exactly(server, unread);
    bench_->finish(out);
    EXPECT_EQ(bench_->send(client, "x"), 1);
    EXPECT_EQ(bench_->receive(server), "x");
    close_both(client, server);
}

TEST_P(Conformance, a_poll_that_wants_nothing_is_invalid) {
    const auto [client, server] = bench_->unix_pair();
    EXPECT_EQ(bench_->run(OperationKind::poll, client, nullptr, 0), -EINVAL);
    close_both(client, server);
}

TEST_P(Conformance, a_file_is_always_ready_to_a_poll) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
    const int fd = fileno(file.get());
    const int expected = is_real() ? POLLIN : -EOPNOTSUPP;
    EXPECT_EQ(bench_->run(OperationKind::poll, fd, nullptr, POLLIN), expected);
}

// A library opens and closes its descriptors without telling the driver.
TEST_P(KernelConformance, a_foreign_number_may_be_closed_and_reopened_behind_the_driver) {
    for (int i = 0; i < 20; ++i) {
        int fds[2];
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        TestOperation in(OperationKind::poll, fds[0], nullptr, POLLIN);
        TestOperation out(OperationKind::poll, fds[0], nullptr, POLLOUT);
        ASSERT_FALSE(bench_->submit(in));
        EXPECT_EQ(bench_->run(out) & POLLOUT, POLLOUT);
        if (i % 2 == 0) {
            driver().cancel(in);
        } else {
            ASSERT_EQ(::write(fds[1], "x", 1), 1);
        }
        ::close(fds[0]);
        ::close(fds[1]);
        if (i % 2 != 0) {
            driver().cancel(in);
        }
        bench_->finish(in);
    }
    const auto [client, server] = bench_->unix_pair();
    ASSERT_EQ(bench_->send(client, "x"), 1);
    EXPECT_EQ(bench_->receive(server), "x");
    close_both(client, server);
}

}  // namespace rondo::test
