// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/unix_datagram.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "net/socket_calls.hpp"
#include "rondo/loop/sleep.hpp"

namespace rondo::net {

UnixDatagram& UnixDatagram::operator=(UnixDatagram&& other) noexcept {
    if (this != &other) {
        close();
        address_ = other.address_;
        file_ = other.file_;
        Socket::operator=(std::move(other));
    }
    return *this;
}

UnixDatagram UnixDatagram::unbound() {
    const int fd = current_loop().driver().open_socket(AF_UNIX, SocketType::datagram);
    check_result(fd, "open", "a Unix datagram socket");
    return UnixDatagram(fd);
}

UnixDatagram UnixDatagram::bind(const UnixAddress& address) {
    UnixDatagram socket = unbound();
    const int result =
        detail::bind_unix(socket.fd_, SocketType::datagram, address, true, socket.file_);
    check_result(result, "bind", address.to_string());
    socket.address_ = address;
    return socket;
}

std::pair<UnixDatagram, UnixDatagram> UnixDatagram::pair() {
    int fds[2];
    check_result(current_loop().driver().socket_pair(fds, SocketType::datagram), "socketpair", {});
    return {UnixDatagram(fds[0]), UnixDatagram(fds[1])};
}

void UnixDatagram::connect_to(const UnixAddress& to) {
    check_result(detail::connect_now(fd_, to.data(), to.size()), "connect", to.to_string());
}

Task<> UnixDatagram::send_to(Bytes bytes, UnixAddress to) {
    constexpr Duration longest = std::chrono::milliseconds(16);
    Duration pause = std::chrono::microseconds(500);
    for (;;) {
        if (try_send_to(bytes, to)) {
            co_return;
        }
        co_await sleep(pause);
        pause = std::min(2 * pause, longest);
    }
}

void UnixDatagram::close() noexcept {
    if (is_open()) {
        if (file_ != SocketFile()) {
            current_loop().driver().remove_socket_file(address_.file(), file_);
        }
        Socket::close();
    }
}

}  // namespace rondo::net
