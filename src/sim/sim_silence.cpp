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
        to.peer != nullptr ? time_out(*to.peer) : drop_held(to);
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

// It has sent something, or asks for room. Nothing is expected of a link that is open.
void SimNetwork::expect_confirmation(SimSocket& socket) {
    if (socket.is_cut_off() && socket.awaits_since == SimEvents::never &&
        socket.awaits_confirmation()) {
        socket.awaits_since = now();
        review_patience(socket);
    }
}

// The peer has got something, and said so. For the rest, if there is one, its time begins anew.
void SimNetwork::get_confirmation(SimSocket& socket) {
    if (socket.awaits_since != SimEvents::never) {
        socket.awaits_since = socket.awaits_confirmation() ? now() : SimEvents::never;
        review_patience(socket);
    }
}

// It is cut off, from now on or still.
void SimNetwork::lose_touch(SimSocket& socket) {
    if (socket.is_over()) {
        return;
    }
    if (socket.quiet_since == SimEvents::never) {
        watch_silence(socket);
    }
    expect_confirmation(socket);
}

// Keepalive counts from what was heard last; if that is long ago, it has asked since.
void SimNetwork::watch_silence(SimSocket& socket) {
    socket.quiet_since = now() - socket.heard < socket.patience.idle ? socket.heard : now();
    review_patience(socket);
}

// It is cut off no more, or has ended.
void SimNetwork::stop_waiting(SimSocket& socket) noexcept {
    socket.quiet_since = SimEvents::never;
    socket.awaits_since = SimEvents::never;
    socket.timer.renew();
}

// Linux asks whether the peer is there as long as nothing is unconfirmed.
SimNetwork::Time SimNetwork::end_of_patience(const SimSocket& socket) noexcept {
    const SimPatience& patience = socket.patience;
    if (socket.awaits_since != SimEvents::never) {
        return add_saturating(socket.awaits_since, patience.confirmation);
    }
    if (!patience.keep_alive || socket.quiet_since == SimEvents::never) {
        return SimEvents::never;
    }
    return add_saturating(std::max(socket.quiet_since, socket.heard),
                          patience.idle + patience.interval * patience.probes);
}

void SimNetwork::review_patience(SimSocket& socket) {
    socket.timer.renew();
    if (const Time end = end_of_patience(socket); end != SimEvents::never) {
        events_.at(std::max(end, now()), socket.timer, [this, &socket] { lose_patience(socket); });
    }
}

// Unless something was heard meanwhile.
void SimNetwork::lose_patience(SimSocket& socket) {
    if (end_of_patience(socket) <= now()) {
        time_out(socket);
    } else {
        review_patience(socket);
    }
}

// Nobody sends again what was held, nor expects what is under way.
void SimNetwork::time_out(SimSocket& socket) noexcept {
    tell(TraceEvent::fault, "a connection times out", &socket, ETIMEDOUT);
    if (socket.peer != nullptr && socket.peer->flow != nullptr) {
        drop_held(*socket.peer);
    }
    swallow_flow(socket);
    part(socket);
    socket.error = ETIMEDOUT;
    socket.output_ended = true;
    stop_waiting(socket);
    end_input(socket);
}

}  // namespace rondo::detail
