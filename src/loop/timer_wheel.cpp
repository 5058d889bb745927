// SPDX-License-Identifier: Apache-2.0
// A timer lies at the level of the highest bit in which its tick differs from the present one, in
// the slot that the tick's digit at that level names. When the present tick enters a higher slot,
// that slot's timers are placed anew, lower. Since a slot is always emptied before anything can be
// placed directly into the ticks it covers, insertion order survives among equal ticks.
//
// A bit in `occupied_` may be stale (timers unlink themselves); a set bit with an empty slot is
// cleared when met. A slot with a timer always has its bit set.
#include <algorithm>
#include <bit>
#include <limits>

#include "rondo/loop/timer.hpp"

namespace rondo::detail {

TimerWheel::TimerWheel(std::int64_t now) noexcept
    : tick_(static_cast<std::uint64_t>(now / nanoseconds)) {}

// The first tick at or after `when`.
RONDO_INLINE std::uint64_t TimerWheel::tick_of(std::int64_t when) noexcept {
    return when <= 0 ? 0 : (static_cast<std::uint64_t>(when) + (nanoseconds - 1)) / nanoseconds;
}

RONDO_INLINE void TimerWheel::place(Timer& timer, std::uint64_t tick) noexcept {
    unsigned level = static_cast<unsigned>(std::bit_width((tick ^ tick_) | 1) - 1) / bits;
    const bool far = level >= levels;
    if (far) [[unlikely]] {
        level = levels - 1;  // beyond the top level's turn: visited once a turn until it is near
    }
    const std::uint64_t digits = tick >> (bits * level);
    due_ = std::min(due_, far ? tick_ : digits << (bits * level));
    const std::size_t index = level * slots + (digits & (slots - 1));
    slots_[index].push(timer);
    occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
}

void TimerWheel::add(Timer& timer) noexcept {
    const std::uint64_t tick = tick_of(timer.when);
    place(timer, tick <= tick_ ? tick_ + 1 : tick);
}

// The first occupied slot at or after `from`, or -1.
int TimerWheel::scan(int level, int from) noexcept {
    const int base = level * slots;
    for (int word = from >> 6; word < slots / 64; ++word) {
        std::uint64_t& occupied = occupied_[base / 64 + word];
        std::uint64_t set = occupied;
        if (word == from >> 6) {
            set &= ~std::uint64_t{0} << (from & 63);
        }
        while (set != 0) {
            const int index = word * 64 + std::countr_zero(set);
            if (!slots_[base + index].empty()) {
                return index;
            }
            occupied &= ~(std::uint64_t{1} << (index & 63));
            set &= set - 1;
        }
    }
    return -1;
}

// The next tick at which a slot must be fired or cascaded.
std::uint64_t TimerWheel::next_tick() noexcept {
    for (int level = 0; level < levels; ++level) {
        const int shift = bits * level;
        const int here = static_cast<int>((tick_ >> shift) & (slots - 1));
        const int index = here + 1 < slots ? scan(level, here + 1) : -1;
        if (index >= 0) {
            const std::uint64_t base = (tick_ >> (shift + bits)) << (shift + bits);
            return base + (static_cast<std::uint64_t>(index) << shift);
        }
    }
    // Nothing is left in the top level's present turn (50 days): look into the next one.
    constexpr int top = levels - 1;
    const int index = scan(top, 0);
    if (index < 0) {
        return no_tick;
    }
    const std::uint64_t turn = std::uint64_t{1} << (bits * levels);
    return (tick_ / turn + 1) * turn + (static_cast<std::uint64_t>(index) << (bits * top));
}

std::int64_t TimerWheel::next() noexcept {
    constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    due_ = next_tick();
    return due_ > never / nanoseconds ? never : static_cast<std::int64_t>(due_) * nanoseconds;
}

void TimerWheel::cascade(unsigned level) noexcept {
    TimerList& slot = slots_[level * slots + ((tick_ >> (bits * level)) & (slots - 1))];
    if (slot.empty()) {
        return;
    }
    TimerList taken;  // placing anew may choose this very slot
    taken.next = slot.next;
    taken.previous = slot.previous;
    taken.next->previous = &taken;
    taken.previous->next = &taken;
    slot.clear();
    while (!taken.empty()) {
        Timer& timer = taken.front();
        timer.unlink();
        const std::uint64_t tick = tick_of(timer.when);
        place(timer, tick < tick_ ? tick_ : tick);
    }
}

std::size_t TimerWheel::fire_slot() noexcept {
    TimerList& slot = slots_[tick_ & (slots - 1)];
    std::size_t fired = 0;
    while (!slot.empty()) {
        Timer& timer = slot.front();
        timer.unlink();
        timer.next = nullptr;
        ++fired;
        timer.fire(timer);
    }
    return fired;
}

std::size_t TimerWheel::advance(std::int64_t now) noexcept {
    const std::uint64_t target = static_cast<std::uint64_t>(now / nanoseconds);
    std::size_t fired = 0;
    if (target < due_) {
        tick_ = std::max(tick_, target);
        return fired;
    }
    while (tick_ < target) {
        due_ = next_tick();
        if (due_ > target) {
            tick_ = target;
            break;
        }
        tick_ = due_;
        for (unsigned level = levels - 1; level >= 1; --level) {
            if ((tick_ & ((std::uint64_t{1} << (bits * level)) - 1)) == 0) {
                cascade(level);
            }
        }
        fired += fire_slot();
    }
    return fired;
}

}  // namespace rondo::detail
