// SPDX-License-Identifier: Apache-2.0
// Cancelling: before, while, when runnable, when done. Leased buffers, whose cancelling returns
// them.
#include <algorithm>
#include <cerrno>
#include <deque>
#include <utility>
#include <vector>

#include "driver/conformance.hpp"
#include "driver/lease_pool.hpp"

namespace rondo::test {

TEST_P(Conformance, cancelling_what_was_not_submitted_does_nothing) {
    const auto [client, server] = bench_->unix_pair();
    char buffer[16];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    driver().cancel(receive);
    EXPECT_EQ(receive.state, OperationState::idle);
    ASSERT_EQ(bench_->send(server, "x"), 1);
    EXPECT_EQ(bench_->run(receive), 1);
    close_both(client, server);
}

TEST_P(Conformance, cancelling_what_is_done_keeps_its_value) {
    const auto [client, server] = bench_->unix_pair();
    char buffer[16];
    ASSERT_EQ(bench_->send(server, "x"), 1);
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_EQ(bench_->run(receive), 1);
    driver().cancel(receive);
    bench_->turn();
    EXPECT_EQ(receive.state, OperationState::done);
    EXPECT_EQ(receive.result, 1);
    EXPECT_LE(receive.announced, 1);
    close_both(client, server);
}

TEST_P(Conformance, a_cancelled_receive_ends_in_the_next_wait_and_takes_no_byte) {
    const auto [client, server] = bench_->tcp_pair();
    for (const OperationKind kind : {OperationKind::receive, OperationKind::receive_leased}) {
        char buffer[16];
        TestOperation receive(kind, client, buffer, sizeof buffer);
        ASSERT_FALSE(bench_->submit(receive));
        bench_->turn();
        driver().cancel(receive);
        driver().cancel(receive);
        EXPECT_TRUE(driver().pending());
        ASSERT_EQ(bench_->send(server, "kept"), 4);
        bench_->finish(receive);
        EXPECT_EQ(receive.result, -ECANCELED);
        EXPECT_EQ(bench_->leases_out(), 0u);
        EXPECT_EQ(bench_->receive_exactly(client, 4), "kept");
    }
    close_both(client, server);
}

TEST_P(Conformance, a_done_operation_may_be_submitted_again_as_it_is) {
    const auto [client, server] = bench_->tcp_pair();
    char buffer[4];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    for (int i = 0; i < 5; ++i) {
        ASSERT_FALSE(bench_->submit(receive));
        EXPECT_EQ(bench_->cancel(receive), -ECANCELED);
    }
    ASSERT_EQ(bench_->send(server, "x"), 1);
    EXPECT_EQ(bench_->run(receive), 1);
    close_both(client, server);
}

TEST_P(Conformance, a_cancelled_send_moved_exactly_what_the_peer_receives) {
    const auto [client, server] = bench_->tcp_pair();
    std::string much(8 << 20, '\0');
    for (std::size_t i = 0; i < much.size(); ++i) {
        much[i] = byte_at(i);
    }
    TestOperation send = sending(client, much);
    ASSERT_FALSE(bench_->submit(send));
    std::string received = bench_->receive(server);
    bench_->turn();
    EXPECT_EQ(bench_->cancel(send), -ECANCELED);
    ASSERT_GE(send.moved, received.size());
    ASSERT_LT(send.moved, much.size());
    received += bench_->receive_exactly(server, send.moved - received.size());
    EXPECT_EQ(received.size(), send.moved);
    EXPECT_TRUE(received == much.substr(0, send.moved));
    ASSERT_EQ(bench_->send(client, "!"), 1);
    EXPECT_EQ(bench_->receive(server), "!");
    close_both(client, server);
}

TEST_P(Conformance, a_cancelled_accept_leaves_the_listener_usable) {
    const Listener listener = bench_->listen();
    TestOperation accept(OperationKind::accept, listener.fd);
    ASSERT_FALSE(bench_->submit(accept));
    EXPECT_EQ(bench_->cancel(accept), -ECANCELED);
    const auto [client, server] = bench_->connect_to(listener);
    EXPECT_GE(server, 0);
    close_both(client, server);
    bench_->close(listener.fd);
}

// After a large receive the next call is made when the task runs: ready() says runnable.
TEST_P(Conformance, a_bulk_receive_is_announced_before_its_call_is_made) {
    const auto [client, server] = bench_->tcp_pair();
    become_bulk(client, server);
    char buffer[16];
    TestOperation receive(OperationKind::receive, server, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    bench_->turn();
    ASSERT_EQ(bench_->send(client, "x"), 1);
    announce(receive);
    EXPECT_EQ(receive.state, OperationState::runnable);
    EXPECT_EQ(driver().in_flight(), 1u);
    bench_->finish(receive);
    EXPECT_EQ(receive.result, 1);
    close_both(client, server);
}

TEST_P(Conformance, a_runnable_receive_that_is_cancelled_takes_no_byte) {
    const auto [client, server] = bench_->tcp_pair();
    become_bulk(client, server);
    for (const OperationKind kind : {OperationKind::receive, OperationKind::receive_leased}) {
        char buffer[16];
        TestOperation receive(kind, server, buffer, sizeof buffer);
        ASSERT_FALSE(bench_->submit(receive));
        bench_->turn();
        ASSERT_EQ(bench_->send(client, "x"), 1);
        announce(receive);
        ASSERT_EQ(receive.state, OperationState::runnable);
        driver().cancel(receive);
        bench_->turn();
        EXPECT_EQ(receive.announced, 1);
        EXPECT_TRUE(driver().perform(receive));
        EXPECT_EQ(receive.result, -ECANCELED);
        EXPECT_EQ(driver().in_flight(), 0u);
        become_bulk(client, server, "x");
    }
    close_both(client, server);
}

TEST_P(Conformance, performing_what_is_done_changes_nothing) {
    const auto [client, server] = bench_->unix_pair();
    ASSERT_EQ(bench_->send(server, "x"), 1);
    char buffer[1];
    TestOperation receive(OperationKind::receive, client, buffer, 1);
    ASSERT_EQ(bench_->run(receive), 1);
    EXPECT_TRUE(driver().perform(receive));
    EXPECT_EQ(receive.result, 1);
    close_both(client, server);
}

TEST_P(Conformance, a_leased_receive_holds_a_buffer_only_while_there_are_bytes) {
    const auto [client, server] = bench_->tcp_pair();
    TestOperation receive(OperationKind::receive_leased, client);
    ASSERT_FALSE(bench_->submit(receive));
    bench_->turn();
    EXPECT_EQ(bench_->leases_out(), 0u);
    ASSERT_EQ(bench_->send(server, "leased"), 6);
    bench_->finish(receive);
    ASSERT_GT(receive.result, 0);
    EXPECT_EQ(bench_->leases_out(), 1u);
    ASSERT_NE(receive.data, nullptr);
    EXPECT_EQ(*static_cast<const char*>(receive.data), 'l');
    driver().give_back(receive.data);
    EXPECT_EQ(bench_->leases_out(), 0u);
    bench_->close(server);
    for (int rest = 1; rest > 0;) {
        rest = bench_->run(receive);
        ASSERT_GE(rest, 0);
        if (rest > 0) {
            driver().give_back(receive.data);
        }
    }
    EXPECT_EQ(receive.data, nullptr);
    bench_->close(client);
}

TEST_P(Conformance, leased_buffers_are_used_again) {
    const auto [client, server] = bench_->unix_pair();
    ASSERT_EQ(bench_->send(server, "1"), 1);
    TestOperation receive(OperationKind::receive_leased, client);
    ASSERT_EQ(bench_->run(receive), 1);
    const void* first = receive.data;
    driver().give_back(receive.data);
    ASSERT_EQ(bench_->send(server, "2"), 1);
    ASSERT_EQ(bench_->run(receive), 1);
    EXPECT_EQ(receive.data, first);
    driver().give_back(receive.data);
    close_both(client, server);
}

TEST_P(Conformance, many_leased_receives_at_once_take_no_more_buffers_than_the_pool_keeps) {
    constexpr std::size_t count = detail::LeasePool::kept_max + 20;
    std::vector<std::pair<int, int>> pairs;
    std::deque<TestOperation> receives;
    for (std::size_t i = 0; i < count; ++i) {
        pairs.push_back(bench_->tcp_pair());
        TestOperation& receive =
            receives.emplace_back(OperationKind::receive_leased, pairs.back().first);
        ASSERT_FALSE(bench_->submit(receive));
    }
    for (const auto& [client, server] : pairs) {
        ASSERT_EQ(bench_->send(server, "x"), 1);
    }
    const auto announced = [](const TestOperation& receive) { return receive.announced > 0; };
    while (!std::all_of(receives.begin(), receives.end(), announced)) {
        ASSERT_NE(driver().wait(Driver::never), WaitResult::stalled);
    }
    EXPECT_LE(bench_->leases_out(), detail::LeasePool::kept_max);
    EXPECT_TRUE(std::any_of(receives.begin(), receives.end(), [](const TestOperation& receive) {
        return receive.state == OperationState::runnable;
    }));
    for (TestOperation& receive : receives) {
        bench_->finish(receive);
        ASSERT_EQ(receive.result, 1);
        driver().give_back(receive.data);
    }
    EXPECT_EQ(bench_->leases_out(), 0u);
    for (const auto& [client, server] : pairs) {
        close_both(client, server);
    }
}

}  // namespace rondo::test
