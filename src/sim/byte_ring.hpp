// SPDX-License-Identifier: Apache-2.0
/// A queue of bytes: the receive buffer of a simulated socket, or what is under way to it. Its
/// owner says how much may be in it; its memory grows with what is.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace rondo::detail {

class ByteRing {
public:
    std::size_t size() const noexcept { return size_; }

    void write(const void* from, std::size_t count) {
        if (count > capacity_ - size_) {
            grow(size_ + count);
        }
        if (count > 0) {
            const auto* source = static_cast<const char*>(from);
            const std::size_t end = (begin_ + size_) & (capacity_ - 1);
            const std::size_t straight = std::min(count, capacity_ - end);
            std::memcpy(&bytes_[end], source, straight);
            if (straight < count) {
                std::memcpy(bytes_.get(), source + straight, count - straight);
            }
            size_ += count;
        }
    }

    /// Gives at most size() bytes; returns how many.
    std::size_t read(void* to, std::size_t count) noexcept {
        count = std::min(count, size_);
        if (count > 0) {
            copy_out(static_cast<char*>(to), count);
            begin_ = (begin_ + count) & (capacity_ - 1);
            size_ -= count;
        }
        return count;
    }

    /// Moves the first `count` <= size() bytes to the end of `other`.
    void move_to(ByteRing& other, std::size_t count) {
        while (count > 0) {
            const std::size_t straight = std::min(count, capacity_ - begin_);
            other.write(&bytes_[begin_], straight);
            begin_ = (begin_ + straight) & (capacity_ - 1);
            size_ -= straight;
            count -= straight;
        }
    }

private:
    static constexpr std::size_t smallest = 1024;

    void copy_out(char* target, std::size_t count) const noexcept {
        const std::size_t straight = std::min(count, capacity_ - begin_);
        std::memcpy(target, &bytes_[begin_], straight);
        if (straight < count) {
            std::memcpy(target + straight, bytes_.get(), count - straight);
        }
    }

    void grow(std::size_t needed) {
        const std::size_t capacity = std::bit_ceil(std::max(needed, smallest));
        std::unique_ptr<char[]> bytes(new char[capacity]);
        if (size_ > 0) {
            copy_out(bytes.get(), size_);
        }
        bytes_ = std::move(bytes);
        capacity_ = capacity;
        begin_ = 0;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;  ///< a power of two, or 0
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
};

}  // namespace rondo::detail
