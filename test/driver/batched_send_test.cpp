// SPDX-License-Identifier: Apache-2.0
// Sends that io_uring makes together: when, in which order, with which end, and what a cancel does.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "driver/driver_harness.hpp"
#include "driver/uring/probe.hpp"
#include "driver/uring/uring_driver.hpp"

namespace rondo::test {
namespace {

struct Send : TestOperation {
    Send(int to, std::string text)
        : TestOperation(OperationKind::send_all, to), bytes(std::move(text)) {
        data = bytes.data();
        size = static_cast<std::uint32_t>(bytes.size());
    }

    std::string bytes;
};

/// A descriptor of the test's own, which reads at once or not at all.
std::string peek_all(int fd) {
    std::string text(64 * 1024, '\0');
    const ssize_t count = ::recv(fd, text.data(), text.size(), MSG_DONTWAIT | MSG_PEEK);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

class BatchedSend : public testing::Test {
protected:
    void SetUp() override {
        if (detail::probe_uring().error != 0) {
            GTEST_SKIP() << "no io_uring on this system";
        }
        start({DriverKind::uring, 0, "", true});
    }
    void TearDown() override {
        if (bench_ == nullptr) {
            return;
        }
        EXPECT_EQ(driver().in_flight(), 0u);
        EXPECT_EQ(bench_->leases_out(), 0u);
        EXPECT_EQ(bench_->descriptors_left(), 0);
    }

    void start(const DriverParam& param) {
        bench_.reset();
        bench_ = std::make_unique<Bench>(param);
    }

    Driver& driver() { return bench_->driver(); }

    void close_both(const std::pair<int, int>& pair) {
        bench_->close(pair.first);
        bench_->close(pair.second);
    }

    /// A turn with an edge for each of `count` receives.
    void find_edges(std::size_t count) {
        std::vector<std::pair<int, int>> pairs;
        std::deque<TestOperation> receives;
        std::vector<char> bytes(count);
        for (std::size_t i = 0; i < count; ++i) {
            pairs.push_back(bench_->unix_pair());
            receives.emplace_back(OperationKind::receive, pairs[i].first, &bytes[i], 1);
            ASSERT_FALSE(bench_->submit(receives[i]));
        }
        driver().wait(0);
        for (const auto& [near, far] : pairs) {
            ASSERT_EQ(::send(far, "x", 1, 0), 1);
        }
        driver().wait(0);
        for (TestOperation& receive : receives) {
            ASSERT_EQ(receive.announced, 1);
        }
        for (const auto& pair : pairs) {
            close_both(pair);
        }
    }

    std::unique_ptr<Bench> bench_;
};

TEST_F(BatchedSend, the_next_wait_makes_it) {
    const auto pair = bench_->tcp_pair();
    Send send(pair.first, "hello");
    ASSERT_FALSE(bench_->submit(send));
    EXPECT_TRUE(driver().pending());
    EXPECT_EQ(peek_all(pair.second), "");
    driver().wait(0);
    EXPECT_EQ(send.announced, 1);
    EXPECT_EQ(send.state, OperationState::done);
    EXPECT_EQ(send.result, 5);
    EXPECT_EQ(send.moved, 5u);
    EXPECT_EQ(bench_->receive_exactly(pair.second, 5), "hello");
    close_both(pair);
}

// A listener is opened between: that publishes what is queued.
TEST_F(BatchedSend, made_before_the_next_wait_it_is_reported_by_it) {
    const auto pair = bench_->unix_pair();
    Send send(pair.first, "hello");
    ASSERT_FALSE(bench_->submit(send));
    const Listener listener = bench_->listen();
    EXPECT_EQ(peek_all(pair.second), "hello");
    EXPECT_TRUE(driver().pending());
    driver().cancel(send);
    driver().wait(0);
    EXPECT_EQ(send.announced, 1);
    EXPECT_EQ(send.result, 5);
    bench_->close(listener.fd);
    close_both(pair);
}

TEST_F(BatchedSend, one_of_nothing_ends_too) {
    const auto pair = bench_->unix_pair();
    EXPECT_EQ(bench_->send(pair.first, ""), 0);
    close_both(pair);
}

TEST_F(BatchedSend, many_go_out_in_the_order_of_their_submission) {
    const auto pair = bench_->tcp_pair();
    constexpr std::size_t count = 600;  // more than the queue has entries
    std::vector<int> ends;
    std::deque<Send> sends;
    for (std::size_t i = 0; i < count; ++i) {
        ends.push_back(::dup(pair.first));
        sends.emplace_back(ends.back(), std::string(1, byte_at(i)));
        ASSERT_FALSE(bench_->submit(sends.back()));
    }
    for (Send& send : sends) {
        bench_->finish(send);
        EXPECT_EQ(send.result, 1);
    }
    EXPECT_TRUE(bench_->receive_exactly(pair.second, count) == coded(count));
    for (const int fd : ends) {
        bench_->close(fd);
    }
    close_both(pair);
}

TEST_F(BatchedSend, a_descriptor_has_one_at_a_time) {
    const auto pair = bench_->unix_pair();
    Send first(pair.first, "one");
    Send second(pair.first, "two");
    ASSERT_FALSE(bench_->submit(first));
    ASSERT_TRUE(bench_->submit(second));
    EXPECT_EQ(second.result, -EBUSY);
    bench_->finish(first);
    EXPECT_EQ(bench_->run(second), 3);
    EXPECT_EQ(peek_all(pair.second), "onetwo");
    close_both(pair);
}

TEST_F(BatchedSend, what_does_not_fit_is_sent_when_there_is_room) {
    for (const bool tcp : {true, false}) {
        const auto pair = tcp ? bench_->tcp_pair() : bench_->unix_pair();
        Send send(pair.first, coded(9 << 20));
        ASSERT_FALSE(bench_->submit(send));
        std::string text;
        while (text.size() < send.bytes.size()) {
            text += bench_->receive(pair.second, 1 + text.size() % 30'011);
        }
        bench_->finish(send);
        EXPECT_EQ(send.result, 9 << 20);
        EXPECT_TRUE(text == send.bytes);
        close_both(pair);
    }
}

TEST_F(BatchedSend, without_room_it_waits_for_the_edge) {
    const auto pair = bench_->unix_pair();
    Send filling(pair.first, std::string(8 << 20, 'f'));
    ASSERT_FALSE(bench_->submit(filling));
    bench_->turn();
    ASSERT_EQ(bench_->cancel(filling), -ECANCELED);
    Send send(pair.first, "last");
    ASSERT_FALSE(bench_->submit(send));
    EXPECT_FALSE(driver().pending());  // no entry is made for it
    for (std::size_t left = filling.moved; left > 0;) {
        left -= bench_->receive(pair.second, left).size();
    }
    bench_->finish(send);
    EXPECT_EQ(send.result, 4);
    EXPECT_EQ(bench_->receive_exactly(pair.second, 4), "last");
    close_both(pair);
}

TEST_F(BatchedSend, taken_back_before_the_kernel_saw_it_nothing_is_sent) {
    const auto pair = bench_->unix_pair();
    Send before(pair.first, "a");
    Send send(pair.second, "never");
    Send after(pair.first, "b");
    ASSERT_FALSE(bench_->submit(send));
    ASSERT_FALSE(bench_->submit(before));
    EXPECT_EQ(bench_->cancel(send), -ECANCELED);
    EXPECT_EQ(send.moved, 0u);
    bench_->finish(before);
    EXPECT_EQ(bench_->run(after), 1);
    EXPECT_EQ(peek_all(pair.first), "");
    EXPECT_EQ(peek_all(pair.second), "ab");
    Send again(pair.second, "again");
    EXPECT_EQ(bench_->run(again), 5);
    EXPECT_EQ(peek_all(pair.first), "again");
    close_both(pair);
}

TEST_F(BatchedSend, cancelled_twice_it_ends_once) {
    const auto pair = bench_->unix_pair();
    Send send(pair.first, "never");
    ASSERT_FALSE(bench_->submit(send));
    driver().cancel(send);
    EXPECT_EQ(bench_->cancel(send), -ECANCELED);
    bench_->turn();
    EXPECT_EQ(send.announced, 1);
    close_both(pair);
}

// The first batches are full, so the kernel has made them.
TEST_F(BatchedSend, cancelled_when_it_was_made_the_result_wins) {
    std::vector<std::pair<int, int>> pairs;
    std::deque<Send> sends;
    for (int i = 0; i < 300; ++i) {
        pairs.push_back(bench_->unix_pair());
        sends.emplace_back(pairs.back().first, "x");
        ASSERT_FALSE(bench_->submit(sends.back()));
    }
    ASSERT_EQ(peek_all(pairs.front().second), "x");
    ASSERT_EQ(peek_all(pairs.back().second), "");
    for (Send& send : sends) {
        driver().cancel(send);
    }
    std::size_t sent = 0;
    for (std::size_t i = 0; i < sends.size(); ++i) {
        bench_->finish(sends[i]);
        const bool arrived = !peek_all(pairs[i].second).empty();
        EXPECT_EQ(sends[i].result, arrived ? 1 : -ECANCELED);
        EXPECT_EQ(sends[i].moved, arrived ? 1u : 0u);
        sent += arrived ? 1 : 0;
        close_both(pairs[i]);
    }
    EXPECT_GE(sent, detail::send_batch_max);
    EXPECT_LT(sent, sends.size());
}

TEST_F(BatchedSend, cancelled_after_a_part_it_says_how_much) {
    const auto pair = bench_->unix_pair();
    Send send(pair.first, coded(9 << 20));
    ASSERT_FALSE(bench_->submit(send));
    bench_->turn();
    EXPECT_EQ(bench_->cancel(send), -ECANCELED);
    EXPECT_GT(send.moved, 0u);
    ASSERT_LT(send.moved, send.bytes.size());
    EXPECT_EQ(bench_->run(OperationKind::shutdown, pair.first, nullptr, SHUT_WR), 0);
    std::string text;
    while (text.size() < send.moved) {
        text += bench_->receive(pair.second);
    }
    EXPECT_TRUE(text == send.bytes.substr(0, send.moved));
    EXPECT_EQ(bench_->receive(pair.second), "");
    close_both(pair);
}

// SIGPIPE would end the test.
TEST_F(BatchedSend, a_peer_that_is_gone_is_an_error) {
    const auto pair = bench_->unix_pair();
    bench_->close(pair.second);
    EXPECT_EQ(bench_->send(pair.first, "x"), -EPIPE);
    bench_->close(pair.first);
}

// A full batch takes along what was queued before.
TEST_F(BatchedSend, a_full_batch_beside_a_write_to_nobody_raises_no_signal) {
    std::signal(SIGPIPE, SIG_DFL);
    const auto [reading, writing] = bench_->pipe();
    bench_->close(reading);
    char byte = 'x';
    TestOperation write(OperationKind::write, writing, &byte, 1);
    write.offset = current_position;
    ASSERT_FALSE(bench_->submit(write));
    std::vector<std::pair<int, int>> pairs;
    std::deque<Send> sends;
    for (unsigned i = 0; i < 2 * detail::send_batch_max; ++i) {
        pairs.push_back(bench_->unix_pair());
        sends.emplace_back(pairs.back().first, "x");
        ASSERT_FALSE(bench_->submit(sends.back()));
    }
    ASSERT_EQ(peek_all(pairs.front().second), "x");
    bench_->finish(write);
    EXPECT_EQ(write.result, -EPIPE);
    for (Send& send : sends) {
        bench_->finish(send);
        EXPECT_EQ(send.result, 1);
    }
    for (const auto& pair : pairs) {
        close_both(pair);
    }
    bench_->close(writing);
}

TEST_F(BatchedSend, a_descriptor_that_is_no_socket_is_an_error) {
    const auto [reading, writing] = bench_->pipe();
    EXPECT_EQ(bench_->send(writing, "x"), -ENOTSOCK);
    close_both({reading, writing});
    EXPECT_EQ(bench_->send(bench_->unix_pair_closed(), "x"), -EBADF);
}

TEST_F(BatchedSend, it_takes_a_turn_that_found_much) {
    start({DriverKind::uring});
    const auto pair = bench_->unix_pair();
    find_edges(detail::send_batch_from - 1);
    Send alone(pair.first, "alone");
    EXPECT_TRUE(bench_->submit(alone));
    find_edges(detail::send_batch_from);
    Send batched(pair.first, "batched");
    EXPECT_FALSE(bench_->submit(batched));
    bench_->finish(batched);
    EXPECT_EQ(batched.result, 7);
    Send later(pair.first, "later");
    EXPECT_TRUE(bench_->submit(later)) << "what ends is no edge";
    EXPECT_EQ(peek_all(pair.second), "alonebatchedlater");
    close_both(pair);
}

TEST_F(BatchedSend, a_ring_without_sends_makes_calls) {
    start({DriverKind::uring, 0, "send", true});
    const auto pair = bench_->unix_pair();
    Send send(pair.first, "direct");
    EXPECT_TRUE(bench_->submit(send));
    EXPECT_EQ(send.result, 6);
    close_both(pair);
}

}  // namespace
}  // namespace rondo::test
