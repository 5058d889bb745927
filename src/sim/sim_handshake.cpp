// SPDX-License-Identifier: Apache-2.0
// How a connection begins over links that take time: a request travels to the listener's host, its
// answer back (the client is connected), the client's confirmation there (it can be accepted). What
// is lost, or finds the listener's queue full, is asked for again by the client.
#include <cerrno>
#include <utility>

#include "driver/monotonic.hpp"
#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

constexpr unsigned attempts_max = 7;

}  // namespace

void SimNetwork::send_request(SimSocket& client) {
    if (client.is_plain()) {
        request_arrives(client);
        return;
    }
    client.stage = SimSocket::Stage::connecting;
    if (client.can_send()) {
        events_.at(links_.arrival(*client.out, 0, now()), client.events,
                   [this, &client] { request_arrives(client); });
    } else {
        ask_again(client);
    }
}

void SimNetwork::request_arrives(SimSocket& client) {
    switch (links_.state(client.remote.host)) {
        case SimLinks::HostState::refusing: refuse_request(client, ECONNREFUSED); return;
        case SimLinks::HostState::unreachable: refuse_request(client, EHOSTUNREACH); return;
        default: knock(client);
    }
}

void SimNetwork::answer_request(SimSocket& client) {
    if (client.can_hear()) {
        events_.at(links_.arrival(*client.in, 0, now()), client.events,
                   [this, &client] { answer_arrives(client); });
    } else {
        ask_again(client);
    }
}

void SimNetwork::refuse_request(SimSocket& client, int error) {
    if (client.is_plain()) {
        fail_connect(client, error);
        return;
    }
    client.stage = SimSocket::Stage::connecting;
    if (client.can_hear()) {
        events_.at(links_.arrival(*client.in, 0, now()), client.events,
                   [this, &client, error] { fail_connect(client, error); });
    } else {
        ask_again(client);
    }
}

// 1, 2, 4, … seconds after the last time: what was lost, and when, makes no difference.
void SimNetwork::ask_again(SimSocket& client) {
    const Time pause = nanoseconds_per_second << client.connect_attempts;
    const bool is_last = ++client.connect_attempts == attempts_max;
    tell(TraceEvent::fault, "a connect gets no answer", &client, client.connect_attempts);
    events_.at(now() + pause, client.events, [this, &client, is_last] {
        is_last ? fail_connect(client, ETIMEDOUT) : send_request(client);
    });
}

void SimNetwork::answer_arrives(SimSocket& client) {
    SimSocket* const listener = find_listener(client.remote, client.choice);
    if (listener == nullptr) {
        fail_connect(client, ECONNREFUSED);
        return;
    }
    listener->coming.push_back(make_server(client));
    raise(client);
    dispatch(*client.peer, Kind::confirmation);
    if (client.is_cut_off()) {
        lose_touch(client);
        lose_touch(*client.peer);
    }
}

void SimNetwork::confirmation_arrives(SimSocket& server) {
    for (const auto& [address, listener] : listeners_) {
        for (auto at = listener->coming.begin(); at != listener->coming.end(); ++at) {
            if (at->get() == &server) {
                listener->queue.push_back(std::move(*at));
                listener->coming.erase(at);
                raise(*listener);
                return;
            }
        }
    }
}

}  // namespace rondo::detail
