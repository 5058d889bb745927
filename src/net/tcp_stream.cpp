// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/tcp_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <climits>

#include "net/socket_calls.hpp"

namespace rondo::net {

Task<TcpStream> TcpStream::connect_from(Address address, std::optional<Address> local,
                                        TcpOptions options) {
    Driver& driver = current_loop().driver();
    const int fd = driver.open_socket(address.family());
    if (fd < 0) {
        throw Error("connect", address.to_string(), -fd);
    }
    TcpStream stream(fd);
    if (local) {
        const int bound = driver.bind(fd, local->data(), local->size());
        if (bound < 0) {
            throw Error("connect", address.to_string() + " from " + local->to_string(), -bound);
        }
    }
    int result = detail::apply(fd, options);
    if (result == 0) {
        result = co_await AwaitOperation(OperationKind::connect, fd,
                                         const_cast<sockaddr*>(address.data()), address.size());
    }
    if (result < 0) {
        throw Error("connect", address.to_string(), -result);
    }
    co_return stream;
}

Task<TcpStream> TcpStream::connect(Address address, TcpOptions options) {
    return connect_from(address, std::nullopt, options);
}

Task<TcpStream> TcpStream::connect(Address address, Address local, TcpOptions options) {
    return connect_from(address, local, options);
}

void TcpStream::reset() noexcept {
    if (fd_ >= 0) {
        const linger at_once{1, 0};
        current_loop().driver().set_option(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
}

void TcpStream::set_no_delay(bool on) { set_option(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0); }

bool TcpStream::no_delay() const { return option(IPPROTO_TCP, TCP_NODELAY) != 0; }

void TcpStream::set_keep_alive(std::optional<KeepAlive> options) {
    if (!options) {
        set_option(SOL_SOCKET, SO_KEEPALIVE, 0);
        return;
    }
    TcpOptions all;
    all.no_delay = false;  // is left as it is
    all.keep_alive = options;
    check_result(detail::apply(fd_, all), "set_keep_alive", name());
}

std::optional<KeepAlive> TcpStream::keep_alive() const {
    if (option(SOL_SOCKET, SO_KEEPALIVE) == 0) {
        return std::nullopt;
    }
    return KeepAlive{std::chrono::seconds(option(IPPROTO_TCP, TCP_KEEPIDLE)),
                     std::chrono::seconds(option(IPPROTO_TCP, TCP_KEEPINTVL)),
                     option(IPPROTO_TCP, TCP_KEEPCNT)};
}

void TcpStream::set_user_timeout(Duration timeout) {
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout);
    set_option(IPPROTO_TCP, TCP_USER_TIMEOUT,
               static_cast<int>(std::clamp<std::int64_t>(milliseconds.count(), 0, INT_MAX)));
}

Duration TcpStream::user_timeout() const {
    return std::chrono::milliseconds(option(IPPROTO_TCP, TCP_USER_TIMEOUT));
}

void TcpStream::set_quick_ack(bool on) { set_option(IPPROTO_TCP, TCP_QUICKACK, on ? 1 : 0); }

Address TcpStream::local_address() const { return detail::address_of(fd_, false); }

Address TcpStream::peer_address() const { return detail::address_of(fd_, true); }

}  // namespace rondo::net
