// SPDX-License-Identifier: Apache-2.0
// Descriptors, edges and the data path. Addresses and connections are in sim_connect.cpp.
#include "sim/sim_network.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "driver/kernel_calls.hpp"

namespace rondo::detail {

unsigned SimSocket::level() const noexcept {
    const bool has_bytes = received.size() > 0;
    const auto when = [](bool condition, unsigned bits) { return condition ? bits : 0U; };
    if (is_pipe) {
        const bool broken = peer == nullptr;
        return output_ended ? when(has_bytes, EPOLLIN) | when(broken, EPOLLHUP)
                            : when(has_room(), EPOLLOUT) | when(broken, EPOLLERR);
    }
    if (error != 0) {
        return EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    }
    switch (stage) {
        case Stage::fresh: return EPOLLOUT | EPOLLHUP;
        case Stage::listening: return when(!queue.empty(), EPOLLIN);
        case Stage::connecting: return 0;
        case Stage::connected: break;
    }
    return when(has_bytes, EPOLLIN) | when(input_ended, EPOLLIN | EPOLLRDHUP) |
           when(has_room(), EPOLLOUT) | when(input_ended && output_ended, EPOLLHUP);
}

SimSocket* SimNetwork::find(int fd) const noexcept {
    const auto index = static_cast<std::size_t>(static_cast<std::int64_t>(fd) - first_descriptor);
    return index < sockets_.size() ? sockets_[index].get() : nullptr;
}

// The lowest free number, as POSIX has it: numbers are reused at once.
int SimNetwork::add(std::unique_ptr<SimSocket> socket) {
    const auto place = std::find(sockets_.begin(), sockets_.end(), nullptr);
    const auto index = static_cast<std::size_t>(place - sockets_.begin());
    if (index == descriptors_max) {
        return -EMFILE;
    }
    const int fd = first_descriptor + static_cast<int>(index);
    socket->fd = fd;
    if (place == sockets_.end()) {
        sockets_.push_back(std::move(socket));
    } else {
        *place = std::move(socket);
    }
    ++open_;
    return fd;
}

int SimNetwork::arm(int fd, std::uint64_t cookie, bool wants_room) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (!socket->armed || socket->cookie != cookie) {
        socket->armed = true;
        socket->cookie = cookie;
        socket->edge_queued = false;
    }
    socket->wants_room |= wants_room && !socket->has_room();
    if (socket->level() != 0) {
        raise(*socket);
    }
    return 0;
}

unsigned SimNetwork::level(int fd) const noexcept {
    const SimSocket* socket = find(fd);
    return socket != nullptr ? socket->level() : 0;
}

void SimNetwork::raise(SimSocket& socket) noexcept {
    if (!socket.armed || socket.edge_queued) {
        return;
    }
    socket.edge_queued = true;
    edges_.push_back({socket.cookie, false});
    if (lies(8)) {
        edges_.push_back({socket.cookie, true});
    }
}

void SimNetwork::take_edges(std::vector<Edge>& edges) {
    edges.clear();
    edges.swap(edges_);
}

void SimNetwork::begin_delivery(int fd, const Edge& edge) noexcept {
    SimSocket* socket = find(fd);
    if (socket != nullptr && socket->cookie == edge.cookie && !edge.spurious) {
        socket->edge_queued = false;
    }
}

int SimNetwork::take(SimSocket& socket, void* data, std::uint32_t size) noexcept {
    if (socket.stage == SimSocket::Stage::connecting) {
        return -EAGAIN;
    }
    if (socket.received.size() > 0 && size > 0) {
        if (lies(16)) {
            raise(socket);
            return -EAGAIN;
        }
        std::size_t wanted = std::min<std::size_t>(size, socket.received.size());
        if (lies(4)) {
            wanted = 1 + dice_->below(wanted);
        }
        const std::size_t taken = socket.received.read(data, wanted);
        if (socket.peer != nullptr && std::exchange(socket.peer->wants_room, false)) {
            raise(*socket.peer);
        }
        // Of TCP a short read says that the queue was empty: the rest arrives just now.
        if (taken < size && socket.received.size() > 0 && short_means_empty(socket.fd)) {
            raise(socket);
        }
        return static_cast<int>(taken);
    }
    if (socket.error != 0) {
        return -std::exchange(socket.error, 0);
    }
    if (socket.input_ended || size == 0) {
        return 0;
    }
    return socket.stage == SimSocket::Stage::connected ? -EAGAIN : -ENOTCONN;
}

int SimNetwork::put(SimSocket& socket, const void* data, std::uint32_t size) noexcept {
    if (socket.stage == SimSocket::Stage::connecting) {
        return -EAGAIN;
    }
    if (socket.error != 0) {
        return -std::exchange(socket.error, 0);
    }
    if (socket.peer == nullptr || socket.output_ended) {
        return -EPIPE;
    }
    SimSocket& peer = *socket.peer;
    if (size > 0 && (peer.received.room() == 0 || lies(16))) {
        socket.wants_room = peer.received.room() == 0;
        if (!socket.wants_room) {
            raise(socket);
        }
        return -EAGAIN;
    }
    std::size_t wanted = size;
    if (size > 1 && lies(4)) {
        wanted = 1 + dice_->below(size);
    }
    const std::size_t put = peer.received.write(data, wanted);
    raise(peer);
    return static_cast<int>(put);
}

int SimNetwork::receive(int fd, void* data, std::uint32_t size) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    return seen("receive", fd, socket->is_pipe ? -ENOTSOCK : take(*socket, data, size));
}

int SimNetwork::send(int fd, const void* data, std::uint32_t size) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    return seen("send", fd, socket->is_pipe ? -ENOTSOCK : put(*socket, data, size));
}

int SimNetwork::read(const Operation& operation) noexcept {
    SimSocket* socket = find(operation.fd);
    if (socket == nullptr || (socket->is_pipe && !socket->output_ended)) {
        return -EBADF;
    }
    return seen("read", operation.fd, take(*socket, operation.data, operation.size));
}

int SimNetwork::write(const Operation& operation) noexcept {
    SimSocket* socket = find(operation.fd);
    if (socket == nullptr || (socket->is_pipe && socket->output_ended)) {
        return -EBADF;
    }
    return seen("write", operation.fd, put(*socket, operation.data, operation.size));
}

bool SimNetwork::short_means_empty(int fd) noexcept {
    const SimSocket* socket = find(fd);
    return socket != nullptr && !socket->is_pipe && socket->family != AF_UNIX;
}

void SimNetwork::end_input(SimSocket& socket) noexcept {
    socket.input_ended = true;
    raise(socket);
}

void SimNetwork::reset(SimSocket& socket) noexcept {
    socket.error = ECONNRESET;
    socket.output_ended = true;
    end_input(socket);
}

int SimNetwork::shutdown(int fd, int how) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (socket->stage != SimSocket::Stage::connected) {
        return -ENOTCONN;
    }
    if (how != SHUT_WR) {
        end_input(*socket);
    }
    if (how != SHUT_RD && !std::exchange(socket->output_ended, true) && socket->peer != nullptr) {
        end_input(*socket->peer);
    }
    return 0;
}

// A socket closed with bytes unread resets the connection: the peer must learn they were lost.
void SimNetwork::close_stream(SimSocket& socket) noexcept {
    SimSocket* peer = std::exchange(socket.peer, nullptr);
    if (peer == nullptr) {
        return;
    }
    peer->peer = nullptr;
    if (!socket.is_pipe && socket.received.size() > 0) {
        reset(*peer);
    } else {
        end_input(*peer);
    }
}

int SimNetwork::close(int fd) noexcept {
    if (!is_simulated(fd)) {
        return KernelCalls::close(fd);
    }
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    seen("close", fd, 0);
    if (socket->stage == SimSocket::Stage::listening) {
        close_listener(*socket);
    } else if (socket->stage == SimSocket::Stage::connecting) {
        for (auto& [address, listener] : listeners_) {
            std::erase(listener->knocking, socket);
        }
    }
    close_stream(*socket);
    sockets_[static_cast<std::size_t>(fd - first_descriptor)].reset();
    --open_;
    return 0;
}

}  // namespace rondo::detail
