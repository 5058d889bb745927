// SPDX-License-Identifier: Apache-2.0
/// Many small writes, few system calls.
#pragma once

#include <cstddef>
#include <optional>

#include "rondo/coro/task.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/io/stream.hpp"

namespace rondo::io {

class BufferedWriter;

/// The awaitable of BufferedWriter::write.
class [[nodiscard]] CollectedWrite {
public:
    bool await_ready();
    void await_suspend(rondo::detail::Awaiting frame) noexcept;
    void await_resume();

private:
    friend class BufferedWriter;
    CollectedWrite(BufferedWriter& writer, Bytes bytes) noexcept
        : writer_(&writer), bytes_(bytes) {}

    BufferedWriter* writer_;
    Bytes bytes_;
    std::optional<Task<>> sending_;
};

/// Collects what is written, and sends it when 64 KiB would be exceeded, or by flush(). Most writes
/// are then a copy in memory, and do not suspend. asyncio's write() and drain() in one: a program
/// that writes faster than its peer reads waits in write(), and no buffer grows.
///
///     rondo::io::BufferedWriter out(stream);
///     for (const auto& row : rows) co_await out.write(row);
///     co_await out.flush();
///
/// Between flushes it holds a buffer of the loop's, else nothing. What was not flushed when it is
/// destroyed is not sent.
///
/// One writes at a time: while a write() or a flush() sends, another one fails with Errc::busy, and
/// its bytes were not collected.
///
/// Lifetime: the stream outlives it. Requires: nothing else writes to the stream between a write()
/// and the flush() after it.
class BufferedWriter {
public:
    /// How much it collects at most.
    static constexpr std::size_t capacity = std::size_t{64} * 1024;

    explicit BufferedWriter(Stream& to) noexcept : to_(&to) {}
    BufferedWriter(BufferedWriter&&) noexcept = default;
    BufferedWriter& operator=(BufferedWriter&&) noexcept = default;
    ~BufferedWriter() = default;

    /// Collects `bytes`; or sends, with one call, what was collected together with them.
    ///
    /// Cancellation: `bytes` were not collected; if a part was sent, further writes fail with
    /// Errc::closed.
    CollectedWrite write(Bytes bytes) noexcept { return {*this, bytes}; }

    /// Returns when the layer below has taken all that was written.
    ///
    /// Cancellation: as write_all of the stream. What was collected is still there, and a further
    /// flush sends it if nothing of it was sent.
    Task<> flush();

    /// How much waits for a flush.
    std::size_t pending() const noexcept { return collected_.size(); }

private:
    friend class CollectedWrite;
    bool collect(Bytes bytes);
    void require_idle(const char* operation) const;
    Task<> send(Bytes bytes);

    Stream* to_;
    Lease collected_;
    bool sending_ = false;
};

}  // namespace rondo::io
