// SPDX-License-Identifier: Apache-2.0
/// Files: opened, read and written without blocking the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "rondo/coro/task.hpp"
#include "rondo/io/bytes.hpp"
#include "rondo/loop/await_operation.hpp"
#include "rondo/os/file_status.hpp"
#include "rondo/os/open_options.hpp"

namespace rondo::os {

class File;

namespace detail {

/// An operation of an open file, which counts it as long as it lasts.
class [[nodiscard]] FileOperation : AwaitOperation {
public:
    FileOperation(FileOperation&&) noexcept = default;
    ~FileOperation() { release(); }
    bool await_ready() noexcept;
    using AwaitOperation::await_suspend;
    /// The value, or -errno.
    int await_resume() noexcept;

private:
    friend class os::File;
    enum class Place : std::uint8_t { none, position, given };

    FileOperation(File& file, OperationKind what, Place place, void* data, std::uint32_t bytes,
                  std::uint64_t at) noexcept;
    void release() noexcept;

    File* file_;
    Place place_;
    bool counted_ = false;
    bool holds_position_ = false;
};

}  // namespace detail

/// The awaitable of File::read_some and File::read_at.
class [[nodiscard]] ReadFile : detail::FileOperation {
public:
    using FileOperation::await_ready;
    using FileOperation::await_suspend;
    std::size_t await_resume();

private:
    friend class File;
    ReadFile(File& file, FileOperation operation) noexcept
        : FileOperation(std::move(operation)), file_(&file) {}
    File* file_;
};

/// An open file; or a FIFO, terminal or device, which is a stream. Its descriptor is closed once,
/// by close() or the destructor, and what close(2) may say then is lost: sync() first where it
/// matters. It is an io::ByteStream.
///
/// A file has a position of its own, beside the descriptor's: read_some() and write_all() begin
/// there and move it, one at a time (else Errc::busy). Any number of read_at() and write_all_at()
/// may run beside them. A stream has no position; it has one reader and one writer at a time.
///
/// Cancellation: what was asked of the system belongs to it until it says that it ended, and the
/// stop waits for that. Mostly it is brief; a medium or server that does not answer holds it up.
/// An operation that ended as stopped had no effect, except that write_all and read_all consist of
/// several; their headers say what is left.
/// Requires: moved, closed and destroyed only while none of its operations waits, and while its
/// loop runs. (A stopped task's operations end before its frames are destroyed.)
class File {
public:
    /// A closed file.
    File() noexcept = default;
    File(File&& other) noexcept;
    File& operator=(File&& other) noexcept;
    ~File() { close(); }

    /// Opens `path`, which is copied at the call. A FIFO opens at once: the first read waits for a
    /// writer, and opening it only for writing is Errc::not_found while nobody has it for reading.
    ///
    /// Cancellation: a descriptor that the system made all the same is closed.
    static Task<File> open(std::string_view path, OpenOptions options = {});

    /// A file without a name in `directory` ("": TMPDIR, or else /tmp), for reading and writing; it
    /// is gone when it is closed.
    static Task<File> temporary(std::string_view directory = {});

    /// Reads at the position, at most to.size() bytes and 2 GiB, and moves it by the number of
    /// bytes, which it gives; 0 at the end. Requires: `to` is not empty.
    ///
    /// Cancellation: a stopped read did not move the position; `to` may hold some bytes.
    ReadFile read_some(MutableBytes to) noexcept;

    /// The same at `offset`; the position stays. Errors: Error (invalid) on a stream.
    ReadFile read_at(MutableBytes to, std::uint64_t offset) noexcept;

    /// All bytes from the position to the end.
    ///
    /// Cancellation: the position is where it got to; a stream's bytes are lost.
    Task<std::string> read_all();

    /// Writes at the position and moves it; at the end of the file when it was opened to append,
    /// which leaves the position alone.
    ///
    /// Cancellation: a stopped or failed write may have written a part, up to the position. A
    /// stream that took a part is no longer writable: further writes fail with Errc::closed.
    Task<> write_all(Bytes bytes);

    /// The same at `offset`; the position stays. Errors: Error (invalid) on a stream, and on a file
    /// that was opened to append.
    ///
    /// Cancellation: a stopped or failed write may have written a part.
    Task<> write_all_at(Bytes bytes, std::uint64_t offset);

    /// Returns when what was written has reached the medium, with all that is known of the file.
    Task<> sync();
    /// The same without times and the like, where the system can tell them apart.
    Task<> sync_data();

    Task<FileStatus> stat();
    /// In bytes; 0 for devices.
    Task<std::uint64_t> size();

    /// Cuts or grows the file to `size` bytes; new ones are 0.
    Task<> truncate(std::uint64_t size);
    /// Makes sure that `size` bytes have room on the medium, and grows the file to them.
    Task<> allocate(std::uint64_t size);
    /// Sets the permissions, whatever the umask.
    Task<> set_mode(std::uint32_t mode);

    /// Where the next read_some() or write_all() begins. Beyond the end is no error: a read gives 0
    /// there, a write leaves a hole. Requires: none of the two waits.
    ///
    /// Errors: Error (invalid) on a stream.
    void seek(std::uint64_t position);
    std::uint64_t position() const noexcept { return position_; }
    /// False: a stream.
    bool has_position() const noexcept { return has_position_; }

    /// Nothing: a file's reader needs no word of its end. For io::ByteStream.
    void shutdown_write() noexcept {}
    /// Idempotent.
    void close() noexcept;
    bool is_open() const noexcept { return fd_ >= 0; }

    /// For errors: the path it was opened by.
    std::string name() const;
    /// The descriptor, for calls that have no function here; -1 when closed.
    int descriptor() const noexcept { return fd_; }

private:
    friend class detail::FileOperation;
    using Operation = detail::FileOperation;
    using Place = Operation::Place;

    static Task<File> open_path(std::string path, OpenOptions options);
    static Task<File> open_temporary(std::string directory);
    static Task<File> open_flags(std::string path, int flags, std::uint32_t mode);
    Operation call(OperationKind kind, std::uint32_t number, std::uint64_t offset) noexcept;
    Operation transfer(OperationKind kind, std::byte* data, std::size_t size, Place place,
                       std::uint64_t offset) noexcept;
    Task<> write(Bytes bytes, Place place, std::uint64_t offset);
    Task<> run(const char* what, OperationKind kind, std::uint32_t number, std::uint64_t offset);

    std::string path_;
    std::uint64_t position_ = 0;
    int fd_ = -1;
    std::uint32_t in_flight_ = 0;
    bool has_position_ = false;
    bool appends_ = false;
    bool cached_ = false;  ///< through the page cache
    bool busy_ = false;    ///< somebody uses the position
    bool broken_ = false;  ///< a write to a stream ended halfway
};

}  // namespace rondo::os
