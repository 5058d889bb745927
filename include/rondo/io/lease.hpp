// SPDX-License-Identifier: Apache-2.0
/// Buffers of the loop's, lent to who reads: what waits for bytes owns none.
#pragma once

#include <cstddef>
#include <utility>

#include "rondo/io/bytes.hpp"

namespace rondo::io {

/// Bytes that lie in a buffer of the loop's, lent until this is destroyed. Empty at end of stream.
///
/// Requires: destroyed while its loop runs.
class Lease {
public:
    /// How much one buffer holds.
    static constexpr std::size_t capacity = std::size_t{256} * 1024;

    Lease() noexcept = default;
    Lease(Lease&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { give_back(); }

    /// An empty buffer, to be filled through space() and resize().
    ///
    /// Errors: Error (exhausted).
    static Lease take();
    /// Takes over what a receive_leased operation delivered.
    static Lease adopt(void* data, std::size_t size) noexcept { return {data, size}; }

    Bytes bytes() const noexcept { return {static_cast<const std::byte*>(data_), size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    /// The whole buffer. Requires: there is one.
    MutableBytes space() const noexcept {
        return std::span(static_cast<std::byte*>(data_), capacity);
    }
    /// The first `size` bytes of the buffer are the content now; 0 gives the buffer back.
    void resize(std::size_t size) noexcept;

    /// Ends the loan early; the lease is empty then.
    void give_back() noexcept;

private:
    Lease(void* data, std::size_t size) noexcept : data_(data), size_(size) {}

    void* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace rondo::io
