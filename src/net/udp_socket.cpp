// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/udp_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "net/socket_calls.hpp"

namespace rondo::net {
namespace {

int prepare(int fd, bool is_ipv6, const UdpOptions& options) noexcept {
    int error = 0;
    const auto set = [&](bool wanted, int level, int name, int value) {
        if (error == 0 && wanted) {
            error = detail::set_int(fd, level, name, value);
        }
    };
    const auto bytes = [](std::size_t size) {
        return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
    };
    set(options.share_port, SOL_SOCKET, SO_REUSEPORT, 1);
    set(options.reuse_address, SOL_SOCKET, SO_REUSEADDR, 1);
    set(options.broadcast, SOL_SOCKET, SO_BROADCAST, 1);
    set(is_ipv6, IPPROTO_IPV6, IPV6_V6ONLY, options.dual_stack ? 0 : 1);
    set(options.receive_buffer > 0, SOL_SOCKET, SO_RCVBUF, bytes(options.receive_buffer));
    set(options.send_buffer > 0, SOL_SOCKET, SO_SNDBUF, bytes(options.send_buffer));
    return error;
}

}  // namespace

UdpSocket UdpSocket::open(const Address& address, const UdpOptions& options, const char* what) {
    const int fd = current_loop().driver().open_socket(address.family(), SocketType::datagram);
    UdpSocket socket(fd);
    const int result = fd < 0 ? fd : prepare(fd, address.is_ipv6(), options);
    if (result < 0) {
        throw Error(what, address.to_string(), -result);
    }
    return socket;
}

UdpSocket UdpSocket::bind(const Address& local, UdpOptions options) {
    UdpSocket socket = open(local, options, "bind");
    check_result(current_loop().driver().bind(socket.fd_, local.data(), local.size()), "bind",
                 local.to_string());
    return socket;
}

UdpSocket UdpSocket::connect(const Address& peer, UdpOptions options) {
    UdpSocket socket = open(peer, options, "connect");
    socket.connect_to(peer);
    return socket;
}

void UdpSocket::connect_to(const Address& peer) {
    check_result(detail::connect_now(fd_, peer.data(), peer.size()), "connect", peer.to_string());
}

void UdpSocket::change_group(const Address& group, unsigned interface, bool join) {
    Driver& driver = current_loop().driver();
    int result = 0;
    if (group.is_ipv6()) {
        ipv6_mreq request{};
        sockaddr_in6 address;
        std::memcpy(&address, group.data(), sizeof address);
        request.ipv6mr_multiaddr = address.sin6_addr;
        request.ipv6mr_interface = interface;
        result = driver.set_option(fd_, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
                                   &request, sizeof request);
    } else {
        ip_mreqn request{};
        sockaddr_in address;
        std::memcpy(&address, group.data(), sizeof address);
        request.imr_multiaddr = address.sin_addr;
        request.imr_ifindex = static_cast<int>(interface);
        result = driver.set_option(fd_, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                                   &request, sizeof request);
    }
    check_result(result, join ? "join_group" : "leave_group", group.to_string());
}

void UdpSocket::join_group(const Address& group, unsigned interface) {
    change_group(group, interface, true);
}

void UdpSocket::leave_group(const Address& group, unsigned interface) {
    change_group(group, interface, false);
}

void UdpSocket::set_multicast_loop(bool on) {
    const bool ipv6 = local_address().is_ipv6();
    set_option(ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_MULTICAST_LOOP : IP_MULTICAST_LOOP,
               on ? 1 : 0);
}

void UdpSocket::set_multicast_hops(int hops) {
    const bool ipv6 = local_address().is_ipv6();
    set_option(ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? IPV6_MULTICAST_HOPS : IP_MULTICAST_TTL,
               hops);
}

Address UdpSocket::local_address() const { return detail::address_of(fd_, false); }

Address UdpSocket::peer_address() const { return detail::address_of(fd_, true); }

}  // namespace rondo::net
