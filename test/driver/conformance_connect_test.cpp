// SPDX-License-Identifier: Apache-2.0
// Listeners, connections, and names.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "driver/conformance.hpp"

namespace rondo::test {
namespace {

std::uint16_t port_of(const sockaddr_storage& address) {
    return ntohs(address.ss_family == AF_INET
                     ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                     : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

const sockaddr* plain(const sockaddr_storage& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

TEST_P(Conformance, connect_and_accept_over_both_families) {
    for (const int family : {AF_INET, AF_INET6}) {
        const auto [client, server] = bench_->tcp_pair(family);
        ASSERT_GE(server, 0);
        ASSERT_EQ(bench_->send(client, "there"), 5);
        EXPECT_EQ(bench_->receive_exactly(server, 5), "there");
        ASSERT_EQ(bench_->send(server, "back"), 4);
        EXPECT_EQ(bench_->receive_exactly(client, 4), "back");
        close_both(client, server);
    }
}

TEST_P(Conformance, both_ends_know_their_names) {
    for (const int family : {AF_INET, AF_INET6}) {
        const Listener listener = bench_->listen(family);
        EXPECT_NE(port_of(listener.address), 0);
        const auto [client, server] = bench_->connect_to(listener);
        sockaddr_storage near{};
        sockaddr_storage far{};
        std::uint32_t length = sizeof near;
        EXPECT_EQ(driver().socket_name(client, true, reinterpret_cast<sockaddr*>(&near), &length),
                  0);
        EXPECT_EQ(length, listener.length);
        EXPECT_EQ(port_of(near), port_of(listener.address));
        length = sizeof near;
        EXPECT_EQ(driver().socket_name(client, false, reinterpret_cast<sockaddr*>(&near), &length),
                  0);
        length = sizeof far;
        EXPECT_EQ(driver().socket_name(server, true, reinterpret_cast<sockaddr*>(&far), &length),
                  0);
        EXPECT_EQ(port_of(near), port_of(far));
        EXPECT_EQ(far.ss_family, family);
        length = sizeof far;
        EXPECT_EQ(
            driver().socket_name(listener.fd, true, reinterpret_cast<sockaddr*>(&far), &length),
            -ENOTCONN);
        close_both(client, server);
        bench_->close(listener.fd);
    }
}

TEST_P(Conformance, a_port_where_nobody_listens_refuses) {
    sockaddr_in address = nobody_listens();
    const int client = driver().open_socket(AF_INET);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &address, sizeof address), -ECONNREFUSED);
    bench_->close(client);
}

TEST_P(Conformance, a_taken_address_is_in_use_unless_both_share_it) {
    const Listener listener = bench_->listen();
    EXPECT_EQ(bench_->listen_at(plain(listener.address), listener.length, 16, false), -EADDRINUSE);
    EXPECT_EQ(bench_->listen_at(plain(listener.address), listener.length, 16, true), -EADDRINUSE);
    bench_->close(listener.fd);

    const int first = bench_->listen_at(plain(listener.address), listener.length, 16, true);
    const int second = bench_->listen_at(plain(listener.address), listener.length, 16, true);
    EXPECT_GE(first, 0);
    EXPECT_GE(second, 0);
    close_both(first, second);
}

TEST_P(Conformance, an_address_is_free_as_soon_as_its_listener_is_closed) {
    Listener listener = bench_->listen();
    for (int i = 0; i < 5; ++i) {
        TestOperation accept(OperationKind::accept, listener.fd);
        ASSERT_FALSE(bench_->submit(accept));
        bench_->turn();
        EXPECT_EQ(bench_->cancel(accept), -ECANCELED);
        bench_->close(listener.fd);
        listener.fd = bench_->listen_at(plain(listener.address), listener.length, 16, false);
        ASSERT_GE(listener.fd, 0);
    }
    bench_->close(listener.fd);
}

// One call to io_uring ends some forty polls; until its poll has ended a listener holds its
// address.
TEST_P(Conformance, an_address_is_free_when_many_others_were_closed_before_its_listener) {
    const Waiting others(*bench_, 100);
    const Listener listener = bench_->listen();
    TestOperation accept(OperationKind::accept, listener.fd);
    ASSERT_FALSE(bench_->submit(accept));
    bench_->turn();
    EXPECT_EQ(bench_->cancel(accept), -ECANCELED);
    for (const int fd : others.near) {
        bench_->close(fd);
    }
    bench_->close(listener.fd);
    const int again = bench_->listen_at(plain(listener.address), listener.length, 16, false);
    EXPECT_GE(again, 0);
    bench_->close(again);
    for (const int fd : others.far) {
        bench_->close(fd);
    }
}

TEST_P(Conformance, a_family_that_nobody_knows_is_not_supported) {
    EXPECT_EQ(driver().open_socket(9999), -EAFNOSUPPORT);
}

TEST_P(Conformance, unix_sockets_meet_at_a_name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "rondo-conformance-" + std::to_string(getpid());
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto length =
        static_cast<std::uint32_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const int listener = bench_->listen_at(generic, length, 4, false);
    ASSERT_GE(listener, 0);
    EXPECT_EQ(bench_->listen_at(generic, length, 4, false), -EADDRINUSE);
    const int client = driver().open_socket(AF_UNIX);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &address, length), 0);
    const int server = bench_->run(OperationKind::accept, listener);
    ASSERT_GE(server, 0);
    EXPECT_EQ(bench_->send(client, "x"), 1);
    EXPECT_EQ(bench_->receive(server), "x");
    close_both(client, server);
    bench_->close(listener);
}

TEST_P(Conformance, an_accept_waits_for_a_connection) {
    Listener listener = bench_->listen();
    TestOperation accept(OperationKind::accept, listener.fd);
    ASSERT_FALSE(bench_->submit(accept));
    bench_->turn();
    EXPECT_EQ(accept.announced, 0);
    const int client = driver().open_socket(AF_INET);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &listener.address, listener.length), 0);
    bench_->finish(accept);
    EXPECT_GE(accept.result, 0);
    close_both(client, accept.result);
    bench_->close(listener.fd);
}

// A driver takes a connection from the queue only when somebody asks for it.
TEST_P(Conformance, cancelled_accepts_lose_no_connection) {
    constexpr int count = 60;
    Listener listener = bench_->listen(AF_INET, count);
    std::vector<int> clients;
    std::set<int> servers;
    for (int i = 0; i < count; ++i) {
        TestOperation accept(OperationKind::accept, listener.fd);
        const bool ended = bench_->submit(accept);
        clients.push_back(driver().open_socket(AF_INET));
        TestOperation connect(OperationKind::connect, clients.back(), &listener.address,
                              listener.length);
        EXPECT_EQ(bench_->run(connect), 0);
        if (!ended && accept.announced == 0) {
            driver().cancel(accept);
        }
        if (!ended) {
            bench_->finish(accept);
        }
        if (accept.result >= 0) {
            EXPECT_TRUE(servers.insert(accept.result).second);
        } else {
            EXPECT_EQ(accept.result, -ECANCELED);
        }
    }
    while (servers.size() < count) {
        const int server = bench_->run(OperationKind::accept, listener.fd);
        ASSERT_GE(server, 0);
        EXPECT_TRUE(servers.insert(server).second);
    }
    for (const int fd : servers) {
        bench_->close(fd);
    }
    for (const int fd : clients) {
        bench_->close(fd);
    }
    bench_->close(listener.fd);
}

TEST_P(Conformance, connects_beyond_the_backlog_wait_and_can_be_cancelled) {
    Listener listener = bench_->listen(AF_INET, 0);
    std::vector<std::unique_ptr<TestOperation>> connects;
    std::vector<int> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(driver().open_socket(AF_INET));
        connects.push_back(std::make_unique<TestOperation>(OperationKind::connect, clients.back(),
                                                           &listener.address, listener.length));
        bench_->submit(*connects.back());
    }
    bench_->turn();
    int waiting = 0;
    for (const auto& connect : connects) {
        if (connect->state == OperationState::in_flight) {
            ++waiting;
            EXPECT_EQ(bench_->cancel(*connect), -ECANCELED);
        } else if (connect->state == OperationState::done) {
            EXPECT_EQ(connect->result, 0);
        }
    }
    EXPECT_GT(waiting, 0);
    for (const int fd : clients) {
        bench_->close(fd);
    }
    bench_->close(listener.fd);
}

TEST_P(Conformance, closing_a_listener_resets_who_was_not_accepted) {
    Listener listener = bench_->listen();
    const int client = driver().open_socket(AF_INET);
    ASSERT_EQ(bench_->run(OperationKind::connect, client, &listener.address, listener.length), 0);
    bench_->close(listener.fd);
    bench_->turn();
    char buffer[4];
    EXPECT_EQ(bench_->run(OperationKind::receive, client, buffer, sizeof buffer), -ECONNRESET);
    EXPECT_EQ(bench_->run(OperationKind::receive, client, buffer, sizeof buffer), 0);
    bench_->close(client);
}

TEST_P(Conformance, unconnected_sockets_say_so) {
    const int fd = driver().open_socket(AF_INET);
    char buffer[4] = {};
    EXPECT_EQ(bench_->run(OperationKind::receive, fd, buffer, sizeof buffer), -ENOTCONN);
    EXPECT_EQ(bench_->run(OperationKind::send_all, fd, buffer, sizeof buffer), -EPIPE);
    EXPECT_EQ(bench_->run(OperationKind::shutdown, fd, nullptr, SHUT_WR), -ENOTCONN);
    EXPECT_EQ(bench_->run(OperationKind::accept, fd), -EINVAL);
    bench_->close(fd);
}

}  // namespace rondo::test
