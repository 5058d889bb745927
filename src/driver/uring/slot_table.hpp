// SPDX-License-Identifier: Apache-2.0
/// The operations that the kernel holds, by slot and generation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "driver/event_tag.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/loop/operation.hpp"

namespace rondo::detail {

class SlotTable {
public:
    /// Fills operation.slot. False: out of memory.
    bool take(Operation& operation) noexcept {
        if (first_free_ == none) {
            try {
                slots_.emplace_back();
            } catch (const std::bad_alloc&) {
                return false;
            }
            first_free_ = static_cast<std::uint32_t>(slots_.size() - 1);
        }
        operation.slot = first_free_;
        Slot& slot = slots_[operation.slot];
        first_free_ = slot.next_free;
        slot.operation = &operation;
        slot.polling = false;
        return true;
    }

    void free(const Operation& operation) noexcept {
        Slot& slot = slots_[operation.slot];
        slot.operation = nullptr;
        ++slot.generation;
        slot.next_free = first_free_;
        first_free_ = operation.slot;
    }

    EventTag tag_of(const Operation& operation) const noexcept {
        return EventTag(EventSource::lent, slots_[operation.slot].generation, operation.slot);
    }

    /// The operation a completion is for. One for an empty slot would be a write into memory that
    /// its owner has back: it stops the program.
    Operation& at(EventTag tag) noexcept {
        RONDO_ASSERT(tag.index < slots_.size() && slots_[tag.index].operation != nullptr &&
                         tag.is_of(slots_[tag.index].generation),
                     "a completion for an operation that ended");
        return *slots_[tag.index].operation;
    }

    /// True while the slot waits for readiness, to make the call again.
    bool& polling(const Operation& operation) noexcept { return slots_[operation.slot].polling; }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    struct Slot {
        Operation* operation = nullptr;
        std::uint32_t generation = 0;
        std::uint32_t next_free = none;
        bool polling = false;
    };

    std::vector<Slot> slots_;
    std::uint32_t first_free_ = none;
};

}  // namespace rondo::detail
