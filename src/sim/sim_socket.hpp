// SPDX-License-Identifier: Apache-2.0
/// One end of a simulated connection or pipe, or a simulated listener.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include "sim/byte_ring.hpp"
#include "sim/sim_address.hpp"

namespace rondo::detail {

struct SimSocket {
    enum class Stage : std::uint8_t { fresh, listening, connecting, connected };

    int fd = -1;  ///< -1 while it stands in a listener's queue
    int family = 0;
    Stage stage = Stage::fresh;
    bool is_pipe = false;

    ByteRing received;
    SimSocket* peer = nullptr;  ///< nullptr once the other end is closed
    int error = 0;              ///< errno that the next call reports, once
    bool input_ended = false;   ///< the peer sends no more
    bool output_ended = false;  ///< this end sends no more
    bool wants_room = false;    ///< a send was refused, or a poll waits for room

    bool armed = false;
    bool edge_queued = false;
    std::uint64_t cookie = 0;  ///< what its edges carry

    SimAddress local;
    SimAddress remote;

    // Of a listener.
    std::size_t backlog = 0;
    bool shares_port = false;
    std::deque<std::unique_ptr<SimSocket>> queue;  ///< connected, and not yet accepted
    std::deque<SimSocket*> knocking;               ///< clients that found the queue full

    bool has_room() const noexcept {
        return peer == nullptr || output_ended || peer->received.room() > 0;
    }

    /// The EPOLL bits that hold now.
    unsigned level() const noexcept;
};

}  // namespace rondo::detail
