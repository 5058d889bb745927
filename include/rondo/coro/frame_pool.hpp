// SPDX-License-Identifier: Apache-2.0
/// Recycles coroutine frames and task nodes, by size class, for each thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>

#include "rondo/base/config.hpp"

namespace rondo::detail {

/// Free lists of 64 classes up to 1 KiB and 15 up to 16 KiB (g++ frames are large). Trivial, so
/// that the thread's state needs no initialisation; memory is never returned to the system, but
/// what a list holds beyond a bound goes to whichever thread lacks it, and all when its thread
/// ends. Under AddressSanitizer every block comes from the heap, so that a use after free is seen.
class FramePool {
public:
    RONDO_INLINE void* take(std::size_t bytes) {
        if (RONDO_ASAN != 0 || bytes > largest) [[unlikely]] {
            void* block = ::operator new(bytes);
            ++here_;
            return block;
        }
        const std::size_t index = class_of(bytes);
        if (Block* block = free_[index]) [[likely]] {
            ++room_[index];
            free_[index] = block->next;
            return block;
        }
        return carve(index);
    }

    RONDO_INLINE void give(void* memory, std::size_t bytes) noexcept {
        if (RONDO_ASAN != 0 || bytes > largest) [[unlikely]] {
            --here_;
            ::operator delete(memory);
            return;
        }
        const std::size_t index = class_of(bytes);
        if (--room_[index] < 0) [[unlikely]] {
            give_to_full(memory, index);
            return;
        }
        free_[index] = ::new (memory) Block{free_[index]};
    }

    /// Blocks taken on this thread minus blocks given back on it.
    long live() const noexcept;

    /// What all threads together have taken from the heap for their pools.
    static std::size_t slabs_bytes() noexcept;

private:
    friend class FrameDepot;
    struct Block {
        Block* next;
    };
    /// Blocks of one class, in the first of them, on their way between threads.
    struct Chain {
        Block block;
        int count;
        Chain* other;
    };
    static constexpr std::size_t grain = 16;
    static constexpr std::size_t fine = 64;
    static constexpr std::size_t coarse = 15;
    static constexpr std::size_t classes = fine + coarse;
    static constexpr std::size_t largest = 16 * 1024;
    static_assert(sizeof(Chain) <= 2 * grain);
    static constexpr std::size_t list_bytes = 256 * 1024;  ///< a list holds no more

    static constexpr std::size_t class_of(std::size_t bytes) noexcept {
        return bytes <= grain * fine ? (bytes - 1) / grain : fine + (bytes - 1) / 1024 - 1;
    }
    static constexpr std::size_t size_of(std::size_t index) noexcept {
        return index < fine ? std::max<std::size_t>(index + 1, 2) * grain
                            : (index - fine + 2) * 1024;
    }
    static constexpr int most_of(std::size_t index) noexcept {
        return static_cast<int>(list_bytes / size_of(index));
    }
    int count_of(std::size_t index) const noexcept {
        return free_[index] == nullptr ? 0 : most_of(index) - room_[index];
    }

    RONDO_NOINLINE void* carve(std::size_t index);
    RONDO_NOINLINE void* refill(std::size_t index);
    RONDO_NOINLINE void give_to_full(void* memory, std::size_t index) noexcept;
    Chain& cut(Block* first, int count) noexcept;

    Block* free_[classes] = {};
    int room_[classes] = {};  ///< how many more a list takes; of an empty one that, or anything
    long here_ = 0;  ///< blocks that came to this pool minus those that left it, free or not
    char* at_ = nullptr;
    char* end_ = nullptr;
};

/// Base that routes new and delete through this thread's pool.
struct Recycled {
    static inline void* operator new(std::size_t bytes);
    static inline void operator delete(void* memory, std::size_t bytes) noexcept;
};

}  // namespace rondo::detail
