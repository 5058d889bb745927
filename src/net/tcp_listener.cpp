// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/tcp_listener.hpp"

#include "net/socket_calls.hpp"

namespace rondo::net {

Accept::Accept(const TcpListener& listener) noexcept
    : AwaitOperation(OperationKind::accept, listener.fd_), listener_(&listener) {}

TcpStream Accept::await_resume() const {
    const int accepted = AwaitOperation::await_resume();
    if (accepted < 0) [[unlikely]] {
        const std::string name =
            listener_->is_open() ? detail::try_name(listener_->fd_, false) : "a closed listener";
        throw Error("accept", name, -accepted);
    }
    detail::set_no_delay(accepted, true);
    return TcpStream(accepted);
}

TcpListener& TcpListener::operator=(TcpListener&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

TcpListener TcpListener::listen(const Address& address, ListenOptions options) {
    const int fd = current_loop().driver().listen(address.data(), address.size(), options.backlog,
                                                  options.share_port);
    if (fd < 0) {
        throw Error("listen", address.to_string(), -fd);
    }
    return TcpListener(fd);
}

void TcpListener::close() noexcept {
    if (fd_ >= 0) {
        detail::close_socket(std::exchange(fd_, -1));
    }
}

Address TcpListener::local_address() const { return detail::address_of(fd_, false); }

}  // namespace rondo::net
