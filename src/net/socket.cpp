// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/socket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <climits>

#include "net/socket_calls.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::net {

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void Socket::close() noexcept {
    if (fd_ >= 0) {
        RONDO_REQUIRE(rondo::detail::local.loop != nullptr, "a socket outlived its event loop");
        Operation close(OperationKind::close, std::exchange(fd_, -1));
        rondo::detail::local.loop->driver().submit(close);
    }
}

namespace {

int size_option(std::size_t bytes) noexcept {
    return static_cast<int>(std::min<std::size_t>(bytes, INT_MAX));
}

}  // namespace

void Socket::set_receive_buffer(std::size_t bytes) {
    set_option(SOL_SOCKET, SO_RCVBUF, size_option(bytes));
}

void Socket::set_send_buffer(std::size_t bytes) {
    set_option(SOL_SOCKET, SO_SNDBUF, size_option(bytes));
}

std::size_t Socket::receive_buffer() const {
    return static_cast<std::size_t>(option(SOL_SOCKET, SO_RCVBUF));
}

std::size_t Socket::send_buffer() const {
    return static_cast<std::size_t>(option(SOL_SOCKET, SO_SNDBUF));
}

void Socket::set_option(int level, int name, int value) {
    check_result(detail::set_int(fd_, level, name, value), "set_option", "a socket");
}

int Socket::option(int level, int name) const {
    int value = 0;
    std::uint32_t size = sizeof value;
    check_result(current_loop().driver().get_option(fd_, level, name, &value, &size), "option",
                 "a socket");
    return value;
}

}  // namespace rondo::net
