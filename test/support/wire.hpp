// SPDX-License-Identifier: Apache-2.0
/// Descriptors on the loop's driver, without the module net.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::test {

/// Closes its descriptor by the driver of the current loop.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) {
            Operation close(OperationKind::close, fd_);
            current_loop().driver().submit(close);
        }
    }
    int fd() const noexcept { return fd_; }

private:
    int fd_;
};

struct Pair {
    Descriptor first;
    Descriptor second;
    Pair(int a, int b) noexcept : first(a), second(b) {}
};

inline Pair socket_pair() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(current_loop().driver().socket_pair(fds), 0);
    return {fds[0], fds[1]};
}

/// `first` reads, `second` writes.
inline Pair make_pipe() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(current_loop().driver().make_pipe(fds), 0);
    return {fds[0], fds[1]};
}

/// A listener on the loopback interface, and where it is.
struct Listening {
    sockaddr_in address{};
    Descriptor socket;

    Listening() {
        Driver& driver = current_loop().driver();
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socket = Descriptor(driver.open_socket(AF_INET));
        driver.set_option(socket.fd(), SOL_SOCKET, SO_REUSEADDR, 1);
        EXPECT_EQ(
            driver.bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
        EXPECT_EQ(driver.listen(socket.fd(), 8), 0);
        std::uint32_t length = sizeof address;
        EXPECT_EQ(
            driver.socket_name(socket.fd(), false, reinterpret_cast<sockaddr*>(&address), &length),
            0);
    }
};

inline Task<Descriptor> connect_to(const Listening& listening) {
    sockaddr_in address = listening.address;
    Descriptor client(current_loop().driver().open_socket(AF_INET));
    const int result =
        co_await AwaitOperation(OperationKind::connect, client.fd(), &address, sizeof address);
    EXPECT_EQ(result, 0);
    co_return client;
}

inline Task<Descriptor> accept_from(const Listening& listening) {
    const int fd = co_await AwaitOperation(OperationKind::accept, listening.socket.fd());
    EXPECT_GE(fd, 0);
    co_return Descriptor(fd);
}

inline Task<int> send_all(const Descriptor& to, std::string bytes) {
    const int sent = co_await AwaitOperation(OperationKind::send_all, to.fd(), bytes.data(),
                                             static_cast<std::uint32_t>(bytes.size()));
    co_return sent;
}

/// Receives until `count` bytes came or the stream ended; gives how many.
inline Task<std::size_t> receive(const Descriptor& from, std::size_t count) {
    std::string buffer(4096, '\0');
    std::size_t got = 0;
    while (got < count) {
        const int bytes = co_await AwaitOperation(OperationKind::receive, from.fd(), buffer.data(),
                                                  static_cast<std::uint32_t>(buffer.size()));
        EXPECT_GE(bytes, 0);
        if (bytes <= 0) {
            break;
        }
        got += static_cast<std::size_t>(bytes);
    }
    co_return got;
}

/// The same through the driver's own buffers.
inline Task<std::size_t> receive_leased(const Descriptor& from, std::size_t count) {
    std::size_t got = 0;
    while (got < count) {
        AwaitOperation operation(OperationKind::receive_leased, from.fd());
        const int bytes = co_await operation;
        EXPECT_GE(bytes, 0);
        if (bytes <= 0) {
            break;
        }
        current_loop().driver().give_back(operation.lease());
        got += static_cast<std::size_t>(bytes);
    }
    co_return got;
}

}  // namespace rondo::test
