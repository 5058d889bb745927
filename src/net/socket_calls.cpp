// SPDX-License-Identifier: Apache-2.0
#include "net/socket_calls.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>

#include "rondo/base/assert.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/net/unix_stream.hpp"

namespace rondo::net::detail {

std::string SocketName::to_string() const {
    if (const auto address = Address::from(data(), length)) {
        return address->to_string();
    }
    const auto address = UnixAddress::from(data(), length);
    return address && !address->is_unnamed() ? address->to_string() : std::string();
}

SocketName name_of(int fd, bool peer) {
    SocketName name;
    const int result = current_loop().driver().socket_name(fd, peer, name.data(), &name.length);
    if (result < 0) {
        throw Error(peer ? "peer_address" : "local_address", {}, -result);
    }
    return name;
}

Address address_of(int fd, bool peer) {
    const SocketName name = name_of(fd, peer);
    const auto address = Address::from(name.data(), name.length);
    if (!address) {
        throw Error(Errc::not_supported, peer ? "peer_address" : "local_address", {},
                    "not an internet socket");
    }
    return *address;
}

std::string try_name(int fd, bool peer) {
    SocketName name;
    const int result = current_loop().driver().socket_name(fd, peer, name.data(), &name.length);
    return result < 0 ? std::string() : name.to_string();
}

int set_int(int fd, int level, int name, int value) noexcept {
    return current_loop().driver().set_option(fd, level, name, value);
}

namespace {

int to_int(std::int64_t value) noexcept {
    return static_cast<int>(std::clamp<std::int64_t>(value, 0, INT_MAX));
}

int set_keep_alive(int fd, const KeepAlive& asked) noexcept {
    const int values[][2] = {
        {TCP_KEEPIDLE, to_int(asked.idle.count())},
        {TCP_KEEPINTVL, to_int(asked.interval.count())},
        {TCP_KEEPCNT, asked.count},
    };
    for (const auto& [name, value] : values) {
        if (const int error = set_int(fd, IPPROTO_TCP, name, value); error != 0) {
            return error;
        }
    }
    return set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

}  // namespace

int apply(int fd, const TcpOptions& options) noexcept {
    int error = 0;
    const auto set = [&](bool wanted, int level, int name, std::int64_t value) {
        if (error == 0 && wanted) {
            error = set_int(fd, level, name, to_int(value));
        }
    };
    const auto timeout =
        std::chrono::duration_cast<std::chrono::milliseconds>(options.user_timeout);
    set(options.no_delay, IPPROTO_TCP, TCP_NODELAY, 1);
    set(options.user_timeout > Duration::zero(), IPPROTO_TCP, TCP_USER_TIMEOUT, timeout.count());
    set(options.receive_buffer > 0, SOL_SOCKET, SO_RCVBUF,
        static_cast<std::int64_t>(options.receive_buffer));
    set(options.send_buffer > 0, SOL_SOCKET, SO_SNDBUF,
        static_cast<std::int64_t>(options.send_buffer));
    return error == 0 && options.keep_alive ? set_keep_alive(fd, *options.keep_alive) : error;
}

int connect_now(int fd, const sockaddr* address, std::uint32_t length) noexcept {
    Operation connect(OperationKind::connect, fd);
    connect.data = const_cast<sockaddr*>(address);
    connect.size = length;
    const bool ended = current_loop().driver().submit(connect);
    RONDO_ASSERT(ended, "a connect that never waits waits");
    return connect.result;
}

namespace {

// Removes the file at `address` if nobody has its socket open. 0, or why it is still there: it is
// in use, or there is no descriptor to find that out.
int remove_stale(SocketType type, const UnixAddress& address) noexcept {
    Driver& driver = current_loop().driver();
    const int fd = driver.open_socket(AF_UNIX, type);
    if (fd < 0) {
        return fd;
    }
    const Descriptor probe(fd);
    SocketFile file;
    const bool is_stale = driver.find_socket_file(address.file(), file) == 0 &&
                          connect_now(fd, address.data(), address.size()) == -ECONNREFUSED;
    return is_stale && driver.remove_socket_file(address.file(), file) == 0 ? 0 : -EADDRINUSE;
}

}  // namespace

int bind_unix(int fd, SocketType type, const UnixAddress& address, bool replace_stale,
              SocketFile& file) noexcept {
    Driver& driver = current_loop().driver();
    int result = driver.bind(fd, address.data(), address.size());
    if (result == -EADDRINUSE && replace_stale && address.is_path()) {
        result = remove_stale(type, address);
        if (result == 0) {
            result = driver.bind(fd, address.data(), address.size());
        }
    }
    if (result == 0 && address.is_path()) {
        driver.find_socket_file(address.file(), file);
    }
    return result;
}

}  // namespace rondo::net::detail
