// SPDX-License-Identifier: Apache-2.0
// The message kinds, sockets that are bound before they listen, and options, on each driver.
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "driver/conformance.hpp"

namespace rondo::test {
namespace {

/// A message of one part, with room for an address.
struct Letter {
    std::string bytes;
    iovec part{};
    sockaddr_storage name{};
    msghdr header{};

    explicit Letter(std::string text) : bytes(std::move(text)) { aim(); }
    Letter(const Letter&) = delete;
    Letter& operator=(const Letter&) = delete;

    void aim() {
        part = iovec{bytes.data(), bytes.size()};
        header = msghdr{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
    }
    void address_to(const Listener& to) {
        name = to.address;
        header.msg_name = &name;
        header.msg_namelen = to.length;
    }
    void want_name() {
        header.msg_name = &name;
        header.msg_namelen = sizeof name;
    }
    std::string received(int count) const {
        return bytes.substr(0, static_cast<std::size_t>(count));
    }
};

class MessageConformance : public Conformance {
protected:
    Listener udp() {
        Listener socket;
        socket.fd = driver().open_socket(AF_INET, SocketType::datagram);
        EXPECT_GE(socket.fd, 0);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(driver().bind(socket.fd, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
        std::uint32_t length = sizeof socket.address;
        EXPECT_EQ(driver().socket_name(socket.fd, false,
                                       reinterpret_cast<sockaddr*>(&socket.address), &length),
                  0);
        socket.length = length;
        return socket;
    }

    int send(int fd, Letter& letter, std::uint32_t flags = 0) {
        TestOperation operation(OperationKind::send_message, fd, &letter.header, flags);
        return bench_->run(operation);
    }
    int receive(int fd, Letter& letter, std::uint32_t flags = 0) {
        TestOperation operation(OperationKind::receive_message, fd, &letter.header, flags);
        return bench_->run(operation);
    }
};

INSTANTIATE_TEST_SUITE_P(drivers, MessageConformance, testing::ValuesIn(all_drivers()),
                         [](const auto& one) { return name_of(one.param); });

TEST_P(MessageConformance, a_datagram_keeps_its_bounds_and_says_who_sent_it) {
    const Listener a = udp();
    const Listener b = udp();
    Letter first("first");
    first.address_to(b);
    EXPECT_EQ(send(a.fd, first), 5);
    Letter second("");
    second.address_to(b);
    EXPECT_EQ(send(a.fd, second), 0);
    Letter room(std::string(100, '-'));
    room.want_name();
    const int got = receive(b.fd, room);
    EXPECT_EQ(room.received(got), "first");
    EXPECT_EQ(std::memcmp(&room.name, &a.address, 8), 0);
    EXPECT_EQ(room.header.msg_flags & MSG_TRUNC, 0);
    EXPECT_EQ(receive(b.fd, room), 0);
    close_both(a.fd, b.fd);
}

TEST_P(MessageConformance, a_receive_waits_for_a_datagram) {
    const Listener a = udp();
    const Listener b = udp();
    Letter room(std::string(100, '-'));
    TestOperation waiting(OperationKind::receive_message, b.fd, &room.header, 0);
    ASSERT_FALSE(bench_->submit(waiting));
    bench_->turn();
    EXPECT_EQ(waiting.announced, 0);
    TestOperation second(OperationKind::receive_message, b.fd, &room.header, 0);
    ASSERT_TRUE(bench_->submit(second));
    EXPECT_EQ(second.result, -EBUSY);
    Letter letter("late");
    letter.address_to(b);
    EXPECT_EQ(send(a.fd, letter), 4);
    bench_->finish(waiting);
    EXPECT_EQ(room.received(waiting.result), "late");
    close_both(a.fd, b.fd);
}

TEST_P(MessageConformance, a_cancelled_receive_takes_no_datagram) {
    const Listener a = udp();
    const Listener b = udp();
    Letter room(std::string(100, '-'));
    TestOperation waiting(OperationKind::receive_message, b.fd, &room.header, 0);
    ASSERT_FALSE(bench_->submit(waiting));
    EXPECT_EQ(bench_->cancel(waiting), -ECANCELED);
    Letter letter("kept");
    letter.address_to(b);
    EXPECT_EQ(send(a.fd, letter), 4);
    EXPECT_EQ(receive(b.fd, room), 4);
    close_both(a.fd, b.fd);
}

TEST_P(MessageConformance, a_datagram_that_does_not_fit_is_flagged) {
    const Listener a = udp();
    const Listener b = udp();
    Letter letter("0123456789");
    letter.address_to(b);
    EXPECT_EQ(send(a.fd, letter), 10);
    EXPECT_EQ(send(a.fd, letter), 10);
    Letter room("----");
    EXPECT_EQ(receive(b.fd, room), 4);
    EXPECT_EQ(room.bytes, "0123");
    EXPECT_NE(room.header.msg_flags & MSG_TRUNC, 0);
    Letter large(std::string(100, '-'));
    EXPECT_EQ(receive(b.fd, large), 10);
    close_both(a.fd, b.fd);
}

TEST_P(MessageConformance, a_leased_message_comes_in_a_buffer_of_the_drivers) {
    const Listener a = udp();
    const Listener b = udp();
    Letter letter("leased");
    letter.address_to(b);
    Letter room("");
    room.part = iovec{};
    TestOperation waiting(OperationKind::receive_message, b.fd, &room.header, message_lease);
    ASSERT_FALSE(bench_->submit(waiting));
    bench_->turn();
    EXPECT_EQ(bench_->leases_out(), 0U) << "who waits owns no buffer";
    EXPECT_EQ(room.part.iov_base, nullptr);
    EXPECT_EQ(send(a.fd, letter), 6);
    bench_->finish(waiting);
    EXPECT_EQ(std::string(static_cast<char*>(room.part.iov_base), 6), "leased");
    EXPECT_EQ(bench_->leases_out(), 1U);
    driver().give_back(room.part.iov_base);
    close_both(a.fd, b.fd);
}

TEST_P(MessageConformance, who_only_tries_does_not_wait) {
    const Listener a = udp();
    const Listener b = udp();
    Letter room(std::string(100, '-'));
    EXPECT_EQ(receive(b.fd, room, message_try), -EAGAIN);
    Letter letter("now");
    letter.address_to(b);
    EXPECT_EQ(send(a.fd, letter, message_try), 3);
    int got = -EAGAIN;
    for (int i = 0; i < 100 && got == -EAGAIN; ++i) {
        got = receive(b.fd, room, message_try);
    }
    EXPECT_EQ(got, 3);
    close_both(a.fd, b.fd);
}

TEST_P(MessageConformance, a_refused_datagram_is_an_error_once) {
    const Listener a = udp();
    Listener gone = udp();
    bench_->close(gone.fd);
    EXPECT_EQ(bench_->run(OperationKind::connect, a.fd, &gone.address, gone.length), 0);
    Letter letter("nobody");
    Letter room(std::string(100, '-'));
    TestOperation waiting(OperationKind::receive_message, a.fd, &room.header, 0);
    ASSERT_FALSE(bench_->submit(waiting));
    EXPECT_EQ(send(a.fd, letter), 6);
    bench_->finish(waiting);
    EXPECT_EQ(waiting.result, -ECONNREFUSED);
    TestOperation again(OperationKind::receive_message, a.fd, &room.header, 0);
    ASSERT_FALSE(bench_->submit(again));
    bench_->turn();
    EXPECT_EQ(again.announced, 0) << "surfaced twice";
    EXPECT_EQ(bench_->cancel(again), -ECANCELED);
    bench_->close(a.fd);
}

TEST_P(MessageConformance, unix_datagrams_wait_for_room) {
    int fds[2];
    ASSERT_EQ(driver().socket_pair(fds, SocketType::datagram), 0);
    std::size_t sent = 0;
    Letter letter(std::string(1000, 'd'));
    while (send(fds[0], letter, message_try) == 1000) {
        ASSERT_LT(++sent, 100'000U);
    }
    TestOperation waiting(OperationKind::send_message, fds[0], &letter.header, 0);
    ASSERT_FALSE(bench_->submit(waiting));
    bench_->turn();
    EXPECT_EQ(waiting.announced, 0);
    Letter room(std::string(2000, '-'));
    std::size_t received = 0;
    while (waiting.announced == 0) {
        ASSERT_EQ(receive(fds[1], room), 1000);
        ++received;
        bench_->turn(1);
    }
    bench_->finish(waiting);
    EXPECT_EQ(waiting.result, 1000);
    for (; received < sent + 1; ++received) {
        ASSERT_EQ(receive(fds[1], room), 1000);
    }
    close_both(fds[0], fds[1]);
}

TEST_P(MessageConformance, a_message_over_a_stream_is_bytes) {
    const auto [near, far] = bench_->unix_pair();
    Letter letter("bytes");
    std::size_t sent = 0;
    while (sent < 5) {
        const int count = send(near, letter);
        ASSERT_GT(count, 0);
        sent += static_cast<std::size_t>(count);
        letter.bytes.erase(0, static_cast<std::size_t>(count));
        letter.aim();
    }
    Letter room(std::string(100, '-'));
    std::string all;
    while (all.size() < 5) {
        const int got = receive(far, room);
        ASSERT_GT(got, 0);
        all += room.received(got);
    }
    EXPECT_EQ(all, "bytes");
    bench_->close(near);
    EXPECT_EQ(receive(far, room), 0);
    bench_->close(far);
}

/// A path that no other process uses.
struct FileAddress {
    static constexpr std::uint32_t size = sizeof(sockaddr_un);
    sockaddr_un address{};

    explicit FileAddress(const char* name) {
        const std::string path = "/tmp/" + std::string(name) + "-" + std::to_string(getpid());
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
    }
    const char* path() const { return address.sun_path; }
    const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&address); }
};

TEST_P(MessageConformance, a_socket_file_outlives_its_socket) {
    FileAddress at("rondo-conformance");
    const int listener = bench_->listen_at(at.generic(), at.size, 4, false);
    ASSERT_GE(listener, 0);
    EXPECT_EQ(bench_->listen_at(at.generic(), at.size, 4, false), -EADDRINUSE);
    bench_->close(listener);
    driver().wait(0);
    EXPECT_EQ(bench_->listen_at(at.generic(), at.size, 4, false), -EADDRINUSE);
    const int client = driver().open_socket(AF_UNIX);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &at.address, at.size), -ECONNREFUSED);
    SocketFile file;
    EXPECT_EQ(driver().find_socket_file(at.path(), file), 0);
    EXPECT_EQ(driver().remove_socket_file(at.path(), file), 0);
    EXPECT_EQ(driver().remove_socket_file(at.path(), file), -ENOENT);
    EXPECT_EQ(driver().find_socket_file(at.path(), file), -ENOENT);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &at.address, at.size), -ENOENT);
    bench_->close(client);
}

TEST_P(MessageConformance, a_socket_file_is_told_from_its_successor) {
    FileAddress at("rondo-successor");
    const int first = bench_->listen_at(at.generic(), at.size, 4, false);
    ASSERT_GE(first, 0);
    SocketFile of_first;
    EXPECT_EQ(driver().find_socket_file(at.path(), of_first), 0);
    EXPECT_EQ(driver().remove_socket_file(at.path(), of_first), 0);
    const int client = driver().open_socket(AF_UNIX);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &at.address, at.size), -ENOENT);
    const int second = bench_->listen_at(at.generic(), at.size, 4, false);
    ASSERT_GE(second, 0);
    SocketFile of_second;
    EXPECT_EQ(driver().find_socket_file(at.path(), of_second), 0);
    EXPECT_FALSE(of_first == of_second);
    EXPECT_EQ(driver().remove_socket_file(at.path(), of_first), -ESTALE);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &at.address, at.size), 0);
    EXPECT_EQ(driver().remove_socket_file(at.path(), of_second), 0);
    bench_->close(client);
    close_both(first, second);
}

TEST_P(MessageConformance, who_listens_when_its_file_is_gone_is_not_found) {
    FileAddress at("rondo-unfound");
    const int first = driver().open_socket(AF_UNIX);
    ASSERT_EQ(driver().bind(first, at.generic(), at.size), 0);
    SocketFile file;
    EXPECT_EQ(driver().find_socket_file(at.path(), file), 0);
    EXPECT_EQ(driver().remove_socket_file(at.path(), file), 0);
    const int second = driver().open_socket(AF_UNIX);
    const int client = driver().open_socket(AF_UNIX);
    EXPECT_EQ(driver().listen(first, 4), 0);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &at.address, at.size), -ENOENT);
    ASSERT_EQ(driver().bind(second, at.generic(), at.size), 0);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &at.address, at.size), -ECONNREFUSED);
    EXPECT_EQ(driver().listen(second, 4), 0);
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &at.address, at.size), 0);
    const int server = bench_->run(OperationKind::accept, second);
    EXPECT_GE(server, 0);
    EXPECT_EQ(driver().find_socket_file(at.path(), file), 0);
    EXPECT_EQ(driver().remove_socket_file(at.path(), file), 0);
    close_both(first, second);
    close_both(client, server);
}

TEST_P(MessageConformance, an_accept_tells_who_came) {
    const Listener listener = bench_->listen();
    const int client = driver().open_socket(AF_INET);
    sockaddr_storage peer{};
    TestOperation accept(OperationKind::accept, listener.fd, &peer, sizeof peer);
    Listener where = listener;
    EXPECT_EQ(bench_->run(OperationKind::connect, client, &where.address, where.length), 0);
    const int server = bench_->run(accept);
    ASSERT_GE(server, 0);
    EXPECT_EQ(accept.moved, sizeof(sockaddr_in));
    sockaddr_storage local{};
    std::uint32_t length = sizeof local;
    EXPECT_EQ(driver().socket_name(client, false, reinterpret_cast<sockaddr*>(&local), &length), 0);
    EXPECT_EQ(std::memcmp(&peer, &local, 8), 0);
    close_both(client, server);
    bench_->close(listener.fd);
}

TEST_P(MessageConformance, options_are_given_back) {
    const auto [client, server] = bench_->tcp_pair();
    EXPECT_EQ(driver().set_option(client, IPPROTO_TCP, TCP_KEEPIDLE, 77), 0);
    int value = 0;
    std::uint32_t size = sizeof value;
    EXPECT_EQ(driver().get_option(client, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size), 0);
    EXPECT_EQ(value, 77);
    EXPECT_EQ(size, sizeof value);
    EXPECT_EQ(driver().get_option(-1, IPPROTO_TCP, TCP_KEEPIDLE, &value, &size), -EBADF);
    close_both(client, server);
}

TEST_P(MessageConformance, a_close_without_lingering_resets) {
    const auto [client, server] = bench_->tcp_pair();
    const linger hard{1, 0};
    EXPECT_EQ(driver().set_option(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    char byte = 0;
    TestOperation read(OperationKind::receive, server, &byte, 1);
    ASSERT_FALSE(bench_->submit(read));
    bench_->close(client);
    bench_->finish(read);
    EXPECT_EQ(read.result, -ECONNRESET);
    bench_->close(server);
}

}  // namespace
}  // namespace rondo::test
