// SPDX-License-Identifier: Apache-2.0
// How simulated sockets come to be, find each other and are named.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "driver/kernel_calls.hpp"
#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

constexpr std::uint16_t first_listener_port = 20000;

bool is_known(int family) noexcept {
    return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

}  // namespace

int SimNetwork::open_socket(int family) noexcept {
    if (!is_known(family)) {
        return -EAFNOSUPPORT;
    }
    auto socket = std::make_unique<SimSocket>();
    socket->family = family;
    return add(std::move(socket));
}

int SimNetwork::make_pair(int (&fds)[2], bool pipe) {
    auto first = std::make_unique<SimSocket>();
    auto second = std::make_unique<SimSocket>();
    first->peer = second.get();
    second->peer = first.get();
    for (SimSocket* socket : {first.get(), second.get()}) {
        socket->family = AF_UNIX;
        socket->stage = SimSocket::Stage::connected;
        socket->is_pipe = pipe;
        socket->local.family = AF_UNIX;
        socket->remote.family = AF_UNIX;
    }
    first->output_ended = pipe;
    if (open_ + 2 > descriptors_max) {
        return -EMFILE;
    }
    fds[0] = add(std::move(first));
    fds[1] = add(std::move(second));
    return 0;
}

int SimNetwork::socket_pair(int (&fds)[2]) noexcept { return make_pair(fds, false); }

int SimNetwork::make_pipe(int (&fds)[2]) noexcept { return make_pair(fds, true); }

std::uint16_t SimNetwork::free_port(int family, std::uint16_t from) const noexcept {
    SimAddress address;
    address.family = family;
    address.port = from;
    while (listeners_.contains(address)) {
        ++address.port;
    }
    return address.port;
}

int SimNetwork::listen(const sockaddr* address, std::uint32_t length, int backlog,
                       bool share_port) noexcept {
    auto socket = std::make_unique<SimSocket>();
    if (const int error = SimAddress::parse(address, length, true, socket->local); error != 0) {
        return error;
    }
    if (socket->local.family != AF_UNIX && socket->local.port == 0) {
        socket->local.port = free_port(socket->local.family, first_listener_port);
    }
    const auto [first, last] = listeners_.equal_range(socket->local);
    const bool shared = share_port && std::all_of(first, last, [](const auto& entry) {
                            return entry.second->shares_port;
                        });
    if (first != last && !shared) {
        return -EADDRINUSE;
    }
    socket->family = socket->local.family;
    socket->stage = SimSocket::Stage::listening;
    socket->backlog = static_cast<std::size_t>(std::max(backlog, 0));
    socket->shares_port = share_port;
    SimSocket& listener = *socket;
    const int fd = add(std::move(socket));
    if (fd >= 0) {
        listeners_.emplace(listener.local, &listener);
    }
    return fd;
}

SimSocket* SimNetwork::find_listener(const SimAddress& address) noexcept {
    const auto [first, last] = listeners_.equal_range(address);
    const auto count = static_cast<std::size_t>(std::distance(first, last));
    if (count == 0) {
        return nullptr;
    }
    const std::size_t which = dice_ != nullptr ? dice_->below(count) : turn_++ % count;
    return std::next(first, static_cast<std::ptrdiff_t>(which))->second;
}

void SimNetwork::meet(SimSocket& listener, SimSocket& client) {
    auto server = std::make_unique<SimSocket>();
    server->family = client.family;
    server->stage = SimSocket::Stage::connected;
    server->local = client.remote;
    server->remote = client.local;
    server->peer = &client;
    client.peer = server.get();
    client.stage = SimSocket::Stage::connected;
    listener.queue.push_back(std::move(server));
    raise(listener);
    raise(client);
}

int SimNetwork::connect(int fd, const void* address, std::uint32_t length) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    switch (socket->stage) {
        case SimSocket::Stage::connected: return -EISCONN;
        case SimSocket::Stage::connecting: return -EALREADY;
        case SimSocket::Stage::listening: return -EINVAL;
        case SimSocket::Stage::fresh: break;
    }
    SimAddress remote;
    const auto* given = static_cast<const sockaddr*>(address);
    if (const int error = SimAddress::parse(given, length, false, remote); error != 0) {
        return error;
    }
    if (remote.family != socket->family) {
        return -EAFNOSUPPORT;
    }
    return seen("connect", fd, connect_to(*socket, remote));
}

int SimNetwork::connect_to(SimSocket& socket, const SimAddress& remote) {
    SimSocket* listener = find_listener(remote);
    const bool is_unix = remote.family == AF_UNIX;
    const bool full = listener != nullptr && listener->queue.size() > listener->backlog;
    if (is_unix && (listener == nullptr || full)) {
        return listener == nullptr ? -ENOENT : -EAGAIN;
    }
    socket.remote = remote;
    socket.local.family = remote.family;
    if (!is_unix && socket.local.port == 0) {
        socket.local.port =
            next_client_port_ == 65535 ? next_client_port_ = 49152 : ++next_client_port_;
    }
    if (listener == nullptr) {
        socket.error = ECONNREFUSED;
        raise(socket);
    } else if (full) {
        socket.stage = SimSocket::Stage::connecting;
        listener->knocking.push_back(&socket);
    } else {
        meet(*listener, socket);
    }
    return is_unix ? 0 : -EINPROGRESS;
}

int SimNetwork::connect_result(int fd) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
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

int SimNetwork::accept(int fd) noexcept {
    SimSocket* listener = find(fd);
    if (listener == nullptr) {
        return -EBADF;
    }
    if (listener->stage != SimSocket::Stage::listening) {
        return listener->is_pipe ? -ENOTSOCK : -EINVAL;
    }
    return seen("accept", fd, accept_from(*listener));
}

int SimNetwork::accept_from(SimSocket& listener) {
    if (listener.queue.empty()) {
        return -EAGAIN;
    }
    if (lies(16)) {
        raise(listener);
        return -EAGAIN;
    }
    if (open_ == descriptors_max) {
        return -EMFILE;
    }
    auto accepted = std::move(listener.queue.front());
    listener.queue.pop_front();
    if (!listener.knocking.empty()) {
        SimSocket* client = listener.knocking.front();
        listener.knocking.pop_front();
        meet(listener, *client);
    }
    return add(std::move(accepted));
}

void SimNetwork::close_listener(SimSocket& listener) noexcept {
    std::erase_if(listeners_, [&](const auto& entry) { return entry.second == &listener; });
    for (SimSocket* client : listener.knocking) {
        client->stage = SimSocket::Stage::fresh;
        client->error = ECONNREFUSED;
        raise(*client);
    }
    for (const auto& waiting : listener.queue) {
        if (SimSocket* client = std::exchange(waiting->peer, nullptr)) {
            client->peer = nullptr;
            reset(*client);
        }
    }
}

int SimNetwork::socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept {
    const SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (peer && socket->stage != SimSocket::Stage::connected) {
        return -ENOTCONN;
    }
    SimAddress name = peer ? socket->remote : socket->local;
    name.family = socket->family;
    name.write_to(address, length);
    return 0;
}

int SimNetwork::bind(int fd, const sockaddr* address, std::uint32_t length) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    SimAddress local;
    if (const int error = SimAddress::parse(address, length, true, local); error != 0) {
        return error;
    }
    if (local.family != socket->family) {
        return -EAFNOSUPPORT;
    }
    if (socket->stage != SimSocket::Stage::fresh || socket->local.family != 0) {
        return -EINVAL;
    }
    if (listeners_.contains(local)) {
        return -EADDRINUSE;
    }
    socket->local = local;
    return 0;
}

int SimNetwork::source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                          std::uint32_t* length) noexcept {
    std::memcpy(address, to, std::min(to_length, *length));
    *length = to_length;
    return 0;
}

int SimNetwork::set_option(int fd, int, int, int) noexcept {
    return find(fd) != nullptr ? 0 : -EBADF;
}

}  // namespace rondo::detail
