// SPDX-License-Identifier: Apache-2.0
// What goes wrong in the network, whoever wants it: the program by sim::Network, or the weather.

#include <cerrno>

#include "sim/sim_network.hpp"

namespace rondo::detail {

// In the order of descriptors; those that nobody has accepted come with their listener.
template <class F>
void SimNetwork::for_each_connection(F call) {
    const auto visit = [&](SimSocket& socket) {
        if (socket.out != nullptr && socket.stage == SimSocket::Stage::connected) {
            call(socket);
        }
    };
    for (const auto& socket : sockets_) {
        if (socket == nullptr) {
            continue;
        }
        visit(*socket);
        for (const auto* waiting : {&socket->queue, &socket->coming}) {
            for (const auto& server : *waiting) {
                visit(*server);
            }
        }
    }
}

// Some links carry nothing from now on.
void SimNetwork::links_cut() {
    for_each_connection([this](SimSocket& socket) {
        if (socket.is_cut_off()) {
            lose_touch(socket);
        }
    });
}

// Some links carry again. Only what was clogged departs at once; what was lost is sent again.
void SimNetwork::links_opened() {
    for_each_connection([this](SimSocket& socket) {
        if (socket.flow != nullptr && socket.flow->backoff == 0) {
            release(socket);
        }
        if (socket.unheard > 0 && socket.can_hear()) {
            confirm_later(socket, std::exchange(socket.unheard, 0));
        }
        if (!socket.is_cut_off()) {
            socket.unanswered = false;
            stop_waiting(socket);
        }
        if (socket.peer == nullptr) {
            answer_with_reset(socket);
        }
    });
}

void SimNetwork::partition(const SimHost& from, const SimHost& to) {
    tell(TraceEvent::fault, "a link is cut", nullptr, 0);
    if (links_.partition(from, to)) {
        links_cut();
    }
}

void SimNetwork::heal(const SimHost& from, const SimHost& to) {
    tell(TraceEvent::fault, "a link is healed", nullptr, 0);
    links_.heal(from, to);
    links_opened();
}

void SimNetwork::heal_all() {
    tell(TraceEvent::fault, "all links are healed", nullptr, 0);
    links_.heal_all();
    links_opened();
}

void SimNetwork::clog(const SimHost& from, const SimHost& to) {
    tell(TraceEvent::fault, "a link is clogged", nullptr, 0);
    links_.clog(from, to, true);
}

void SimNetwork::unclog(const SimHost& from, const SimHost& to) {
    tell(TraceEvent::fault, "a link is clogged no more", nullptr, 0);
    links_.clog(from, to, false);
    links_opened();
}

void SimNetwork::set_state(const SimHost& host, SimLinks::HostState state) {
    tell(TraceEvent::fault, "a host changes", nullptr, static_cast<std::int64_t>(state));
    links_.set_state(host, state);
    links_cut();
    links_opened();
}

bool SimNetwork::break_connection(int fd) {
    SimSocket* const socket = find(fd);
    if (socket == nullptr || socket->out == nullptr || socket->peer == nullptr) {
        return false;
    }
    break_both(*socket);
    return true;
}

bool SimNetwork::silence_connection(int fd) {
    SimSocket* const socket = find(fd);
    if (socket == nullptr || socket->out == nullptr || socket->peer == nullptr) {
        return false;
    }
    silence_both(*socket);
    return true;
}

// As if something between them had sent a reset to each.
void SimNetwork::break_both(SimSocket& socket) {
    tell(TraceEvent::fault, "a connection is reset", &socket, 0);
    SimSocket& peer = *socket.peer;
    const bool is_direct = socket.is_direct() && peer.is_direct();
    part(socket);
    for (SimSocket* const end : {&socket, &peer}) {
        is_direct ? reset(*end) : dispatch(*end, Kind::reset);
    }
}

void SimNetwork::silence_both(SimSocket& socket) {
    tell(TraceEvent::fault, "a connection falls silent", &socket, 0);
    for (SimSocket* const end : {&socket, socket.peer}) {
        end->is_silent = true;
        lose_touch(*end);
    }
}

void SimNetwork::partition_drawn(SimSocket& socket) {
    const SimWeather::Partition drawn = weather_.draw_partition();
    const SimHost from = socket.local.host;
    const SimHost to = socket.remote.host;
    for (const bool there : {true, false}) {
        if (there ? !drawn.there : !drawn.back) {
            continue;
        }
        const SimHost& a = there ? from : to;
        const SimHost& b = there ? to : from;
        partition_until(a, b, now() + drawn.lasts);
    }
}

void SimNetwork::partition_until(const SimHost& from, const SimHost& to, Time until) {
    tell(TraceEvent::fault, "a link is cut for a while", nullptr, until - now());
    if (links_.partition_until(from, to, until)) {
        links_cut();
    }
    events_.at(until, own_events_, [this, from, to] {
        if (links_.end_drawn(from, to, now())) {
            tell(TraceEvent::fault, "that while is over", nullptr, 0);
            links_opened();
        }
    });
}

// A segment was sent: does something happen to the connection?
void SimNetwork::strike(SimSocket& socket) {
    if (socket.peer == nullptr || socket.is_silent) {
        return;
    }
    switch (weather_.strike()) {
        case SimWeather::Stroke::none: break;
        case SimWeather::Stroke::reset: break_both(socket); break;
        case SimWeather::Stroke::silence: silence_both(socket); break;
        case SimWeather::Stroke::partition: partition_drawn(socket); break;
    }
}

}  // namespace rondo::detail
