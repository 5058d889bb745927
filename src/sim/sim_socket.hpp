// SPDX-License-Identifier: Apache-2.0
/// One end of a simulated connection or pipe, or a simulated listener.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "sim/byte_ring.hpp"
#include "sim/sim_address.hpp"
#include "sim/sim_datagram.hpp"
#include "sim/sim_events.hpp"
#include "sim/sim_links.hpp"
#include "sim/sim_weather.hpp"

namespace rondo::detail {

/// What is under way to a socket, in order. It belongs to the receiver, for the sender may be
/// closed before all has arrived.
struct SimFlow {
    using Time = SimEvents::Time;
    enum class Kind : std::uint8_t { data, end, reset, confirmation };

    struct Segment {
        Time arrives;
        std::uint32_t size;
        Kind kind;
    };

    ByteRing bytes;
    std::deque<Segment> segments;
    std::size_t held = 0;  ///< of the segments the last ones, which have not departed
    Time last = 0;         ///< nothing arrives before
    Time held_since = 0;
    Time backoff = 0;       ///< until the next attempt to send what is held; 0: there is none
    bool arranged = false;  ///< the next arrival is
};

/// After how long a connection ends of which nothing is heard, in ns.
struct SimPatience {
    using Time = SimEvents::Time;

    Time confirmation = 924'600'000'000;  ///< TCP_USER_TIMEOUT
    Time idle = 7'200'000'000'000;        ///< TCP_KEEPIDLE
    Time interval = 75'000'000'000;       ///< TCP_KEEPINTVL
    Time probes = 9;                      ///< TCP_KEEPCNT
    bool keep_alive = false;              ///< SO_KEEPALIVE
};

struct SimSocket {
    using Time = SimEvents::Time;
    enum class Stage : std::uint8_t { fresh, listening, connecting, connected };

    int fd = -1;  ///< -1 while it stands in a listener's queue
    int family = 0;
    Stage stage = Stage::fresh;
    bool is_pipe = false;
    std::unique_ptr<SimDatagrams> datagrams;  ///< of a socket that has messages, not a stream
    SimSocket* receiver = nullptr;  ///< of Unix datagrams, when connected; nullptr: it is closed
    std::uint64_t file = 0;         ///< the number of the file that was made for it; 0: none
    bool resets_on_close = false;
    bool may_broadcast = false;                          ///< SO_BROADCAST
    std::map<std::pair<int, int>, std::string> options;  ///< by level and name

    ByteRing received;
    std::size_t buffer = 0;     ///< how many bytes may be in `received` and under way to it
    SimSocket* peer = nullptr;  ///< nullptr once the other end is closed
    int error = 0;              ///< errno that the next call reports, once; EPIPE the next send
    bool input_ended = false;   ///< the peer sends no more
    bool output_ended = false;  ///< this end sends no more
    bool wants_room = false;    ///< a send was refused, or a poll waits for room

    bool armed = false;
    bool edge_queued = false;
    std::uint64_t cookie = 0;  ///< what its edges carry

    SimAddress local;
    SimAddress remote;

    // Of a connection between hosts; see sim_transit.cpp.
    SimLink* out = nullptr;  ///< nullptr of Unix sockets and pipes
    SimLink* in = nullptr;
    std::unique_ptr<SimFlow> flow;    ///< under way to this socket
    std::size_t unconfirmed = 0;      ///< bytes that the peer has read, which this end must hear of
    std::size_t unheard = 0;          ///< of them, those whose confirmation was lost or waits
    std::size_t swallowed = 0;        ///< bytes that reached nobody: the peer was closed
    bool unanswered = false;          ///< some arrived there, and their confirmation was lost
    bool is_silent = false;           ///< what is sent by this end, or to it, vanishes
    bool knows_peer_is_gone = false;  ///< a reset is on its way
    SimWeather::Portion portion = SimWeather::Portion::all;
    SimPatience patience;
    Time heard = 0;                        ///< when something arrived last
    Time quiet_since = SimEvents::never;   ///< when it is cut off: from when on keepalive counts
    Time awaits_since = SimEvents::never;  ///< when it is cut off and awaits a confirmation
    unsigned connect_attempts = 0;
    std::size_t choice = 0;  ///< by which it meets one of the listeners that share a port
    bool owns_port = false;
    SimEvents::Owner events;
    SimEvents::Owner timer;

    // Of a listener.
    std::size_t backlog = 0;
    bool shares_port = false;                       ///< SO_REUSEPORT
    bool reuses_address = false;                    ///< SO_REUSEADDR, of datagrams
    std::deque<std::unique_ptr<SimSocket>> queue;   ///< connected, and not yet accepted
    std::deque<std::unique_ptr<SimSocket>> coming;  ///< the client's confirmation is under way
    std::deque<SimSocket*> knocking;  ///< clients by plain links, who found the queue full

    bool is_full() const noexcept { return queue.size() + coming.size() > backlog; }

    /// Bytes that it may send now.
    std::size_t room() const noexcept {
        const std::size_t used = peer == nullptr ? swallowed : peer->waiting() + unconfirmed;
        const std::size_t most = peer == nullptr ? buffer : peer->buffer;
        return used < most ? most - used : 0;
    }
    bool has_room() const noexcept { return output_ended || room() > 0; }

    /// Received, or under way.
    std::size_t waiting() const noexcept {
        return received.size() + (flow != nullptr ? flow->bytes.size() : 0);
    }

    /// True when what it sends arrives at once.
    bool is_direct() const noexcept {
        return out == nullptr || (out->plain && !in->cut && !is_silent && peer != nullptr &&
                                  (peer->flow == nullptr || peer->flow->segments.empty()));
    }
    /// A connection that was reset, or that both ends have ended.
    bool is_over() const noexcept { return out != nullptr && input_ended && output_ended; }
    /// True when a handshake takes no time.
    bool is_plain() const noexcept { return out->plain && in->plain; }

    bool can_send() const noexcept { return out->is_open() && !is_silent; }
    bool can_hear() const noexcept { return in->is_open() && !is_silent; }
    bool is_cut_off() const noexcept { return out->cut || in->cut || is_silent; }

    /// It has sent what the peer has not confirmed, or asks it for room.
    bool awaits_confirmation() const noexcept {
        if (peer == nullptr) {
            return (unanswered || swallowed > 0) && !is_over();
        }
        return unanswered || wants_room || (peer->flow != nullptr && !peer->flow->segments.empty());
    }

    /// The EPOLL bits that hold now.
    unsigned level() const noexcept;
};

}  // namespace rondo::detail
