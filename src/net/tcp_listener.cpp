// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/tcp_listener.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/socket_calls.hpp"

namespace rondo::net {

Accept::Accept(const TcpListener& listener, bool beside) noexcept
    : AwaitOperation(OperationKind::accept, listener.fd_), listener_(&listener) {
    hint = beside ? 1 : 0;
}

TcpStream Accept::await_resume() const {
    const int accepted = AwaitOperation::await_resume();
    if (accepted < 0) [[unlikely]] {
        throw Error("accept", listener_->name(), -accepted);
    }
    return TcpStream(accepted);
}

AcceptFrom::AcceptFrom(const TcpListener& listener) noexcept
    : AwaitOperation(OperationKind::accept, listener.fd_), listener_(&listener) {}

AcceptedTcp AcceptFrom::await_resume() const {
    const int accepted = AwaitOperation::await_resume();
    if (accepted < 0) [[unlikely]] {
        throw Error("accept", listener_->name(), -accepted);
    }
    const auto* const name = reinterpret_cast<const sockaddr*>(peer_);
    return {TcpStream(accepted), Address::from(name, bytes_moved()).value_or(Address())};
}

namespace {

// Options of the listener are inherited by the connections it accepts.
int prepare(int fd, const Address& address, const ListenOptions& options) noexcept {
    int error = detail::set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (error == 0 && options.share_port) {
        error = detail::set_int(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    if (error == 0 && address.is_ipv6()) {
        error = detail::set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.dual_stack ? 0 : 1);
    }
    return error == 0 ? detail::apply(fd, options.accepted) : error;
}

}  // namespace

TcpListener TcpListener::listen(const Address& address, ListenOptions options) {
    Driver& driver = current_loop().driver();
    const int fd = driver.open_socket(address.family());
    TcpListener listener(fd);
    int result = fd < 0 ? fd : prepare(fd, address, options);
    if (result == 0) {
        result = driver.bind(fd, address.data(), address.size());
    }
    if (result == 0) {
        result = driver.listen(fd, options.backlog);
    }
    if (result < 0) {
        throw Error("listen", address.to_string(), -result);
    }
    return listener;
}

Address TcpListener::local_address() const { return detail::address_of(fd_, false); }

std::string TcpListener::name() const {
    return is_open() ? detail::try_name(fd_, false) : "a closed listener";
}

}  // namespace rondo::net
