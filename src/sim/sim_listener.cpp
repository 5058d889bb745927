// SPDX-License-Identifier: Apache-2.0
// The listener's side: its queue of connections that are not accepted yet, and the clients that
// found it full.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <tuple>
#include <utility>

#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

constexpr std::uint16_t first_listener_port = 20000;

}  // namespace

// A port that nobody chose is chosen now.
int SimNetwork::listen(int fd, int backlog) noexcept {
    SimSocket* const socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::listen, "listen", fd); error != 0) {
        return error;
    }
    if (socket->is_pipe || socket->datagrams != nullptr) {
        return socket->is_pipe ? -ENOTSOCK : -EOPNOTSUPP;
    }
    if (socket->stage != SimSocket::Stage::fresh || socket->local.family == 0) {
        return -EINVAL;
    }
    SimAddress& local = socket->local;
    if (local.family != AF_UNIX) {
        if (local.host.is_any()) {
            local.host = home(local.family);
        }
        if (local.port == 0) {
            local.port = free_port(local.family, first_listener_port);
        }
    }
    const bool is_found = is_found_by_name(*socket);
    if (is_found && is_taken(local, socket->shares_port)) {
        return -EADDRINUSE;
    }
    socket->stage = SimSocket::Stage::listening;
    socket->backlog = static_cast<std::size_t>(std::max(backlog, 0));
    if (is_found) {
        listeners_.emplace(local, socket);
    }
    return 0;
}

// Who listens at exactly this address, or at all addresses of the local machine. Of those that
// share it a client meets the same each time.
SimSocket* SimNetwork::find_listener(const SimAddress& address, std::size_t choice) noexcept {
    auto [first, last] = listeners_.equal_range(address);
    if (first == last && address.family != AF_UNIX && address.host.is_loopback()) {
        SimAddress any = address;
        any.host.bytes = {};
        std::tie(first, last) = listeners_.equal_range(any);
    }
    const auto count = static_cast<std::size_t>(std::distance(first, last));
    if (count == 0) {
        return nullptr;
    }
    return std::next(first, static_cast<std::ptrdiff_t>(choice % count))->second;
}

int SimNetwork::accept(int fd, void* address, std::uint32_t* length) noexcept {
    SimSocket* listener = find(fd);
    if (listener == nullptr) {
        return -EBADF;
    }
    if (listener->stage != SimSocket::Stage::listening) {
        return listener->is_pipe ? -ENOTSOCK : -EINVAL;
    }
    if (const int error = enter(sim::Call::accept, "accept", fd); error != 0) {
        return error;
    }
    const int accepted = seen("accept", fd, accept_from(*listener));
    if (accepted >= 0 && *length > 0) {
        find(accepted)->remote.write_to(static_cast<sockaddr*>(address), length);
    } else {
        *length = 0;
    }
    return accepted;
}

int SimNetwork::accept_from(SimSocket& listener) {
    if (listener.queue.empty()) {
        return -EAGAIN;
    }
    if (lies(16)) {
        raise(listener);
        return -EAGAIN;
    }
    if (open_ >= std::min(options_.descriptors_max, descriptors_max)) {
        return -EMFILE;
    }
    auto accepted = std::move(listener.queue.front());
    accepted->options = listener.options;
    accepted->patience = listener.patience;
    if (accepted->quiet_since != SimEvents::never) {
        watch_silence(*accepted);
    }
    listener.queue.pop_front();
    while (!listener.knocking.empty() && !listener.is_full()) {
        SimSocket& client = *listener.knocking.front();
        listener.knocking.pop_front();
        send_request(client);
    }
    return add(std::move(accepted));
}

void SimNetwork::close_listener(SimSocket& listener) noexcept {
    std::erase_if(listeners_, [&](const auto& entry) { return entry.second == &listener; });
    for (SimSocket* client : listener.knocking) {
        fail_connect(*client, ECONNREFUSED);
    }
    for (auto* waiting : {&listener.queue, &listener.coming}) {
        for (const auto& server : *waiting) {
            SimSocket* const client = server->peer;
            const bool is_direct = server->is_direct();
            part(*server);
            if (client != nullptr && is_direct) {
                reset(*client);
            } else if (client != nullptr) {
                dispatch(*client, Kind::reset);
            }
        }
    }
}

// The request has reached the host of the listener.
void SimNetwork::knock(SimSocket& client) {
    SimSocket* const listener = find_listener(client.remote, client.choice);
    if (listener == nullptr) {
        refuse_request(client, ECONNREFUSED);
    } else if (listener->is_full()) {
        wait_for_admission(*listener, client);
    } else if (client.is_plain()) {
        meet(*listener, client);
    } else {
        client.stage = SimSocket::Stage::connecting;
        answer_request(client);
    }
}

// A request that takes time is lost at a full queue, as Linux has it: when it is let in, nobody
// knows whether the client is still there.
void SimNetwork::wait_for_admission(SimSocket& listener, SimSocket& client) {
    client.stage = SimSocket::Stage::connecting;
    if (client.is_plain()) {
        listener.knocking.push_back(&client);
    } else {
        ask_again(client);
    }
}

std::unique_ptr<SimSocket> SimNetwork::make_server(SimSocket& client) {
    auto server = make_socket(client.family);
    server->stage = SimSocket::Stage::connected;
    server->local = client.remote;
    server->remote = client.local;
    server->out = client.in;
    server->in = client.out;
    server->peer = &client;
    client.peer = server.get();
    client.stage = SimSocket::Stage::connected;
    client.heard = server->heard = now();
    return server;
}

void SimNetwork::meet(SimSocket& listener, SimSocket& client) {
    listener.queue.push_back(make_server(client));
    raise(listener);
    raise(client);
}

}  // namespace rondo::detail
