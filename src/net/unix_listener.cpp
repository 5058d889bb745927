// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/unix_listener.hpp"

#include <sys/socket.h>

#include "net/socket_calls.hpp"

namespace rondo::net {

AcceptUnix::AcceptUnix(const UnixListener& listener, bool beside) noexcept
    : AwaitOperation(OperationKind::accept, listener.fd_), listener_(&listener) {
    hint = beside ? 1 : 0;
}

UnixStream AcceptUnix::await_resume() const {
    const int accepted = AwaitOperation::await_resume();
    if (accepted < 0) [[unlikely]] {
        throw Error("accept", listener_->name(), -accepted);
    }
    return UnixStream(accepted);
}

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept {
    if (this != &other) {
        close();
        address_ = other.address_;
        file_ = other.file_;
        Socket::operator=(std::move(other));
    }
    return *this;
}

UnixListener UnixListener::listen(const UnixAddress& address, UnixListenOptions options) {
    Driver& driver = current_loop().driver();
    const int fd = driver.open_socket(AF_UNIX);
    UnixListener listener(fd);
    SocketFile file;
    int result =
        fd < 0 ? fd
               : detail::bind_unix(fd, SocketType::stream, address, options.replace_stale, file);
    if (result == 0) {
        listener.address_ = address;
        listener.file_ = options.remove_on_close ? file : SocketFile();
        result = driver.listen(fd, options.backlog);
    }
    if (result < 0) {
        throw Error("listen", address.to_string(), -result);
    }
    return listener;
}

void UnixListener::close() noexcept {
    if (is_open()) {
        if (file_ != SocketFile()) {
            current_loop().driver().remove_socket_file(address_.file(), file_);
        }
        Socket::close();
    }
}

std::string UnixListener::name() const {
    return is_open() ? address_.to_string() : "a closed listener";
}

}  // namespace rondo::net
