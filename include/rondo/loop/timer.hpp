// SPDX-License-Identifier: Apache-2.0
/// The timer node that lies inside an awaiter, and the wheel that holds a million of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rondo/base/config.hpp"

namespace rondo::detail {

// Node and list head share a base, so that walking a list never casts a head to a node: both
// compilers exploit that undefined behaviour at -O2.
struct TimerLink {
    TimerLink* next;
    TimerLink* previous;

    // The links are written by the push(); a copy is in no list.
    TimerLink() noexcept {}
    TimerLink(const TimerLink&) noexcept {}
    TimerLink& operator=(const TimerLink&) noexcept { return *this; }  // NOLINT(*-assignment)

    RONDO_INLINE void unlink() noexcept {
        previous->next = next;
        next->previous = previous;
    }
};

/// A deadline and what to do then. Not movable while armed.
struct Timer : TimerLink {
    std::int64_t when;  ///< ns of the driver's clock; a duration while on the fresh list
    /// Called on the loop's thread when the deadline passed, the timer being unlinked already.
    /// Only wakes or cancels scopes.
    void (*fire)(Timer&) noexcept;

    Timer() noexcept {}
    explicit Timer(std::int64_t time) noexcept : when(time) {}
};

/// Circular list in order of insertion.
struct TimerList : TimerLink {
    TimerList() noexcept { next = previous = this; }
    TimerList(const TimerList&) = delete;
    TimerList& operator=(const TimerList&) = delete;

    bool empty() const noexcept { return next == this; }
    /// Forgets the timers, as after walking over all of them.
    void clear() noexcept { next = previous = this; }
    Timer& front() noexcept { return static_cast<Timer&>(*next); }
    RONDO_INLINE void push(Timer& timer) noexcept {
        timer.next = this;
        timer.previous = previous;
        previous->next = &timer;
        previous = &timer;
    }
};

/// Hierarchical timer wheel: 1 ms ticks, four levels of 256 slots. Deadlines are rounded up to a
/// tick, so no timer is early; equal ticks fire in order of insertion. Adding and unlinking are
/// O(1); a bitmap per level finds the next tick.
class TimerWheel {
public:
    /// Ticks start at `now`.
    explicit TimerWheel(std::int64_t now) noexcept;

    /// Holds `timer` until `timer.when`, or until it is unlinked.
    void add(Timer& timer) noexcept;

    /// A lower bound of the next deadline in ns: at that time advance() has something to do.
    /// INT64_MAX when the wheel is empty.
    std::int64_t next() noexcept;

    /// Fires all that is due at `now`; returns how many.
    std::size_t advance(std::int64_t now) noexcept;

private:
    static constexpr int bits = 8;
    static constexpr int levels = 4;
    static constexpr int slots = 1 << bits;
    static constexpr std::int64_t nanoseconds = 1'000'000;
    static constexpr std::uint64_t no_tick = ~std::uint64_t{0};

    static std::uint64_t tick_of(std::int64_t when) noexcept;
    void place(Timer& timer, std::uint64_t tick) noexcept;
    int scan(int level, int from) noexcept;
    std::uint64_t next_tick() noexcept;
    void cascade(unsigned level) noexcept;
    std::size_t fire_slot() noexcept;

    std::uint64_t tick_;
    std::uint64_t due_ = no_tick;  ///< no slot must be visited before this tick
    std::uint64_t occupied_[levels * slots / 64] = {};  ///< a bit for each of slots_
    TimerList slots_[levels * slots];                   ///< level by level
};

}  // namespace rondo::detail
