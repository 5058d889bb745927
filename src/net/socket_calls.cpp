// SPDX-License-Identifier: Apache-2.0
#include "net/socket_calls.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "rondo/base/assert.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::net::detail {

void close_socket(int fd) noexcept {
    RONDO_REQUIRE(rondo::detail::local.loop != nullptr, "a socket outlived its event loop");
    Operation close(OperationKind::close, fd);
    rondo::detail::local.loop->driver().submit(close);
}

Address address_of(int fd, bool peer) {
    sockaddr_storage storage{};
    auto* const name = reinterpret_cast<sockaddr*>(&storage);
    std::uint32_t length = sizeof storage;
    const int result = current_loop().driver().socket_name(fd, peer, name, &length);
    const char* const what = peer ? "peer_address" : "local_address";
    if (result < 0) {
        throw Error(what, {}, -result);
    }
    const auto address = Address::from(name, length);
    if (!address) {
        throw Error(Errc::not_supported, what, {}, "not an internet socket");
    }
    return *address;
}

std::string try_name(int fd, bool peer) {
    try {
        return address_of(fd, peer).to_string();
    } catch (const Error&) {
        return {};
    }
}

void set_no_delay(int fd, bool on) noexcept {
    current_loop().driver().set_option(fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

}  // namespace rondo::net::detail
