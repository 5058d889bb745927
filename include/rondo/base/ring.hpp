// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "rondo/base/config.hpp"

namespace rondo::detail {

/// A FIFO in one block of memory that doubles when full: a push or pop is a few instructions, where
/// std::deque walks its map and frees a chunk every few items.
template <class T>
class Ring {
public:
    Ring() = default;
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring() {
        while (size_ != 0) {
            drop_front();
        }
        free_block();
    }

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    /// Requires: not empty.
    T& front() noexcept { return items_[first_]; }
    /// The `index`-th oldest. Requires: index < size().
    T& operator[](std::size_t index) noexcept { return items_[(first_ + index) & (room_ - 1)]; }

    RONDO_INLINE void push(T&& item) {
        if (size_ == room_) [[unlikely]] {
            grow();
        }
        std::construct_at(items_ + ((first_ + size_) & (room_ - 1)), std::move(item));
        ++size_;
    }
    /// Requires: not empty.
    RONDO_INLINE T pop() {
        T item = std::move(items_[first_]);
        drop_front();
        return item;
    }
    /// Moves the oldest to `to`; a move that throws takes nothing out. Requires: not empty.
    RONDO_INLINE void take_front(std::optional<T>& to) {
        T* const item = items_ + first_;
        const std::size_t first = (first_ + 1) & (room_ - 1);
        const std::size_t size = size_ - 1;
        to.emplace(std::move(*item));
        first_ = first;
        size_ = size;
        std::destroy_at(item);
    }
    RONDO_INLINE void drop_front() noexcept {
        T* const item = items_ + first_;
        first_ = (first_ + 1) & (room_ - 1);
        --size_;
        std::destroy_at(item);
    }

private:
    // As std::vector: what may throw is copied, and only if it cannot be copied moved.
    RONDO_NOINLINE void grow() {
        const std::size_t room = room_ == 0 ? 8 : room_ * 2;
        T* const items = std::allocator<T>().allocate(room);
        std::size_t made = 0;
        try {
            for (; made < size_; ++made) {
                std::construct_at(items + made, std::move_if_noexcept((*this)[made]));
            }
        } catch (...) {
            std::destroy_n(items, made);
            std::allocator<T>().deallocate(items, room);
            throw;
        }
        for (std::size_t i = 0; i < size_; ++i) {
            std::destroy_at(&(*this)[i]);
        }
        free_block();
        items_ = items;
        room_ = room;
        first_ = 0;
    }

    void free_block() noexcept {
        if (items_ != nullptr) {
            std::allocator<T>().deallocate(items_, room_);
        }
    }

    T* items_ = nullptr;
    std::size_t room_ = 0;  ///< a power of two, or 0
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

}  // namespace rondo::detail
