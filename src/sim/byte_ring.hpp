// SPDX-License-Identifier: Apache-2.0
/// A bounded queue of bytes: the receive buffer of a simulated socket.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace rondo::detail {

class ByteRing {
public:
    static constexpr std::size_t capacity = 64 * 1024;

    std::size_t size() const noexcept { return size_; }
    std::size_t room() const noexcept { return capacity - size_; }

    /// Takes at most room() bytes; returns how many.
    std::size_t write(const void* from, std::size_t count) {
        count = std::min(count, room());
        if (bytes_.empty() && count > 0) {
            bytes_.resize(capacity);
        }
        const auto* source = static_cast<const char*>(from);
        const std::size_t end = (begin_ + size_) % capacity;
        const std::size_t straight = std::min(count, capacity - end);
        if (count > 0) {
            std::memcpy(&bytes_[end], source, straight);
            std::memcpy(bytes_.data(), source + straight, count - straight);
        }
        size_ += count;
        return count;
    }

    /// Gives at most size() bytes; returns how many.
    std::size_t read(void* to, std::size_t count) noexcept {
        count = std::min(count, size_);
        auto* target = static_cast<char*>(to);
        const std::size_t straight = std::min(count, capacity - begin_);
        if (count > 0) {
            std::memcpy(target, &bytes_[begin_], straight);
            std::memcpy(target + straight, bytes_.data(), count - straight);
        }
        begin_ = (begin_ + count) % capacity;
        size_ -= count;
        return count;
    }

private:
    std::vector<char> bytes_;
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
};

}  // namespace rondo::detail
