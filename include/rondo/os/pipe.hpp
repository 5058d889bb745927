// SPDX-License-Identifier: Apache-2.0
/// Pipes, as streams.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/loop/await_operation.hpp"

namespace rondo::os {

class PipeStream;

/// The awaitable of PipeStream::read_some.
class [[nodiscard]] ReadPipe : AwaitOperation {
public:
    using AwaitOperation::await_ready;
    using AwaitOperation::await_suspend;
    std::size_t await_resume() const;

private:
    friend class PipeStream;
    ReadPipe(const PipeStream& pipe, MutableBytes to) noexcept;
    const PipeStream* pipe_;
};

/// One end of a pipe; also any other descriptor that is a stream of bytes, such as a terminal. An
/// io::ByteStream, of which a pipe's end has one direction only: the other one fails with
/// Errc::closed.
///
/// Requires: moved, closed and destroyed only while none of its operations waits, and while its
/// loop runs.
class PipeStream {
public:
    /// A closed pipe.
    PipeStream() noexcept = default;
    PipeStream(PipeStream&& other) noexcept;
    PipeStream& operator=(PipeStream&& other) noexcept;
    ~PipeStream() { close(); }

    /// Takes over a descriptor, which is closed with the stream. `name` is for errors. That the
    /// descriptor may be blocking does not matter: no call of this blocks.
    static PipeStream adopt(int descriptor, std::string name);

    /// Reads what is there, at most to.size() bytes, as soon as something is; gives the number of
    /// bytes, 0 once all writers have closed it. Requires: `to` is not empty.
    ReadPipe read_some(MutableBytes to) noexcept { return {*this, to}; }

    /// Returns when the pipe has taken all bytes.
    ///
    /// Errors: Error (closed) when nobody can read them any more; never a SIGPIPE.
    /// Cancellation: a stopped write may have written a part. Then further writes fail with
    /// Errc::closed.
    Task<> write_all(Bytes bytes);

    /// A writing end is closed: the reader reads an end after what was written.
    void shutdown_write() noexcept { close(); }

    void close() noexcept;
    bool is_open() const noexcept { return fd_ >= 0; }
    const std::string& name() const noexcept { return name_; }
    /// -1 when closed.
    int descriptor() const noexcept { return fd_; }

private:
    friend class ReadPipe;
    class Progress;
    PipeStream(int fd, std::string name) noexcept : name_(std::move(name)), fd_(fd) {}

    std::string name_ = "a closed pipe";
    int fd_ = -1;
    bool broken_ = false;  ///< a write stopped halfway
};

/// The two ends of a pipe.
struct PipePair {
    PipeStream reader;
    PipeStream writer;

    PipePair(PipeStream reading, PipeStream writing) noexcept
        : reader(std::move(reading)), writer(std::move(writing)) {}
};

/// A new pipe within this process. Its ends can be given to children, as Stdio::descriptor.
PipePair make_pipe();

}  // namespace rondo::os
