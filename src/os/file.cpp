// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "os/path_call.hpp"
#include "os/status.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/loop/shield.hpp"

namespace rondo::os {

// ------------------------------------------------------------------------ the awaitables

namespace {

// As much as Linux moves in one call.
constexpr std::size_t transfer_max = 0x7ffff000;

int flags_of(const OpenOptions& options) noexcept {
    int flags = options.read ? O_RDONLY : O_WRONLY;
    if (options.read && (options.write || options.append)) {
        flags = O_RDWR;
    }
    flags |= options.append ? O_APPEND : 0;
    flags |= options.create ? O_CREAT : 0;
    flags |= options.exclusive ? O_EXCL : 0;
    flags |= options.truncate ? O_TRUNC : 0;
    flags |= options.direct ? O_DIRECT : 0;
    return flags;
}

}  // namespace

detail::FileOperation::FileOperation(File& file, OperationKind what, Place place, void* data_,
                                     std::uint32_t bytes, std::uint64_t at) noexcept
    : AwaitOperation(what, file.fd_, data_, bytes, at), file_(&file), place_(place) {
    if (place_ == Place::position && !file.has_position_) {
        place_ = Place::none;
        offset = current_position;
    }
    hint = what == OperationKind::read && file.cached_ ? 1 : 0;
}

bool detail::FileOperation::await_ready() noexcept {
    if (rondo::detail::current_is_cancelled()) [[unlikely]] {
        return false;
    }
    const bool misplaced = place_ == Place::given && !file_->has_position_ && file_->is_open();
    if (misplaced || (place_ == Place::position && file_->busy_)) {
        result = misplaced ? -ESPIPE : -EBUSY;
        state = OperationState::done;
        return !rondo::detail::spent();
    }
    if (place_ == Place::position) {
        offset = file_->position_;
        file_->busy_ = true;
        holds_position_ = true;
    }
    ++file_->in_flight_;
    counted_ = true;
    return AwaitOperation::await_ready();
}

int detail::FileOperation::await_resume() noexcept {
    if (holds_position_ && result > 0 && !(kind == OperationKind::write && file_->appends_)) {
        file_->position_ = offset + static_cast<std::uint64_t>(result);
    }
    release();
    return result;
}

void detail::FileOperation::release() noexcept {
    if (std::exchange(counted_, false)) {
        --file_->in_flight_;
    }
    if (std::exchange(holds_position_, false)) {
        file_->busy_ = false;
    }
}

std::size_t ReadFile::await_resume() {
    const int got = FileOperation::await_resume();
    if (got < 0) [[unlikely]] {
        throw Error("read", file_->name(), -got);
    }
    return static_cast<std::size_t>(got);
}

// -------------------------------------------------------------------------------- a file

File::File(File&& other) noexcept { *this = std::move(other); }

File& File::operator=(File&& other) noexcept {
    if (this != &other) {
        RONDO_REQUIRE(other.in_flight_ == 0, "a file was moved with an operation in flight");
        close();
        path_ = std::move(other.path_);
        position_ = std::exchange(other.position_, 0);
        fd_ = std::exchange(other.fd_, -1);
        has_position_ = other.has_position_;
        appends_ = other.appends_;
        cached_ = other.cached_;
        broken_ = other.broken_;
    }
    return *this;
}

void File::close() noexcept {
    RONDO_REQUIRE(in_flight_ == 0, "a file was closed with an operation in flight");
    const detail::Descriptor closing(std::exchange(fd_, -1));
}

std::string File::name() const { return fd_ < 0 ? "a closed file" : path_; }

Task<File> File::open(std::string_view path, OpenOptions options) {
    return open_path(std::string(path), options);
}

Task<File> File::open_path(std::string path, OpenOptions options) {
    detail::check_path("open", path);
    if (!options.read && !options.write && !options.append) {
        throw Error(Errc::invalid, "open", path, "neither to read nor to write");
    }
    File file = co_await open_flags(std::move(path), flags_of(options), options.mode);
    co_return file;
}

Task<File> File::open_flags(std::string path, int flags, std::uint32_t mode) {
    AwaitOperation open =
        detail::path_call(OperationKind::open, path, mode, static_cast<std::uint64_t>(flags));
    const int fd = check_result(co_await open, "open", path);
    File file;
    file.fd_ = fd;
    file.path_ = std::move(path);
    file.has_position_ = open.bytes_moved() != 0;
    file.appends_ = (flags & O_APPEND) != 0;
    file.cached_ = file.has_position_ && (flags & O_DIRECT) == 0;
    co_return file;
}

Task<File> File::temporary(std::string_view directory) {
    return open_temporary(detail::temporary_base(directory));
}

namespace {

Task<> lose_name(const std::string& path) {
    AwaitOperation remove = detail::path_call(OperationKind::unlink, path);
    check_result(co_await remove, "remove", path);
}

}  // namespace

// Not every file system makes files without a name; there it gets one, and loses it, also when it
// is cancelled in between.
Task<File> File::open_temporary(std::string directory) {
    detail::check_path("open", directory);
    constexpr std::uint32_t mode = 0600;
    AwaitOperation unnamed =
        detail::path_call(OperationKind::open, directory, mode, O_RDWR | O_TMPFILE);
    const int fd = co_await unnamed;
    File file;
    if (fd >= 0) {
        file.fd_ = fd;
        file.path_ = "a temporary file in " + directory;
        file.has_position_ = true;
        file.cached_ = true;
        co_return file;
    }
    if (fd != -EOPNOTSUPP && fd != -EISDIR) {
        throw Error("open", "a temporary file in " + directory, -fd);
    }
    std::string path = directory + "/.rondo_" + detail::drawn_name();
    file = co_await open_flags(path, O_RDWR | O_CREAT | O_EXCL, mode);
    co_await shield(lose_name(path));
    co_return file;
}

File::Operation File::call(OperationKind kind, std::uint32_t number,
                           std::uint64_t offset) noexcept {
    return {*this, kind, Place::none, nullptr, number, offset};
}

File::Operation File::transfer(OperationKind kind, std::byte* data, std::size_t size, Place place,
                               std::uint64_t offset) noexcept {
    const auto clamped = static_cast<std::uint32_t>(std::min(size, transfer_max));
    return {*this, kind, place, data, clamped, offset};
}

ReadFile File::read_some(MutableBytes to) noexcept {
    RONDO_REQUIRE(!to.empty(), "read_some into an empty buffer: its 0 would mean end of file");
    return {*this, transfer(OperationKind::read, to.data(), to.size(), Place::position, 0)};
}

ReadFile File::read_at(MutableBytes to, std::uint64_t offset) noexcept {
    RONDO_REQUIRE(!to.empty(), "read_at into an empty buffer: its 0 would mean end of file");
    return {*this, transfer(OperationKind::read, to.data(), to.size(), Place::given, offset)};
}

Task<std::string> File::read_all() {
    constexpr std::size_t first = std::size_t{16} * 1024;
    constexpr std::size_t step_max = std::size_t{16} * 1024 * 1024;
    std::string text;
    std::size_t have = 0;
    for (;;) {
        if (have == text.size()) {
            text.resize(have + std::clamp(have, first, step_max));
        }
        const MutableBytes rest(reinterpret_cast<std::byte*>(text.data()) + have,
                                text.size() - have);
        const std::size_t got = co_await read_some(rest);
        if (got == 0) {
            break;
        }
        have += got;
    }
    text.resize(have);
    co_return text;
}

Task<> File::write_all(Bytes bytes) { return write(bytes, Place::position, 0); }

Task<> File::write_all_at(Bytes bytes, std::uint64_t offset) {
    return write(bytes, Place::given, offset);
}

// The driver never writes to what it writes to a file.
Task<> File::write(Bytes bytes, Place place, std::uint64_t offset) {
    if (broken_) {
        throw Error(Errc::closed, "write", name(), "an earlier write ended halfway");
    }
    if (place == Place::given && appends_) {
        throw Error(Errc::invalid, "write", name(), "it is open to append, which has no offset");
    }
    struct Halfway {
        File& file;
        std::size_t left;
        std::size_t done = 0;
        Halfway(File& of, std::size_t size) noexcept : file(of), left(size) {}
        Halfway(const Halfway&) = delete;
        Halfway& operator=(const Halfway&) = delete;
        ~Halfway() { file.broken_ |= !file.has_position_ && done > 0 && left > 0; }
    };
    Halfway progress(*this, bytes.size());
    do {
        auto* const from = const_cast<std::byte*>(bytes.data() + progress.done);
        Operation writing =
            transfer(OperationKind::write, from, progress.left, place, offset + progress.done);
        const int result = co_await writing;
        const int taken = result == 0 && progress.left > 0 ? -EIO : result;
        if (taken < 0) {
            throw Error("write", name(), -taken);
        }
        progress.done += static_cast<std::size_t>(taken);
        progress.left -= static_cast<std::size_t>(taken);
    } while (progress.left > 0);
}

Task<> File::run(const char* what, OperationKind kind, std::uint32_t number, std::uint64_t offset) {
    Operation operation = call(kind, number, offset);
    const int result = co_await operation;
    if (result < 0) {
        throw Error(what, name(), -result);
    }
}

Task<> File::sync() { return run("sync", OperationKind::sync, 0, 0); }

Task<> File::sync_data() { return run("sync", OperationKind::sync, 1, 0); }

Task<> File::truncate(std::uint64_t size) {
    return run("truncate", OperationKind::truncate, 0, size);
}

Task<> File::allocate(std::uint64_t size) {
    return run("allocate", OperationKind::allocate, 0, size);
}

Task<> File::set_mode(std::uint32_t mode) {
    return run("set the mode of", OperationKind::set_mode, mode, 0);
}

Task<FileStatus> File::stat() {
    struct statx buffer{};
    Operation operation(*this, OperationKind::stat, Place::none, const_cast<char*>(""), 0,
                        detail::offset_of(&buffer));
    const int result = co_await operation;
    if (result < 0) {
        throw Error("stat", name(), -result);
    }
    co_return detail::to_status(buffer);
}

Task<std::uint64_t> File::size() {
    const FileStatus status = co_await stat();
    co_return status.size;
}

void File::seek(std::uint64_t position) {
    RONDO_REQUIRE(!busy_, "a seek while somebody reads or writes at the position");
    if (!has_position_) {
        throw Error("seek", name(), ESPIPE);
    }
    position_ = position;
}

}  // namespace rondo::os
