// SPDX-License-Identifier: Apache-2.0
// What every driver promises, io_uring, epoll and the simulation alike. This file: streams. The
// other conformance_*_test.cpp add to the same suite.
#include "driver/conformance.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace rondo::test {

INSTANTIATE_TEST_SUITE_P(drivers, Conformance, testing::ValuesIn(all_drivers()),
                         [](const auto& one) { return name_of(one.param); });
INSTANTIATE_TEST_SUITE_P(drivers, KernelConformance, testing::ValuesIn(kernel_drivers()),
                         [](const auto& one) { return name_of(one.param); });
INSTANTIATE_TEST_SUITE_P(drivers, SimConformance, testing::ValuesIn(simulated_drivers()),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(Conformance, a_receive_of_bytes_that_are_there_ends_inside) {
    if (GetParam().seed != 0) {
        return;  // this order lies about what is there
    }
    const auto [client, server] = bench_->tcp_pair();
    ASSERT_EQ(bench_->send(server, "hello"), 5);
    char buffer[16];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    EXPECT_TRUE(bench_->submit(receive));
    EXPECT_EQ(receive.result, 5);
    close_both(client, server);
}

TEST_P(Conformance, a_receive_waits_for_bytes) {
    const auto [client, server] = bench_->tcp_pair();
    char buffer[16];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    EXPECT_FALSE(bench_->submit(receive));
    EXPECT_EQ(driver().in_flight(), 1u);
    bench_->turn();
    EXPECT_EQ(receive.announced, 0);
    ASSERT_EQ(bench_->send(server, "x"), 1);
    bench_->finish(receive);
    EXPECT_EQ(receive.result, 1);
    EXPECT_EQ(driver().in_flight(), 0u);
    close_both(client, server);
}

TEST_P(Conformance, bytes_keep_their_order_over_many_small_receives) {
    for (const auto& [client, server] : {bench_->tcp_pair(), bench_->unix_pair()}) {
        std::string sent;
        for (std::size_t i = 0; i < 2000; ++i) {
            sent += byte_at(i);
        }
        ASSERT_EQ(bench_->send(client, sent), 2000);
        std::string received;
        while (received.size() < sent.size()) {
            received += bench_->receive(server, 1 + received.size() % 7);
        }
        EXPECT_EQ(received, sent);
        close_both(client, server);
    }
}

TEST_P(Conformance, messages_alternate_as_in_a_conversation) {
    const auto [client, server] = bench_->tcp_pair();
    for (int i = 0; i < 200; ++i) {
        const std::string question = "question " + std::to_string(i);
        char buffer[64];
        TestOperation receive(OperationKind::receive, server, buffer, sizeof buffer);
        const bool ended = bench_->submit(receive);
        ASSERT_EQ(bench_->send(client, question), static_cast<int>(question.size()));
        if (!ended) {
            bench_->finish(receive);
        }
        ASSERT_GT(receive.result, 0);
        std::string heard(buffer, static_cast<std::size_t>(receive.result));
        heard += bench_->receive_exactly(server, question.size() - heard.size());
        ASSERT_EQ(heard, question);
        ASSERT_EQ(bench_->send(server, heard), static_cast<int>(heard.size()));
        ASSERT_EQ(bench_->receive_exactly(client, heard.size()), question);
    }
    close_both(client, server);
}

TEST_P(Conformance, both_directions_wait_at_once) {
    const auto [client, server] = bench_->tcp_pair();
    const std::string much(16 << 20, 'm');  // more than both buffers ever hold
    TestOperation send = sending(client, much);
    ASSERT_FALSE(bench_->submit(send));
    char buffer[8];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    EXPECT_EQ(driver().in_flight(), 2u);
    ASSERT_EQ(bench_->send(server, "now"), 3);
    bench_->finish(receive);
    EXPECT_GT(receive.result, 0);
    EXPECT_EQ(send.announced, 0);
    std::size_t drained = 0;
    while (drained < much.size()) {
        drained += bench_->receive(server).size();
    }
    bench_->finish(send);
    EXPECT_EQ(send.result, static_cast<int>(much.size()));
    close_both(client, server);
}

TEST_P(Conformance, a_mebibyte_passes_under_back_pressure_with_every_byte_in_place) {
    for (const auto& [client, server] : {bench_->tcp_pair(), bench_->unix_pair()}) {
        std::string much(1 << 20, '\0');
        for (std::size_t i = 0; i < much.size(); ++i) {
            much[i] = byte_at(i);
        }
        TestOperation send = sending(client, much);
        const bool ended = bench_->submit(send);
        std::string received;
        while (received.size() < much.size()) {
            const std::string part = bench_->receive(server);
            ASSERT_FALSE(part.empty());
            received += part;
        }
        if (!ended) {
            bench_->finish(send);
        }
        EXPECT_EQ(send.result, static_cast<int>(much.size()));
        EXPECT_EQ(send.moved, much.size());
        EXPECT_TRUE(received == much);
        close_both(client, server);
    }
}

TEST_P(Conformance, a_send_of_more_than_a_result_can_say_is_invalid) {
    const auto [client, server] = bench_->unix_pair();
    char byte = 0;
    EXPECT_EQ(bench_->run(OperationKind::send_all, client, &byte, 0x80000000u), -EINVAL);
    close_both(client, server);
}

TEST_P(Conformance, the_end_of_a_stream_is_zero_again_and_again) {
    for (const auto& [client, server] : {bench_->tcp_pair(), bench_->unix_pair()}) {
        ASSERT_EQ(bench_->send(client, "last"), 4);
        bench_->close(client);
        EXPECT_EQ(bench_->receive_exactly(server, 4), "last");
        EXPECT_EQ(bench_->receive(server), "");
        EXPECT_EQ(bench_->receive(server), "");
        bench_->close(server);
    }
}

TEST_P(Conformance, a_waiting_receive_sees_the_end_of_the_stream) {
    const auto [client, server] = bench_->tcp_pair();
    char buffer[16];
    TestOperation receive(OperationKind::receive, server, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    bench_->turn();
    bench_->close(client);
    bench_->finish(receive);
    EXPECT_EQ(receive.result, 0);
    bench_->close(server);
}

TEST_P(Conformance, a_fin_that_comes_with_the_last_bytes_is_not_lost) {
    for (int i = 0; i < 50; ++i) {
        const auto [client, server] = bench_->tcp_pair();
        char buffer[64];
        TestOperation receive(OperationKind::receive, server, buffer, sizeof buffer);
        ASSERT_FALSE(bench_->submit(receive));
        bench_->turn();
        ASSERT_EQ(bench_->send(client, "all of it"), 9);
        ASSERT_EQ(bench_->run(OperationKind::shutdown, client, nullptr, SHUT_WR), 0);
        bench_->finish(receive);
        ASSERT_GT(receive.result, 0);
        const auto got = static_cast<std::size_t>(receive.result);
        EXPECT_EQ(bench_->receive_exactly(server, 9 - got).size(), 9 - got);
        EXPECT_EQ(bench_->receive(server), "");
        close_both(client, server);
    }
}

TEST_P(Conformance, half_closed_the_other_half_still_carries) {
    const auto [client, server] = bench_->tcp_pair();
    ASSERT_EQ(bench_->send(client, "request"), 7);
    ASSERT_EQ(bench_->run(OperationKind::shutdown, client, nullptr, SHUT_WR), 0);
    EXPECT_EQ(bench_->receive_exactly(server, 7), "request");
    EXPECT_EQ(bench_->receive(server), "");
    ASSERT_EQ(bench_->send(server, "answer"), 6);
    EXPECT_EQ(bench_->receive_exactly(client, 6), "answer");
    EXPECT_EQ(bench_->send(client, "more"), -EPIPE);
    close_both(client, server);
}

TEST_P(Conformance, a_reset_is_an_error_and_no_end) {
    const auto [client, server] = bench_->tcp_pair();
    char buffer[16];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    ASSERT_EQ(bench_->send(client, "never read"), 10);
    bench_->turn();
    bench_->close(server);
    bench_->finish(receive);
    EXPECT_EQ(receive.result, -ECONNRESET);
    bench_->close(client);
}

TEST_P(Conformance, writing_to_a_closed_peer_ends_with_an_error) {
    for (const auto& [client, server] : {bench_->tcp_pair(), bench_->unix_pair()}) {
        bench_->close(server);
        bench_->turn();
        int result = 0;
        for (int tries = 0; tries < 10 && result >= 0; ++tries) {
            result = bench_->send(client, "anybody?");
            bench_->turn();
        }
        EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
        bench_->close(client);
    }
}

TEST_P(Conformance, a_waiting_send_ends_when_the_peer_closes_and_knows_what_it_moved) {
    const auto [client, server] = bench_->tcp_pair();
    const std::string much(8 << 20, 'm');
    TestOperation send = sending(client, much);
    ASSERT_FALSE(bench_->submit(send));
    bench_->turn();
    bench_->close(server);
    bench_->finish(send);
    EXPECT_TRUE(send.result == -EPIPE || send.result == -ECONNRESET) << send.result;
    EXPECT_LT(send.moved, much.size());
    bench_->close(client);
}

TEST_P(Conformance, a_close_sends_fin_though_an_edge_was_armed) {
    const auto [client, server] = bench_->tcp_pair();
    char buffer[16];
    TestOperation receive(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    bench_->turn();
    EXPECT_EQ(bench_->cancel(receive), -ECANCELED);
    bench_->close(client);
    EXPECT_EQ(bench_->receive(server), "");
    bench_->close(server);
}

TEST_P(Conformance, a_second_reader_or_writer_is_busy_and_takes_nothing) {
    const auto [client, server] = bench_->tcp_pair();
    char buffer[16];
    TestOperation first(OperationKind::receive, client, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(first));
    EXPECT_EQ(bench_->run(OperationKind::receive, client, buffer, sizeof buffer), -EBUSY);
    ASSERT_EQ(bench_->send(server, "mine"), 4);
    bench_->finish(first);
    EXPECT_GT(first.result, 0);

    const std::string much(8 << 20, 'm');
    TestOperation send = sending(client, much);
    ASSERT_FALSE(bench_->submit(send));
    EXPECT_EQ(bench_->send(client, "too"), -EBUSY);
    EXPECT_EQ(bench_->cancel(send), -ECANCELED);
    close_both(client, server);
}

TEST_P(Conformance, a_wrong_descriptor_is_an_error_of_every_kind) {
    const int gone = bench_->unix_pair_closed();
    char buffer[16];
    for (const int fd : {-1, INT_MIN, INT_MAX, gone}) {
        for (const OperationKind kind :
             {OperationKind::accept, OperationKind::receive, OperationKind::receive_leased,
              OperationKind::send_all, OperationKind::read, OperationKind::write,
              OperationKind::close, OperationKind::shutdown}) {
            EXPECT_EQ(bench_->run(kind, fd, buffer, sizeof buffer), -EBADF)
                << "kind " << static_cast<int>(kind) << " on " << fd;
        }
        sockaddr_in address = nobody_listens();
        EXPECT_EQ(bench_->run(OperationKind::connect, fd, &address, sizeof address), -EBADF);
        EXPECT_LT(bench_->run(OperationKind::poll, fd, nullptr, 1), 0);
        EXPECT_EQ(driver().set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1), -EBADF);
    }
}

TEST_P(Conformance, socket_calls_on_a_pipe_say_that_it_is_no_socket) {
    const auto [in, out] = bench_->pipe();
    char buffer[16] = {};
    EXPECT_EQ(bench_->run(OperationKind::receive, in, buffer, sizeof buffer), -ENOTSOCK);
    EXPECT_EQ(bench_->run(OperationKind::receive_leased, in), -ENOTSOCK);
    EXPECT_EQ(bench_->run(OperationKind::send_all, out, buffer, sizeof buffer), -ENOTSOCK);
    EXPECT_EQ(bench_->run(OperationKind::accept, in), -ENOTSOCK);
    EXPECT_EQ(bench_->run(OperationKind::shutdown, in, nullptr, SHUT_WR), -ENOTSOCK);
    close_both(in, out);
}

// A number has a new owner while events of the old one are still on their way.
TEST_P(Conformance, a_reused_number_receives_nothing_of_its_former_owner) {
    for (int i = 0; i < 200; ++i) {
        const auto [old_near, old_far] = bench_->tcp_pair();
        char buffer[16];
        TestOperation receive(OperationKind::receive, old_near, buffer, sizeof buffer);
        ASSERT_FALSE(bench_->submit(receive));
        bench_->turn(1);
        ASSERT_GT(bench_->send(old_far, "stale"), 0);
        driver().cancel(receive);
        bench_->finish(receive);
        if (receive.result > 0) {
            EXPECT_EQ(std::string(buffer, 5).substr(0, static_cast<std::size_t>(receive.result)),
                      std::string("stale").substr(0, static_cast<std::size_t>(receive.result)));
        }
        ASSERT_GT(bench_->send(old_far, "stale"), 0);
        close_both(old_near, old_far);
        const auto [near, far] = bench_->unix_pair();
        TestOperation fresh(OperationKind::receive, near, buffer, sizeof buffer);
        ASSERT_FALSE(bench_->submit(fresh));
        bench_->turn(3);
        ASSERT_EQ(fresh.announced, 0);
        ASSERT_EQ(bench_->send(far, "new"), 3);
        bench_->finish(fresh);
        ASSERT_GT(fresh.result, 0);
        EXPECT_EQ(buffer[0], 'n');
        close_both(near, far);
    }
}

TEST_P(Conformance, closing_and_opening_many_leaves_nothing_behind) {
    const Listener listener = bench_->listen(AF_INET, 128);
    for (int i = 0; i < 300; ++i) {
        const auto [client, server] = bench_->connect_to(listener);
        ASSERT_EQ(bench_->send(client, "x"), 1);
        ASSERT_EQ(bench_->receive(server), "x");
        close_both(server, client);
    }
    bench_->close(listener.fd);
}

// A Unix socket ends a receive behind ancillary data: a short read proves nothing there.
TEST_P(KernelConformance, bytes_behind_ancillary_data_are_not_forgotten) {
    const auto [near, far] = bench_->unix_pair();
    char buffer[64];
    TestOperation receive(OperationKind::receive, near, buffer, sizeof buffer);
    ASSERT_FALSE(bench_->submit(receive));
    bench_->turn();
    char bytes[] = "with";
    iovec part{bytes, 4};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &far, sizeof far);
    ASSERT_EQ(sendmsg(far, &message, 0), 4);
    ASSERT_EQ(::send(far, "plain", 5, 0), 5);
    bench_->finish(receive);
    ASSERT_EQ(receive.result, 4);
    EXPECT_EQ(bench_->run(receive), 5);
    close_both(near, far);
}

// A receive ends at an urgent mark: there a short read proves nothing.
TEST_P(KernelConformance, bytes_behind_an_urgent_mark_are_not_forgotten) {
    enum class When { before_it_waits, while_it_waits, after_it_waited };
    for (const When when : {When::before_it_waits, When::while_it_waits, When::after_it_waited}) {
        const auto [client, server] = bench_->tcp_pair();
        char buffer[64];
        TestOperation receive(OperationKind::receive, server, buffer, sizeof buffer);
        if (when != When::before_it_waits) {
            ASSERT_FALSE(bench_->submit(receive));
            bench_->turn();
        }
        if (when == When::after_it_waited) {
            ASSERT_EQ(bench_->send(client, "x"), 1);
            bench_->finish(receive);
        }
        ASSERT_EQ(::send(client, "abc", 3, 0), 3);
        ASSERT_EQ(::send(client, "!", 1, MSG_OOB), 1);
        ASSERT_EQ(::send(client, "def", 3, 0), 3);
        wait_until_delivered(client);
        if (when != When::while_it_waits) {
            bench_->submit(receive);
        }
        if (receive.state != OperationState::done) {
            bench_->finish(receive);
        }
        ASSERT_EQ(receive.result, 3) << "it ends at the mark";
        EXPECT_EQ(bench_->receive(server), "def");
        close_both(client, server);
    }
}

TEST(ConformanceDeathTest, closing_a_descriptor_in_use_stops_the_program) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(
        {
            Bench bench({DriverKind::sim});
            const int near = bench.unix_pair().first;
            char buffer[1];
            TestOperation receive(OperationKind::receive, near, buffer, 1);
            bench.submit(receive);
            bench.run(OperationKind::close, near);
        },
        "operation in flight");
}

}  // namespace rondo::test
