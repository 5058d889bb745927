// SPDX-License-Identifier: Apache-2.0
/// Recycles coroutine frames and task nodes, by size class, for each thread.
#pragma once

#include <cstddef>
#include <new>

#include "rondo/base/config.hpp"

namespace rondo::detail {

/// Free lists of 64 classes up to 1 KiB and 15 up to 16 KiB (g++ frames are large). Trivial, so
/// that the thread's state needs no initialisation; memory is never returned to the system, but a
/// thread's lists go to the next thread when it ends. Under AddressSanitizer every block comes from
/// the heap, so that a use after free is seen.
class FramePool {
public:
    /// Blocks taken on this thread minus blocks given back on it.
    long live = 0;

    RONDO_INLINE void* take(std::size_t bytes) {
        if (RONDO_ASAN != 0 || bytes > largest) [[unlikely]] {
            void* block = ::operator new(bytes);
            ++live;
            return block;
        }
        const std::size_t index = class_of(bytes);
        ++live;
        if (Block* block = free_[index]) [[likely]] {
            free_[index] = block->next;
            return block;
        }
        return carve(index);
    }

    RONDO_INLINE void give(void* memory, std::size_t bytes) noexcept {
        --live;
        if (RONDO_ASAN != 0 || bytes > largest) [[unlikely]] {
            ::operator delete(memory);
            return;
        }
        const std::size_t index = class_of(bytes);
        free_[index] = ::new (memory) Block{free_[index]};
    }

private:
    friend class FrameDepot;
    struct Block {
        Block* next;
    };
    static constexpr std::size_t grain = 16;
    static constexpr std::size_t fine = 64;
    static constexpr std::size_t coarse = 15;
    static constexpr std::size_t classes = fine + coarse;
    static constexpr std::size_t largest = 16 * 1024;

    static constexpr std::size_t class_of(std::size_t bytes) noexcept {
        return bytes <= grain * fine ? (bytes - 1) / grain : fine + (bytes - 1) / 1024 - 1;
    }
    static constexpr std::size_t size_of(std::size_t index) noexcept {
        return index < fine ? (index + 1) * grain : (index - fine + 2) * 1024;
    }

    RONDO_NOINLINE void* carve(std::size_t index);
    RONDO_NOINLINE void* refill(std::size_t index);

    Block* free_[classes] = {};
    char* at_ = nullptr;
    char* end_ = nullptr;
};

/// Base that routes new and delete through this thread's pool.
struct Recycled {
    static inline void* operator new(std::size_t bytes);
    static inline void operator delete(void* memory, std::size_t bytes) noexcept;
};

}  // namespace rondo::detail
