// SPDX-License-Identifier: Apache-2.0
/// What a simulated socket has that sends messages instead of a stream: a bounded queue of them.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

#include "sim/sim_address.hpp"

namespace rondo::detail {

class SimDatagrams {
public:
    static constexpr std::size_t capacity = 212'992;  ///< bytes, as Linux has it
    static constexpr std::size_t udp_payload_max = 65'507;

    struct Datagram {
        SimAddress from;
        std::string bytes;
    };

    bool empty() const noexcept { return queue_.empty(); }
    /// A datagram costs its buffer's overhead, so that empty ones are bounded too.
    bool has_room_for(std::size_t size) const noexcept {
        return used_ + size + overhead <= capacity;
    }

    void push(Datagram datagram) {
        used_ += datagram.bytes.size() + overhead;
        queue_.push_back(std::move(datagram));
    }
    Datagram pop() {
        Datagram first = std::move(queue_.front());
        queue_.pop_front();
        used_ -= first.bytes.size() + overhead;
        return first;
    }

private:
    static constexpr std::size_t overhead = 256;

    std::deque<Datagram> queue_;
    std::size_t used_ = 0;
};

}  // namespace rondo::detail
