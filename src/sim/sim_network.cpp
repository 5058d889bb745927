// SPDX-License-Identifier: Apache-2.0
// Descriptors, edges and the data path.
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
    if (datagrams != nullptr) {
        return when(error != 0, EPOLLIN | EPOLLERR) |
               when(!datagrams->empty() || input_ended, EPOLLIN) | when(!wants_room, EPOLLOUT);
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

SimNetwork::SimNetwork(const sim::Options& options, const Time* clock, SimRandom* lies,
                       Witness witness) noexcept
    : options_(options.network),
      clock_(clock),
      dice_(lies),
      witness_(witness),
      weather_(options.faults, options.seed),
      links_(options.network.link, options.seed ^ 0x6c696e6b73, weather_),
      calls_(options.network.failing, weather_) {}

// Whoever is told to wait, is told when to go on.
int SimNetwork::failed(std::string_view name, int fd, int error) noexcept {
    if (SimSocket* const socket = find(fd); socket != nullptr && error == EAGAIN) {
        raise(*socket);
    }
    witness_.saw(witness_.who, TraceEvent::fault, name, fd < 0 ? -1 : fd - first_descriptor,
                 -error);
    return -error;
}

std::unique_ptr<SimSocket> SimNetwork::make_socket(int family) {
    auto socket = std::make_unique<SimSocket>();
    socket->family = family;
    socket->buffer = std::max<std::size_t>(weather_.draw_buffer(options_.buffer), 1);
    socket->portion = weather_.draw_portion(options_.short_io);
    return socket;
}

// The lowest free number, as POSIX has it: numbers are reused at once.
int SimNetwork::add(std::unique_ptr<SimSocket> socket) {
    if (open_ >= std::min(options_.descriptors_max, descriptors_max)) {
        return -EMFILE;
    }
    while (lowest_free_ < sockets_.size() && sockets_[lowest_free_] != nullptr) {
        ++lowest_free_;
    }
    const int fd = first_descriptor + static_cast<int>(lowest_free_);
    socket->fd = fd;
    if (lowest_free_ == sockets_.size()) {
        sockets_.push_back(std::move(socket));
    } else {
        sockets_[lowest_free_] = std::move(socket);
    }
    ++lowest_free_;
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
    if (wants_room && !socket->has_room()) {
        ask_for_room(*socket);
    }
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

// How many of `most` > 0 bytes that could be moved are.
inline std::size_t SimNetwork::portion_of(const SimSocket& socket, std::size_t most) noexcept {
    if (socket.portion != SimWeather::Portion::all && most > 1) [[unlikely]] {
        most = weather_.shorten(socket.portion, most);
    }
    return most > 1 && lies(4) ? 1 + dice_->below(most) : most;
}

inline int SimNetwork::take_portion(SimSocket& socket, void* data, std::size_t size) noexcept {
    const std::size_t wanted = portion_of(socket, std::min(size, socket.received.size()));
    const std::size_t taken = socket.received.read(data, wanted);
    if (SimSocket* const peer = socket.peer) {
        if (socket.out != nullptr && !socket.is_direct()) [[unlikely]] {
            confirm(socket, taken);
        } else if (std::exchange(peer->wants_room, false)) {
            raise(*peer);
        }
    }
    // Of TCP a short read says that the queue was empty: the rest arrives just now.
    if (taken < size && socket.received.size() > 0 && !socket.is_pipe && socket.family != AF_UNIX) {
        raise(socket);
    }
    return static_cast<int>(taken);
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
        return take_portion(socket, data, size);
    }
    if (socket.error != 0 && socket.error != EPIPE) {
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
    const bool is_direct = socket.is_direct();
    if (socket.output_ended || (socket.peer == nullptr && (socket.out == nullptr || is_direct))) {
        return -EPIPE;
    }
    const std::size_t room = socket.room();
    if (size > 0 && (room == 0 || lies(16))) {
        if (room == 0) {
            ask_for_room(socket);
        } else {
            raise(socket);
        }
        return -EAGAIN;
    }
    const std::size_t count = size > 0 ? portion_of(socket, std::min<std::size_t>(size, room)) : 0;
    if (socket.peer == nullptr) {
        return swallow(socket, count);
    }
    if (is_direct) {
        socket.peer->received.write(data, count);
        socket.heard = socket.peer->heard = now();
        raise(*socket.peer);
    } else {
        dispatch(*socket.peer, Kind::data, data, count);
    }
    if (weather_.is_rough() && socket.out != nullptr) [[unlikely]] {
        strike(socket);
    }
    return static_cast<int>(count);
}

void SimNetwork::ask_for_room(SimSocket& socket) {
    socket.wants_room = true;
    if (socket.out != nullptr) {
        expect_confirmation(socket);
    }
}

int SimNetwork::receive(int fd, void* data, std::uint32_t size) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::receive, "receive", fd); error != 0) {
        return error;
    }
    if (socket->datagrams != nullptr) {
        return seen("receive", fd, take_bytes(*socket, data, size));
    }
    return seen("receive", fd, socket->is_pipe ? -ENOTSOCK : take(*socket, data, size));
}

int SimNetwork::send(int fd, const void* data, std::uint32_t size) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::send, "send", fd); error != 0) {
        return error;
    }
    if (socket->datagrams != nullptr) {
        return seen("send", fd, put_bytes(*socket, data, size));
    }
    return seen("send", fd, socket->is_pipe ? -ENOTSOCK : put(*socket, data, size));
}

int SimNetwork::read(const Operation& operation) noexcept {
    SimSocket* socket = find(operation.fd);
    if (socket == nullptr || (socket->is_pipe && !socket->output_ended)) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::read, "read", operation.fd); error != 0) {
        return error;
    }
    return seen("read", operation.fd, take(*socket, operation.data, operation.size));
}

int SimNetwork::write(const Operation& operation) noexcept {
    SimSocket* socket = find(operation.fd);
    if (socket == nullptr || (socket->is_pipe && socket->output_ended)) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::write, "write", operation.fd); error != 0) {
        return error;
    }
    return seen("write", operation.fd, put(*socket, operation.data, operation.size));
}

bool SimNetwork::short_means_empty(int fd) noexcept {
    const SimSocket* socket = find(fd);
    return socket != nullptr && !socket->is_pipe && socket->datagrams == nullptr &&
           socket->family != AF_UNIX;
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

// The two ends know of each other no more.
void SimNetwork::part(SimSocket& socket) noexcept {
    if (SimSocket* const peer = std::exchange(socket.peer, nullptr)) {
        peer->peer = nullptr;
    }
}

int SimNetwork::shutdown(int fd, int how) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::shutdown, "shutdown", fd); error != 0) {
        return error;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (socket->stage != SimSocket::Stage::connected || socket->is_over()) {
        return -ENOTCONN;
    }
    if (how != SHUT_WR) {
        end_input(*socket);
    }
    if (how != SHUT_RD && !std::exchange(socket->output_ended, true) && socket->peer != nullptr) {
        if (socket->is_direct()) {
            end_input(*socket->peer);
        } else {
            dispatch(*socket->peer, Kind::end);
        }
    }
    return 0;
}

// A socket closed with bytes unread resets the connection: the peer must learn they were lost. So
// do bytes that arrive when it is closed.
void SimNetwork::close_stream(SimSocket& socket) noexcept {
    SimSocket* const peer = socket.peer;
    if (peer == nullptr) {
        return;
    }
    const bool is_direct = socket.is_direct();
    const bool unread = !socket.is_pipe && (socket.received.size() > 0 || socket.resets_on_close);
    part(socket);
    if (is_direct) {
        unread ? reset(*peer) : end_input(*peer);
        return;
    }
    if (unread) {
        dispatch(*peer, Kind::reset);
        return;
    }
    if (!socket.output_ended) {
        dispatch(*peer, Kind::end);
    }
    const SimFlow* const flow = socket.flow.get();
    if (flow == nullptr || flow->bytes.size() == 0) {
        return;
    }
    peer->swallowed += flow->bytes.size();
    if (flow->segments.size() > flow->held) {
        peer->knows_peer_is_gone = true;
        const Time arrives = flow->segments.front().arrives;
        dispatch(*peer, Kind::reset, nullptr, 0, SimLinks::answer(*socket.out, arrives));
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
    const int error = enter(sim::Call::close, "close", fd);
    seen("close", fd, error);
    if (socket->stage == SimSocket::Stage::listening) {
        close_listener(*socket);
    } else if (socket->stage == SimSocket::Stage::connecting) {
        for (auto& [address, listener] : listeners_) {
            std::erase(listener->knocking, socket);
        }
    }
    if (socket->datagrams != nullptr) {
        close_datagram_socket(*socket);
    } else {
        close_stream(*socket);
    }
    give_port_back(*socket);
    const auto index = static_cast<std::size_t>(fd - first_descriptor);
    sockets_[index].reset();
    lowest_free_ = std::min(lowest_free_, index);
    --open_;
    return error;
}

}  // namespace rondo::detail
