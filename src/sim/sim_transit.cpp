// SPDX-License-Identifier: Apache-2.0
// What is under way between hosts: segments in the order in which they were sent, and the
// confirmations by which a sender learns that there is room again.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

/// Of what fits into a packet of Ethernet.
constexpr std::size_t segment_max = 1460;

}  // namespace

// Sends to `to` what its link carries, which arrives at `not_before` at the earliest.
void SimNetwork::dispatch(SimSocket& to, Kind kind, const void* data, std::size_t size,
                          Time not_before) {
    if (to.flow == nullptr) {
        to.flow = std::make_unique<SimFlow>();
    }
    SimFlow& flow = *to.flow;
    if (kind != Kind::data) {
        dispatch_segment(to, flow, kind, 0, not_before);
    }
    flow.bytes.write(data, size);
    while (size > 0) {
        const std::size_t part = std::min(size, segment_max);
        dispatch_segment(to, flow, kind, part, not_before);
        size -= part;
    }
    if (to.peer != nullptr) {
        expect_confirmation(*to.peer);
    }
}

void SimNetwork::dispatch_segment(SimSocket& to, SimFlow& flow, Kind kind, std::size_t size,
                                  Time not_before) {
    flow.segments.push_back({SimEvents::never, static_cast<std::uint32_t>(size), kind});
    if (flow.held == 0 && to.can_hear()) {
        depart(to, flow, flow.segments.back(), not_before);
    } else {
        ++flow.held;
        hold(to, flow);
    }
}

void SimNetwork::depart(SimSocket& to, SimFlow& flow, SimFlow::Segment& segment, Time not_before) {
    const Time arrives = links_.arrival(*to.in, segment.size, now());
    flow.last = std::max({flow.last, arrives, not_before});
    segment.arrives = flow.last;
    arrange(to, flow);
}

void SimNetwork::arrange(SimSocket& to, SimFlow& flow) {
    if (!flow.arranged && flow.segments.size() > flow.held) {
        flow.arranged = true;
        events_.at(flow.segments.front().arrives, to.events, [this, &to] { deliver(to); });
    }
}

void SimNetwork::deliver(SimSocket& to) {
    SimFlow& flow = *to.flow;
    flow.arranged = false;
    to.heard = now();
    std::size_t bytes = 0;
    bool alive = true;
    bool owes_answer = false;
    while (alive && flow.segments.size() > flow.held && flow.segments.front().arrives <= now()) {
        const SimFlow::Segment segment = flow.segments.front();
        flow.segments.pop_front();
        bytes += segment.size;
        owes_answer |= segment.kind == Kind::data || segment.kind == Kind::end;
        alive = arrive(to, flow, segment);
    }
    tell(TraceEvent::delivery, "", &to, static_cast<std::int64_t>(bytes));
    if (bytes > 0) {
        raise(to);
    }
    if (alive) {
        acknowledge(to, owes_answer);
        arrange(to, flow);
    }
}

// Something has arrived at `receiver`. That its sender hears of it takes no event of its own.
void SimNetwork::acknowledge(SimSocket& receiver, bool is_owed) {
    SimSocket* const sender = receiver.peer;
    if (sender == nullptr) {
        return;
    }
    if (is_owed && (receiver.out->cut || receiver.is_silent)) {
        sender->unanswered = true;
    } else {
        get_confirmation(*sender);
    }
}

// False: nothing that follows has a meaning.
bool SimNetwork::arrive(SimSocket& to, SimFlow& flow, const SimFlow::Segment& segment) {
    switch (segment.kind) {
        case Kind::data: flow.bytes.move_to(to.received, segment.size); break;
        case Kind::end: end_input(to); break;
        case Kind::confirmation: confirmation_arrives(to); break;
        case Kind::reset: {
            const bool had_end = to.input_ended;
            part(to);
            reset(to);
            if (had_end) {
                to.error = EPIPE;  // nothing to be read was lost
            }
            swallow_flow(to);
            stop_waiting(to);
            return false;
        }
    }
    return true;
}

// `reader` has taken bytes: its peer hears of it.
void SimNetwork::confirm(SimSocket& reader, std::size_t count) {
    SimSocket& sender = *reader.peer;
    sender.unconfirmed += count;
    if (reader.can_send()) {
        confirm_later(sender, count);
    } else {
        sender.unheard += count;
    }
}

void SimNetwork::confirm_later(SimSocket& sender, std::size_t count) {
    const Time arrives = SimLinks::answer(*sender.in, now());
    if (arrives == now()) {
        hear(sender, count);
    } else {
        events_.at(arrives, sender.events, [this, &sender, count] { hear(sender, count); });
    }
}

void SimNetwork::hear(SimSocket& sender, std::size_t count) {
    sender.unconfirmed -= count;
    sender.heard = now();
    if (std::exchange(sender.wants_room, false)) {
        raise(sender);
    }
    get_confirmation(sender);
}

// The peer is closed, which this end may not know yet.
int SimNetwork::swallow(SimSocket& socket, std::size_t size) {
    socket.swallowed += size;
    expect_confirmation(socket);
    answer_with_reset(socket);
    return static_cast<int>(size);
}

// What is under way to `to` will not be received.
void SimNetwork::swallow_flow(SimSocket& to) noexcept {
    if (to.flow == nullptr) {
        return;
    }
    to.flow->segments.clear();
    to.flow->held = 0;
    if (to.peer != nullptr) {
        to.peer->swallowed += to.flow->bytes.size();
    }
}

// What was sent to one who is closed gets to his host, if the links are open.
void SimNetwork::answer_with_reset(SimSocket& socket) {
    if (socket.swallowed > 0 && !socket.is_over() && socket.can_send() && socket.can_hear() &&
        !std::exchange(socket.knows_peer_is_gone, true)) {
        events_.at(links_.arrival(*socket.out, socket.swallowed, now()), socket.events,
                   [this, &socket] { dispatch(socket, Kind::reset); });
    }
}

}  // namespace rondo::detail
