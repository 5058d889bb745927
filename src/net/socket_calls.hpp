// SPDX-License-Identifier: Apache-2.0
/// What the sockets of this module share: calls of the driver that do not wait, and names.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "rondo/loop/driver.hpp"
#include "rondo/net/address.hpp"
#include "rondo/net/tcp_options.hpp"
#include "rondo/net/unix_address.hpp"

namespace rondo::net::detail {

/// A socket's name as the system has it.
struct SocketName {
    sockaddr_storage storage{};
    std::uint32_t length = sizeof storage;

    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* data() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
    /// "127.0.0.1:80", "/run/x.sock", "@abstract", "" when it has none.
    std::string to_string() const;
};

/// Throws Error when there is no such name.
SocketName name_of(int fd, bool peer);

/// Requires: it is an internet socket.
Address address_of(int fd, bool peer);

/// "" instead of an error.
std::string try_name(int fd, bool peer);

/// 0 or -errno.
int set_int(int fd, int level, int name, int value) noexcept;
/// Sets what `options` ask for; 0 or -errno. On a listener they are those of its connections.
int apply(int fd, const TcpOptions& options) noexcept;

/// A connect of a socket that never waits for one: datagrams, and Unix streams, where -EAGAIN means
/// that the listener's queue is full.
int connect_now(int fd, const sockaddr* address, std::uint32_t length) noexcept;

/// Binds a Unix socket; with `replace_stale` the file of one that nobody has open gives way, and
/// that of one which is bound and does not listen yet. 0 or -errno. `file` is the one that was
/// made, if the address is a path, and if no other one has taken that at once.
int bind_unix(int fd, SocketType type, const UnixAddress& address, bool replace_stale,
              SocketFile& file) noexcept;

}  // namespace rondo::net::detail
