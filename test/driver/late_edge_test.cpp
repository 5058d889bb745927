// SPDX-License-Identifier: Apache-2.0
// io_uring reports an edge that came when the last one was being handled, although a receive took
// what it told. Streams of large messages meet it often, and are then polled once for each wait.
#include <gtest/gtest.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "driver/driver_harness.hpp"
#include "driver/uring/probe.hpp"

namespace rondo::test {
namespace {

constexpr int message_size = 8192;

class LateEdge : public testing::Test {
protected:
    void SetUp() override {
        if (detail::probe_uring().error != 0) {
            GTEST_SKIP() << "no io_uring on this system";
        }
        bench_ = std::make_unique<Bench>(DriverParam{DriverKind::uring});
        std::tie(near_, far_) = bench_->tcp_pair();
        buffer_.resize(64 * 1024);
        receive_ = std::make_unique<TestOperation>(OperationKind::receive, near_, buffer_.data(),
                                                   buffer_.size());
    }

    void TearDown() override {
        if (bench_ == nullptr) {
            return;
        }
        close_all();
        EXPECT_EQ(bench_->driver().in_flight(), 0u);
        EXPECT_EQ(bench_->descriptors_left(), 0);
    }

    void close_all() {
        for (int* const fd : {&near_, &far_}) {
            if (*fd >= 0) {
                bench_->close(std::exchange(*fd, -1));
            }
        }
    }

    /// Returns when `size` bytes in all can be read: softirqs deliver when they like.
    void send(int size, int in_all) {
        const std::string bytes(static_cast<std::size_t>(size), 'x');
        ASSERT_EQ(::send(far_, bytes.data(), bytes.size(), 0), size);
        for (int present = 0; present < in_all; sched_yield()) {
            ASSERT_EQ(ioctl(near_, FIONREAD, &present), 0);
        }
    }

    void wait_for_bytes() { ASSERT_FALSE(bench_->submit(*receive_)); }

    /// A receive takes a message that has its edge, and the one behind it.
    void receive_two() {
        send(message_size, message_size);
        while (receive_->announced == 0) {
            bench_->driver().wait(Driver::never);
        }
        ASSERT_EQ(receive_->state, OperationState::runnable);
        send(message_size, 2 * message_size);
        bench_->finish(*receive_);
        ASSERT_EQ(receive_->result, 2 * message_size);
    }

    void receive_one(int size) {
        send(size, size);
        bench_->finish(*receive_);
        ASSERT_EQ(receive_->result, size);
    }

    /// True when the receive that waits was told of an edge, and found nothing.
    bool finds_nothing() {
        bench_->turn();
        if (receive_->announced == 0) {
            return false;
        }
        EXPECT_FALSE(bench_->driver().perform(*receive_));
        receive_->announced = 0;
        return true;
    }

    /// The stream has been found to be one of those; or the kernel has looked again, and there are
    /// none. What is tested after it holds in both cases, but where met_ is asked for.
    void meet_a_late_edge() {
        wait_for_bytes();
        receive_one(message_size);
        wait_for_bytes();
        receive_two();
        wait_for_bytes();
        met_ = finds_nothing();
    }

    std::unique_ptr<Bench> bench_;
    std::string buffer_;
    std::unique_ptr<TestOperation> receive_;
    int near_ = -1;
    int far_ = -1;
    bool met_ = false;
};

TEST_F(LateEdge, is_met_once_in_a_stream) {
    meet_a_late_edge();
    for (int i = 0; i < 5; ++i) {
        receive_two();
        wait_for_bytes();
        EXPECT_FALSE(finds_nothing()) << i;
    }
    receive_one(message_size);
}

// A poll that goes on needs no entry for another wait.
TEST_F(LateEdge, of_small_messages_one_poll_is_for_all) {
    meet_a_late_edge();
    if (!met_) {
        GTEST_SKIP() << "this kernel looks again: edge_was_late() is not needed";
    }
    receive_one(message_size);
    wait_for_bytes();
    EXPECT_TRUE(bench_->driver().pending());
    bench_->turn();
    for (int i = 0; i < 3; ++i) {
        receive_one(1);
        wait_for_bytes();
        EXPECT_EQ(bench_->driver().pending(), i == 0) << i;
        bench_->turn();
    }
    receive_one(message_size);
    wait_for_bytes();
    receive_two();
    wait_for_bytes();
    EXPECT_TRUE(finds_nothing());
    receive_two();
    wait_for_bytes();
    EXPECT_FALSE(finds_nothing());
    receive_one(1);
}

TEST_F(LateEdge, after_it_the_end_behind_the_last_bytes_is_seen) {
    meet_a_late_edge();
    receive_two();
    wait_for_bytes();
    send(message_size, message_size);
    ASSERT_EQ(::shutdown(far_, SHUT_WR), 0);
    bench_->finish(*receive_);
    EXPECT_EQ(receive_->result, message_size);
    EXPECT_EQ(bench_->run(*receive_), 0);
    EXPECT_EQ(bench_->run(*receive_), 0);
}

TEST_F(LateEdge, after_it_a_reset_is_seen) {
    meet_a_late_edge();
    const linger at_once{1, 0};
    ASSERT_EQ(bench_->driver().set_option(far_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once),
              0);
    bench_->close(std::exchange(far_, -1));
    bench_->finish(*receive_);
    EXPECT_EQ(receive_->result, -ECONNRESET);
}

// The queue of errors makes a socket "readable" for as long as it holds something.
TEST_F(LateEdge, after_it_a_queue_of_errors_does_not_end_every_wait) {
    meet_a_late_edge();
    ASSERT_EQ(bench_->driver().set_option(near_, SOL_SOCKET, SO_TIMESTAMPING,
                                          SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE),
              0);
    ASSERT_EQ(::send(near_, "x", 1, 0), 1);
    pollfd errors{near_, 0, 0};
    ASSERT_EQ(::poll(&errors, 1, -1), 1);
    ASSERT_EQ(errors.revents, POLLERR);
    int told = 0;
    for (int i = 0; i < 10; ++i) {
        told += finds_nothing() ? 1 : 0;
    }
    EXPECT_LE(told, 2);
    receive_one(message_size);
}

TEST_F(LateEdge, after_it_a_cancelled_receive_takes_nothing) {
    meet_a_late_edge();
    EXPECT_EQ(bench_->cancel(*receive_), -ECANCELED);
    send(message_size, message_size);
    bench_->turn();
    EXPECT_EQ(bench_->run(*receive_), message_size);
    wait_for_bytes();
    EXPECT_FALSE(finds_nothing());
    EXPECT_EQ(bench_->cancel(*receive_), -ECANCELED);
}

TEST_F(LateEdge, after_it_a_receive_and_a_send_wait_beside_each_other) {
    meet_a_late_edge();
    std::string bytes(9 << 20, 'y');
    TestOperation write(OperationKind::send_all, near_, bytes.data(), bytes.size());
    ASSERT_FALSE(bench_->submit(write));
    receive_two();
    wait_for_bytes();
    EXPECT_FALSE(finds_nothing());
    EXPECT_EQ(bench_->receive_exactly(far_, bytes.size()).size(), bytes.size());
    bench_->finish(write);
    EXPECT_EQ(write.result, 9 << 20);
    receive_one(message_size);
}

TEST_F(LateEdge, after_it_a_close_is_seen_and_its_edge_is_not_the_next_owners) {
    meet_a_late_edge();
    EXPECT_EQ(bench_->cancel(*receive_), -ECANCELED);
    const int number = std::exchange(near_, -1);
    bench_->close(number);
    EXPECT_EQ(bench_->receive(far_), "");
    bench_->close(std::exchange(far_, -1));
    std::tie(near_, far_) = bench_->tcp_pair();
    receive_->fd = near_;
    wait_for_bytes();
    bench_->turn();
    EXPECT_EQ(receive_->announced, 0);
    receive_one(1);
}

}  // namespace
}  // namespace rondo::test
