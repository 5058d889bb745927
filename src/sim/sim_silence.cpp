// SPDX-License-Identifier: Apache-2.0
// What TCP does when nothing is heard of the other end: it sends again what is not confirmed, at
// growing intervals, and gives the connection up in the end.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

constexpr std::int64_t millisecond = 1'000'000;
constexpr std::int64_t first_backoff = 200 * millisecond;
constexpr std::int64_t backoff_max = 120'000 * millisecond;

}  // namespace

// The last segment of `flow` cannot depart.
void SimNetwork::hold(SimSocket& to, SimFlow& flow) {
    const bool is_lost = to.in->cut || to.is_silent;
    if (!is_lost || flow.backoff != 0) {
        return;
    }
    if (to.is_silent && to.peer == nullptr) {
        drop_held(to);  // nobody will ever hear of it
        return;
    }
    flow.backoff = first_backoff;
    flow.held_since = now();
    events_.at(now() + flow.backoff, to.events, [this, &to] { try_again(to); });
}

void SimNetwork::try_again(SimSocket& to) {
    SimFlow& flow = *to.flow;
    const Time backoff = std::exchange(flow.backoff, 0);
    if (flow.held == 0 || to.can_hear()) {
        release(to);
        return;
    }
    if (!to.in->cut && !to.is_silent) {
        return;  // it is clogged only, and departs when that is over
    }
    const SimPatience& patience = to.peer != nullptr ? to.peer->patience : to.patience;
    const Time limit = add_saturating(flow.held_since, patience.confirmation);
    if (now() >= limit) {
        drop_held(to);
        if (to.peer != nullptr) {
            time_out(*to.peer);
        }
        return;
    }
    flow.backoff = std::min(2 * backoff, backoff_max);
    events_.at(std::min(now() + flow.backoff, limit), to.events, [this, &to] { try_again(to); });
}

// What was held departs.
void SimNetwork::release(SimSocket& to) {
    SimFlow& flow = *to.flow;
    while (flow.held > 0 && to.can_hear()) {
        SimFlow::Segment& segment = flow.segments[flow.segments.size() - flow.held];
        --flow.held;
        depart(to, flow, segment, 0);
    }
}

void SimNetwork::drop_held(SimSocket& to) noexcept {
    SimFlow& flow = *to.flow;
    flow.segments.resize(flow.segments.size() - flow.held);
    flow.held = 0;
}

// Unless something is heard before.
void SimNetwork::expect_by(SimSocket& socket, Time deadline) {
    if (deadline < socket.gives_up) {
        socket.timer.renew();
        socket.gives_up = deadline;
        socket.expects_since = now();
        events_.at(deadline, socket.timer, [this, &socket] { lose_patience(socket); });
    }
}

// It has sent something, and nothing can come back.
void SimNetwork::expect_confirmation(SimSocket& socket) {
    if (socket.is_cut_off()) {
        expect_by(socket, add_saturating(now(), socket.patience.confirmation));
    }
}

// It sends nothing, but asks whether the other end is there.
void SimNetwork::watch_silence(SimSocket& socket) {
    const SimPatience& patience = socket.patience;
    if (!patience.keep_alive || socket.stage != SimSocket::Stage::connected) {
        return;
    }
    const Time since = now() - socket.heard < patience.idle ? socket.heard : now();
    expect_by(socket, add_saturating(since, patience.idle + patience.interval * patience.probes));
}

void SimNetwork::lose_patience(SimSocket& socket) {
    const Time waits = std::exchange(socket.gives_up, SimEvents::never) - socket.expects_since;
    const Time since = socket.cut_off_since();
    if (socket.is_cut_off() && !socket.is_silent && since > socket.expects_since) {
        expect_by(socket, add_saturating(since, waits));  // it was heard meanwhile
    } else if (socket.is_cut_off()) {
        time_out(socket);
    } else if (socket.peer == nullptr && !socket.input_ended) {
        dispatch(socket, Kind::reset);  // the other end is closed, and hears us again
    }
}

void SimNetwork::time_out(SimSocket& socket) noexcept {
    tell(TraceEvent::fault, "a connection times out", &socket, ETIMEDOUT);
    part(socket);
    socket.error = ETIMEDOUT;
    socket.output_ended = true;
    socket.timer.renew();
    socket.gives_up = SimEvents::never;
    end_input(socket);
}

}  // namespace rondo::detail
