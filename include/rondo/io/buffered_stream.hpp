// SPDX-License-Identifier: Apache-2.0
/// Reading by lines, by lengths and by delimiters. asyncio.StreamReader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/io/read_buffer.hpp"
#include "rondo/io/stream.hpp"
#include "rondo/io/stream_errors.hpp"

namespace rondo::io {

/// Owns a stream and what was received of it and not yet read. It is an io::ByteStream itself: what
/// was read ahead is not lost to a layer (TLS, another protocol) that takes over.
///
///     rondo::io::BufferedStream stream(co_await listener.accept());
///     const std::optional<std::string> line = co_await stream.read_line();
///
/// Memory: it reads into buffers of the loop's. One that waits for bytes owns, beyond itself, just
/// the bytes that it has: none, usually. Between calls up to 4 KiB that were received ahead are
/// kept in memory of their size; of more the loop's buffer is held. Only what spans two receives is
/// copied twice.
///
/// Cancellation: a stopped read has taken nothing: what came meanwhile is in the stream.
/// Errors: what the stream below fails with, again and again; what came before can still be read. A
/// TimeoutError of the stream below is thrown once: reading may go on.
/// Requires: moved, closed and destroyed only while none of its operations waits.
class BufferedStream {
public:
    class Lines;

    /// What read_line and read_until allow if nothing else is said, as asyncio does.
    static constexpr std::size_t default_limit = std::size_t{64} * 1024;

    /// A closed stream.
    BufferedStream() noexcept = default;
    explicit BufferedStream(Stream stream) noexcept : stream_(std::move(stream)) {}

    // Reading.

    /// The next line without its end; nothing at the end of the stream. A line ends with LF, and a
    /// CR just before it belongs to the end; a CR elsewhere is an ordinary character. What comes
    /// after the last LF is a line too.
    ///
    /// Errors: LimitOverrunError when the line, without its end, is longer than `limit`.
    Task<std::optional<std::string>> read_line(std::size_t limit = default_limit);

    /// The same, line after line, without copying them.
    ///
    /// Lifetime: this stream stays where it is while they are read.
    ///
    ///     auto lines = stream.lines();
    ///     for (;;) {
    ///         const auto line = co_await lines.next();
    ///         if (!line) break;
    ///         …
    ///     }
    Lines lines(std::size_t limit = default_limit) noexcept;

    /// Everything up to and including `delimiter`, which is not empty.
    ///
    /// Errors: IncompleteReadError when the stream ends first; LimitOverrunError when more than
    /// `limit` bytes come before the delimiter.
    Task<std::string> read_until(std::string_view delimiter, std::size_t limit = default_limit);

    /// `count` bytes. Memory grows with what comes, not with what is asked for.
    ///
    /// Errors: IncompleteReadError.
    Task<std::string> read_exactly(std::size_t count);
    /// Fills all of `to`.
    Task<> read_exactly(MutableBytes to);

    /// Everything up to the end of the stream. Errors: LimitOverrunError when that is more than
    /// `limit` bytes.
    Task<std::string> read_all(std::size_t limit);

    /// What is there, at most to.size() bytes, as soon as something is; gives the number of bytes,
    /// 0 at the end. Requires: `to` is not empty.
    Task<std::size_t> read_some(MutableBytes to);
    /// What is there in a buffer of the loop's; empty at the end.
    Task<Lease> read_leased();

    // For parsers, which look first and take later.

    /// Waits until `at_least` bytes have been received and gives them without taking them, with
    /// what else lies behind them in memory; fewer only at the end of the stream. Valid until this
    /// stream's next call.
    Task<std::string_view> peek(std::size_t at_least = 1);
    /// How much has been received and not been taken.
    std::size_t buffered() const noexcept { return buffer_.size(); }
    /// Takes bytes that peek() showed. Requires: count <= buffered().
    void consume(std::size_t count);
    /// The end was seen, and all before it has been taken. asyncio's at_eof.
    bool at_end() const noexcept { return ended_ && buffer_.empty(); }

    // Writing goes to the stream itself, which waits until the system took the bytes: that is the
    // back-pressure. Many small writes are collected by io::BufferedWriter.

    Task<> write_all(Bytes bytes) { return stream_.write_all(bytes); }
    Task<> write_all(std::span<const Bytes> parts) { return stream_.write_all(parts); }
    Task<std::uint64_t> send_file(int file, std::uint64_t offset = 0,
                                  std::uint64_t size = to_the_end) {
        return stream_.send_file(file, offset, size);
    }
    Task<> shutdown_write() { return stream_.shutdown_write(); }

    /// Both directions end now, and what was not read is forgotten. Idempotent.
    void close() noexcept;
    bool is_open() const noexcept { return stream_.is_open(); }
    std::string name() const { return stream_.name(); }

    /// The stream below. Who reads from it directly misses what is buffered here.
    Stream& stream() noexcept { return stream_; }

private:
    class Reading;
    class PartialRead;
    struct Line {
        std::size_t length;
        std::size_t end;  ///< bytes of LF or CR LF
    };

    Task<std::size_t> receive_into(MutableBytes to = {});
    std::optional<Line> find_line(std::size_t& searched, std::size_t limit) const;
    std::optional<Line> last_line(std::size_t limit) const;
    Task<std::optional<std::string_view>> view_line(std::size_t limit);
    [[noreturn]] void fail_limit(std::size_t limit, std::size_t consumed) const;
    [[noreturn]] void fail_incomplete(std::string partial, std::optional<std::size_t> expected);

    Stream stream_;
    detail::ReadBuffer buffer_;
    std::exception_ptr failure_;  ///< how the stream below ended
    bool ended_ = false;
    bool reading_ = false;
};

/// The lines of a BufferedStream. They lie in the stream: this may be dropped, and another taken,
/// at any time, and a next() that was stopped or that failed can be repeated.
class [[nodiscard]] BufferedStream::Lines {
public:
    /// The next line, valid until the stream's next call; nothing at its end. Errors: as read_line.
    Task<std::optional<std::string_view>> next() { return stream_->view_line(limit_); }

private:
    friend class BufferedStream;
    Lines(BufferedStream& stream, std::size_t limit) noexcept : stream_(&stream), limit_(limit) {}

    BufferedStream* stream_;
    std::size_t limit_;
};

inline BufferedStream::Lines BufferedStream::lines(std::size_t limit) noexcept {
    return Lines(*this, limit);
}

}  // namespace rondo::io
