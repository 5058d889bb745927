// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/unix_listener.hpp"

#include <sys/socket.h>

#include <cerrno>

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
        removes_ = other.removes_;
        Socket::operator=(std::move(other));
    }
    return *this;
}

namespace {

// Removes the file at `address` if nobody listens there.
bool remove_stale(const UnixAddress& address) noexcept {
    Driver& driver = current_loop().driver();
    const Descriptor probe(driver.open_socket(AF_UNIX));
    if (!probe.is_open()) {
        return false;
    }
    const int result = detail::connect_now(probe.descriptor(), address.data(), address.size());
    return result == -ECONNREFUSED && driver.remove_socket_file(address.file()) == 0;
}

int bind_fresh(int fd, const UnixAddress& address, bool replace_stale) noexcept {
    Driver& driver = current_loop().driver();
    int result = driver.bind(fd, address.data(), address.size());
    if (result == -EADDRINUSE && replace_stale && address.is_path() && remove_stale(address)) {
        result = driver.bind(fd, address.data(), address.size());
    }
    return result;
}

}  // namespace

UnixListener UnixListener::listen(const UnixAddress& address, UnixListenOptions options) {
    Driver& driver = current_loop().driver();
    const int fd = driver.open_socket(AF_UNIX);
    UnixListener listener(fd);
    int result = fd < 0 ? fd : bind_fresh(fd, address, options.replace_stale);
    if (result == 0) {
        listener.address_ = address;
        listener.removes_ = options.remove_on_close && address.is_path();
        result = driver.listen(fd, options.backlog);
    }
    if (result < 0) {
        throw Error("listen", address.to_string(), -result);
    }
    return listener;
}

void UnixListener::close() noexcept {
    if (is_open()) {
        if (removes_) {
            current_loop().driver().remove_socket_file(address_.file());
        }
        Socket::close();
    }
}

std::string UnixListener::name() const {
    return is_open() ? address_.to_string() : "a closed listener";
}

}  // namespace rondo::net
