// SPDX-License-Identifier: Apache-2.0
/// The 64 bits that travel through the kernel with every event: source 8, generation 24, index 32.
///
/// Never a pointer: an event that outlived what it was meant for is dropped by one compare.
#pragma once

#include <cstdint>

namespace rondo::detail {

enum class EventSource : std::uint8_t {
    ignored,    ///< nobody waits for it
    wake,       ///< Driver::wake
    edge_in,    ///< a descriptor's lasting edge source (epoll: of both directions)
    edge_out,   ///< an edge for writers
    edge_once,  ///< io_uring: an edge from a one-shot poll
    poll,       ///< an OperationKind::poll
    sent,       ///< a send that the ring made: uring/batched_send.cpp
    lent,       ///< a completion kind; index is its slot
};

struct EventTag {
    EventSource source;
    std::uint32_t generation;
    std::uint32_t index;  ///< the descriptor, or the slot

    static constexpr std::uint32_t generation_mask = 0xffffff;

    constexpr EventTag(EventSource from, std::uint32_t age, std::uint32_t where) noexcept
        : source(from), generation(age & generation_mask), index(where) {}

    explicit constexpr EventTag(std::uint64_t bits) noexcept
        : source(static_cast<EventSource>(bits >> 56)),
          generation(static_cast<std::uint32_t>(bits >> 32) & generation_mask),
          index(static_cast<std::uint32_t>(bits)) {}

    constexpr std::uint64_t bits() const noexcept {
        return std::uint64_t{static_cast<std::uint8_t>(source)} << 56 |
               std::uint64_t{generation} << 32 | index;
    }

    constexpr bool is_of(std::uint32_t age) const noexcept {
        return generation == (age & generation_mask);
    }
};

}  // namespace rondo::detail
