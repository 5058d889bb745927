// SPDX-License-Identifier: Apache-2.0
// How simulated sockets come to be, are named and connect.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "driver/kernel_calls.hpp"
#include "sim/sim_home.hpp"
#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

constexpr std::size_t first_client_port = 49152;
constexpr std::size_t client_ports_max = 65536 - first_client_port;

bool is_known(int family) noexcept {
    return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

}  // namespace

// ------------------------------------------------------------------------------- descriptors

int SimNetwork::open_socket(int family, SocketType type) noexcept {
    if (const int error = enter(sim::Call::socket, "socket", -1); error != 0) {
        return error;
    }
    if (!is_known(family)) {
        return -EAFNOSUPPORT;
    }
    auto socket = make_socket(family);
    if (type == SocketType::datagram) {
        socket->datagrams = std::make_unique<SimDatagrams>();
    }
    return add(std::move(socket));
}

int SimNetwork::make_pair(int (&fds)[2], bool pipe, bool datagrams) {
    if (open_ + 2 > std::min(options_.descriptors_max, descriptors_max)) {
        return -EMFILE;
    }
    auto first = make_socket(AF_UNIX);
    auto second = make_socket(AF_UNIX);
    first->peer = second.get();
    second->peer = first.get();
    for (SimSocket* socket : {first.get(), second.get()}) {
        socket->stage = SimSocket::Stage::connected;
        socket->is_pipe = pipe;
        if (datagrams) {
            socket->datagrams = std::make_unique<SimDatagrams>();
            socket->receiver = socket->peer;
        }
        socket->local.family = AF_UNIX;
        socket->remote.family = AF_UNIX;
    }
    first->output_ended = pipe;
    fds[0] = add(std::move(first));
    fds[1] = add(std::move(second));
    return 0;
}

int SimNetwork::socket_pair(int (&fds)[2], SocketType type) noexcept {
    const int error = enter(sim::Call::socket_pair, "socket_pair", -1);
    return error != 0 ? error : make_pair(fds, false, type == SocketType::datagram);
}

int SimNetwork::make_pipe(int (&fds)[2]) noexcept {
    const int error = enter(sim::Call::make_pipe, "make_pipe", -1);
    return error != 0 ? error : make_pair(fds, true, false);
}

int SimNetwork::socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept {
    const SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::socket_name, "socket_name", fd); error != 0) {
        return error;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (peer && (socket->stage != SimSocket::Stage::connected || socket->is_over())) {
        return -ENOTCONN;
    }
    SimAddress name = peer ? socket->remote : socket->local;
    name.family = socket->family;
    name.write_to(address, length);
    return 0;
}

// ------------------------------------------------------------------------- addresses and ports

// Where the task that runs is at home; any, if nobody said.
SimHost SimNetwork::home(int family) const noexcept {
    const SimHost* const host = home_of_task();
    SimHost any;
    any.family = family;
    return host != nullptr && host->family == family ? *host : any;
}

std::uint16_t SimNetwork::free_port(int family, std::uint16_t from) const noexcept {
    SimAddress address;
    address.family = family;
    address.port = from;
    address.host.family = family;
    while (is_taken(address, false)) {
        ++address.port;
    }
    return address.port;
}

// A listener at all addresses excludes those at single ones.
bool SimNetwork::is_taken(const SimAddress& address, bool share_port) const noexcept {
    if (address.family == AF_UNIX) {
        return listeners_.contains(address);
    }
    SimAddress lowest;
    lowest.family = address.family;
    lowest.port = address.port;
    for (auto at = listeners_.lower_bound(lowest);
         at != listeners_.end() && at->first.family == address.family &&
         at->first.port == address.port;
         ++at) {
        const bool meet =
            at->first.host == address.host || at->first.host.is_any() || address.host.is_any();
        if (meet && !(share_port && at->second->shares_port)) {
            return true;
        }
    }
    return false;
}

int SimNetwork::take_port(SimSocket& socket) {
    const std::size_t most = std::min(options_.ports, client_ports_max);
    Ports& ports = ports_[socket.local.host];
    if (ports.count >= most) {
        return -EADDRNOTAVAIL;
    }
    ports.used.resize(most);
    do {
        ports.last = ports.last + 1 < most ? ports.last + 1 : 0;
    } while (ports.used[ports.last]);
    ports.used[ports.last] = true;
    ++ports.count;
    socket.local.port = static_cast<std::uint16_t>(first_client_port + ports.last);
    socket.owns_port = true;
    return 0;
}

void SimNetwork::give_port_back(const SimSocket& socket) noexcept {
    if (socket.owns_port) {
        Ports& ports = ports_[socket.local.host];
        ports.used[socket.local.port - first_client_port] = false;
        --ports.count;
    }
}

int SimNetwork::bind(int fd, const sockaddr* address, std::uint32_t length) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    SimAddress local;
    if (const int error = SimAddress::parse(address, length, local); error != 0) {
        return error;
    }
    if (local.family != socket->family) {
        return -EAFNOSUPPORT;
    }
    if (socket->stage != SimSocket::Stage::fresh || socket->local.family != 0) {
        return -EINVAL;
    }
    if (local.family != AF_UNIX && !local.host.is_any() && !links_.is_host(local.host)) {
        return -EADDRNOTAVAIL;
    }
    if (local.is_path() && socket_files_.contains(local.path)) {
        return -EADDRINUSE;
    }
    if (socket->datagrams != nullptr) {
        if (const int error = bind_datagram(*socket, local); error != 0) {
            return error;
        }
    } else if ((local.family == AF_UNIX || local.port != 0) &&
               is_taken(local, socket->shares_port)) {
        return -EADDRINUSE;
    } else {
        socket->local = local;
    }
    if (local.is_path()) {
        socket->file = ++socket_files_made_;
        socket_files_.emplace(local.path, socket->file);
    }
    return 0;
}

// Not when its file was removed, or another one has the path.
bool SimNetwork::is_found_by_name(const SimSocket& socket) const noexcept {
    if (!socket.local.is_path()) {
        return true;
    }
    const auto found = socket_files_.find(socket.local.path);
    return found != socket_files_.end() && found->second == socket.file;
}

int SimNetwork::find_socket_file(const char* path, SocketFile& file) noexcept {
    const auto found = socket_files_.find(path);
    if (found == socket_files_.end()) {
        return -ENOENT;
    }
    file = {0, found->second};
    return 0;
}

int SimNetwork::remove_socket_file(const char* path) noexcept {
    socket_files_.erase(path);
    SimAddress name;
    name.family = AF_UNIX;
    name.path = path;
    listeners_.erase(name);
    datagram_names_.erase(name);
    return 0;
}

int SimNetwork::source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                          std::uint32_t* length) noexcept {
    std::memcpy(address, to, std::min(to_length, *length));
    *length = to_length;
    return 0;
}

// -------------------------------------------------------------------------------- connects

int SimNetwork::connect(int fd, const void* address, std::uint32_t length) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    switch (socket->datagrams != nullptr ? SimSocket::Stage::fresh : socket->stage) {
        case SimSocket::Stage::connected: return -EISCONN;
        case SimSocket::Stage::connecting: return -EALREADY;
        case SimSocket::Stage::listening: return -EINVAL;
        case SimSocket::Stage::fresh: break;
    }
    SimAddress remote;
    const auto* given = static_cast<const sockaddr*>(address);
    if (const int error = SimAddress::parse(given, length, remote); error != 0) {
        return error;
    }
    if (remote.family != socket->family) {
        return -EAFNOSUPPORT;
    }
    if (const int error = enter(sim::Call::connect, "connect", fd); error != 0) {
        return error;
    }
    return seen("connect", fd,
                socket->datagrams != nullptr ? connect_datagram(*socket, remote)
                                             : connect_to(*socket, remote));
}

int SimNetwork::connect_to(SimSocket& socket, const SimAddress& remote) {
    socket.choice = dice_ != nullptr ? dice_->next() : turn_++;
    if (remote.family != AF_UNIX) {
        return connect_between_hosts(socket, remote);
    }
    SimSocket* const listener = find_listener(remote, socket.choice);
    if (listener == nullptr) {
        if (remote.is_path() && datagram_names_.contains(remote)) {
            return -EPROTOTYPE;
        }
        return is_socket_file(remote) ? -ECONNREFUSED : -ENOENT;
    }
    if (listener->is_full()) {
        return -EAGAIN;
    }
    socket.remote = remote;
    socket.local.family = remote.family;
    meet(*listener, socket);
    return 0;
}

int SimNetwork::connect_between_hosts(SimSocket& socket, const SimAddress& remote) {
    socket.remote = remote;
    socket.local.family = remote.family;
    if (socket.local.host.is_any()) {
        socket.local.host = home(remote.family);
    }
    if (socket.local.host.is_any()) {
        socket.local.host = SimHost::loopback(remote.family);
    }
    if (remote.host.is_any()) {
        socket.remote.host = socket.local.host;
    } else if (remote.host.is_broadcast() || !links_.is_host(remote.host)) {
        return -ENETUNREACH;
    }
    if (socket.local.port == 0) {
        if (const int error = take_port(socket); error != 0) {
            return error;
        }
    }
    socket.out = &links_.between(socket.local.host, socket.remote.host);
    socket.in = &links_.between(socket.remote.host, socket.local.host);
    socket.connect_attempts = 0;
    if (const int error = weather_.refuses(); error != 0) {
        tell(TraceEvent::fault, "a connect is refused", &socket, error);
        refuse_request(socket, error);
    } else {
        send_request(socket);
    }
    return -EINPROGRESS;
}

void SimNetwork::fail_connect(SimSocket& client, int error) noexcept {
    client.stage = SimSocket::Stage::fresh;
    client.error = error;
    raise(client);
}

int SimNetwork::connect_result(int fd) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::connect_result, "connect_result", fd); error != 0) {
        return error;
    }
    if (socket->error != 0) {
        return -std::exchange(socket->error, 0);
    }
    switch (socket->stage) {
        case SimSocket::Stage::connected: return 0;
        case SimSocket::Stage::connecting: return -EINPROGRESS;
        default: return -ECONNABORTED;
    }
}

}  // namespace rondo::detail
