// SPDX-License-Identifier: Apache-2.0
/// What a BufferedStream has received and nobody has read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/base/bytes.hpp"
#include "rondo/io/lease.hpp"

namespace rondo::io::detail {

/// Bytes in two runs: first what was kept, in memory of its own; then the last receive, in the
/// loop's buffer that it came in. So only what spans receives is copied.
class ReadBuffer {
public:
    ReadBuffer() noexcept = default;
    ReadBuffer(ReadBuffer&& other) noexcept { swap(other); }
    ReadBuffer& operator=(ReadBuffer&& other) noexcept {
        ReadBuffer old(std::move(*this));
        swap(other);
        return *this;
    }
    ~ReadBuffer() = default;

    std::size_t size() const noexcept { return kept().size() + leased().size(); }
    bool empty() const noexcept { return size() == 0; }
    char at(std::size_t place) const noexcept;

    /// Where `delimiter` begins, looked for from `from` on, or npos.
    std::size_t find(std::string_view delimiter, std::size_t from) const;
    static constexpr std::size_t npos = std::string_view::npos;

    /// The bytes that lie together at the front: `count` at least. Requires: there are so many.
    std::string_view front(std::size_t count);
    /// Forgets `count` bytes; their memory stays as it is until the next call that is not const.
    void consume(std::size_t count) noexcept;
    /// Moves `count` bytes to the end of `to`.
    void take(std::size_t count, std::string& to);
    std::size_t take(MutableBytes to) noexcept;
    /// The loop's buffer itself when all that there is lies at its beginning; else an empty lease.
    Lease take_lease() noexcept;

    /// Before waiting: keeps what is unread, in as much memory as that needs, and no buffer.
    void keep();
    /// The same if that is little: then it is cheaper to copy than to hold the loop's buffer.
    void keep_if_small();
    /// Adds what was received. Requires: keep() was called.
    void add(Lease lease) noexcept;
    /// Puts bytes back in front of what there is.
    void put_back(Bytes bytes);
    void clear() noexcept;

private:
    static constexpr std::size_t small = 4096;

    std::string_view kept() const noexcept { return std::string_view(kept_).substr(kept_at_); }
    std::string_view leased() const noexcept { return lease_.bytes().from(lease_at_).text(); }
    void keep_from_lease(std::size_t count);
    void swap(ReadBuffer& other) noexcept;

    std::string kept_;
    std::size_t kept_at_ = 0;
    Lease lease_;
    std::size_t lease_at_ = 0;
};

}  // namespace rondo::io::detail
