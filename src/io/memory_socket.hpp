// SPDX-License-Identifier: Apache-2.0
/// One end of a pipe or a duplex stream in memory.
///
/// An end holds what its peer sent and it has not read. A writer that waits lends its bytes: a read
/// makes room, and takes from them at once. So with nothing buffered bytes are copied once, from
/// the writer's memory to the reader's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include "rondo/io/pipe.hpp"

namespace rondo::io::detail {

/// A bounded queue of bytes. What was never used of its memory is never touched.
class MemoryRing {
public:
    explicit MemoryRing(std::size_t capacity)
        : capacity_(capacity), bytes_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

    bool empty() const noexcept { return size_ == 0; }
    std::size_t read(MutableBytes to) noexcept;

    /// Where the next bytes go, without a break; empty when it is full.
    MutableBytes space() noexcept;
    void add(std::size_t count) noexcept { size_ += count; }

private:
    std::size_t capacity_;
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
};

class MemorySocket {
public:
    MemorySocket(std::size_t capacity, bool duplex) : received_(capacity), duplex_(duplex) {}

    void connect(MemorySocket& peer) noexcept { peer_ = &peer; }
    void end_input() noexcept;
    void shutdown_write() noexcept;
    /// The last call: the peer learns that nobody is here any more.
    void close() noexcept;

    // What operations do; see MemoryOperation::attempt.

    /// True when a read has its answer: bytes are there, or an end, or `error`.
    bool answers_read(int& error) noexcept;
    std::size_t read(MutableBytes to) noexcept;
    /// 0, or the errno with which a write fails.
    int write_error() noexcept;
    /// Gives the peer's reader and its buffer what they take of `write`.
    void write(MemoryWrite& write) noexcept;
    /// A write was stopped after it had sent a part.
    void break_output() noexcept { broken_ = true; }
    bool is_broken() const noexcept { return broken_; }

    MemoryOperation*& waiting(bool writes) noexcept { return writes ? writer_ : reader_; }
    const char* name() const noexcept {
        return duplex_ ? "a stream in memory" : "a pipe in memory";
    }

private:
    static void retry(MemoryOperation* operation) noexcept;

    MemoryRing received_;
    MemorySocket* peer_ = nullptr;  ///< nullptr once the other end is closed
    MemoryOperation* reader_ = nullptr;
    MemoryOperation* writer_ = nullptr;
    MemoryWrite* offered_ = nullptr;  ///< by the peer, to the reader that waits
    int error_ = 0;                   ///< errno that the next call reports, once
    bool duplex_;
    bool input_ended_ = false;   ///< the peer sends no more
    bool output_ended_ = false;  ///< this end sends no more
    bool broken_ = false;
};

}  // namespace rondo::io::detail
