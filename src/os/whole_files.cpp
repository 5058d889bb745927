// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/whole_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "os/path_call.hpp"
#include "rondo/loop/shield.hpp"
#include "rondo/os/file.hpp"
#include "rondo/os/paths.hpp"

namespace rondo::os {
namespace {

// Without set-user-id and its like: they are meant for the old owner, and for the old content.
constexpr std::uint32_t permissions = 0777;

Task<std::string> read_path(std::string path) {
    File file = co_await File::open(path);
    std::string content = co_await file.read_all();
    co_return content;
}

Task<> write_path(std::string path, Bytes bytes) {
    File file = co_await File::open(path, OpenOptions::for_writing());
    co_await file.write_all(bytes);
}

// -------------------------------------------------------------------- replaced in one step

/// A new file beside the one that it is to replace.
struct Replacement {
    std::string path;
    std::string directory;
    std::string beside;
    Bytes bytes;
    bool is_there = false;  ///< the new file has its first name

    Replacement(std::string of, Bytes with) : path(std::move(of)), bytes(with) {}
};

/// The permissions of what is to be replaced; without value: there is nothing.
Task<std::optional<std::uint32_t>> old_mode(const std::string& path) {
    try {
        const FileStatus status = co_await stat(path);
        if (status.is_directory()) {
            throw Error("replace", path, EISDIR);
        }
        co_return status.mode & permissions;
    } catch (const Error& error) {
        if (error.os_error() != ENOENT) {
            throw;
        }
    }
    co_return std::nullopt;
}

Task<> sync_directory(const std::string& path) {
    const int fd = co_await detail::path_call(OperationKind::open, path, 0,
                                              std::uint64_t{O_RDONLY | O_DIRECTORY});
    const detail::Descriptor directory(check_result(fd, "open", path));
    const int result = co_await AwaitOperation(OperationKind::sync, fd);
    // Some file systems have nothing to sync in a directory.
    if (result != -EINVAL) {
        check_result(result, "sync", path);
    }
}

Task<> put_in_place(Replacement& it) {
    const std::optional<std::uint32_t> mode = co_await old_mode(it.path);
    OpenOptions options = OpenOptions::for_a_new_file();
    // Until it has the old one's permissions, nobody else is to read it.
    options.mode = mode ? 0600 : 0666;
    {
        File file = co_await File::open(it.beside, options);
        it.is_there = true;
        co_await file.write_all(it.bytes);
        if (mode) {
            co_await file.set_mode(*mode);
        }
        co_await file.sync();
    }
    co_await rename(it.beside, it.path);
    it.is_there = false;
    co_await sync_directory(it.directory);
}

Task<> replace_path(std::string path, Bytes bytes) {
    detail::check_path("replace", path);
    Replacement it(std::move(path), bytes);
    it.directory = detail::directory_of(it.path);
    it.beside = it.directory + "/.rondo_" + detail::drawn_name();
    // NOLINTBEGIN(cppcoreguidelines-avoid-capturing-lambda-coroutines): outlives its coroutine
    auto clean_up = [&it]() -> Task<> {
        if (it.is_there) {
            co_await remove(it.beside);
        }
    };
    // NOLINTEND(cppcoreguidelines-avoid-capturing-lambda-coroutines)
    co_await finally(put_in_place(it), clean_up);
}

// -------------------------------------------------------------------------------- copied

/// True: copied to the end. False: the system cannot, from `at` on.
Task<bool> copy_by_system(File& from, File& to, std::uint64_t& at) {
    constexpr std::uint32_t at_most = 16 * 1024 * 1024;
    int target = to.descriptor();
    for (;;) {
        const int got =
            co_await AwaitOperation(OperationKind::copy, from.descriptor(), &target, at_most, at);
        switch (-got) {
            case EXDEV:
            case EINVAL:
            case EOPNOTSUPP:
            case ENOSYS:
            case EPERM: co_return false;
            // Files that the system makes up when they are read pretend to be empty.
            case 0: co_return at > 0;
            default: check_result(got, "copy", to.name());
        }
        at += static_cast<std::uint64_t>(got);
    }
}

Task<> copy_by_hand(File& from, File& to, std::uint64_t at) {
    constexpr std::size_t at_once = std::size_t{256} * 1024;
    if (from.has_position() && to.has_position()) {
        from.seek(at);
        to.seek(at);
    }
    std::vector<std::byte> buffer(at_once);
    for (;;) {
        const std::size_t got = co_await from.read_some(buffer);
        if (got == 0) {
            co_return;
        }
        co_await to.write_all(Bytes(buffer.data(), got));
    }
}

Task<> copy_path(std::string from_path, std::string to_path) {
    File from = co_await File::open(from_path);
    const FileStatus status = co_await from.stat();
    if (status.is_directory()) {
        throw Error("copy", from_path, EISDIR);
    }
    OpenOptions options = OpenOptions::for_writing();
    options.truncate = false;
    const std::uint32_t mode = status.mode & permissions;
    options.mode = mode;
    File to = co_await File::open(to_path, options);
    const FileStatus old = co_await to.stat();
    if (old.is_same_file(status)) {
        throw Error(Errc::invalid, "copy", from_path, "it is the same file as " + to_path);
    }
    const std::uint32_t common = old.mode & mode;  // neither content is shown to more than before
    // Also where the old permissions are the common ones: who may not change them cuts nothing.
    if (old.is_file() && old.mode != mode) {
        co_await to.set_mode(common);
    }
    if (old.is_file() && old.size > 0) {
        co_await to.truncate(0);
    }
    if (old.is_file() && mode != common) {
        co_await to.set_mode(mode);
    }
    std::uint64_t at = 0;
    bool complete = false;
    if (from.has_position() && old.is_file()) {
        complete = co_await copy_by_system(from, to, at);
    }
    if (!complete) {
        co_await copy_by_hand(from, to, at);
    }
}

}  // namespace

Task<std::string> read_file(std::string_view path) { return read_path(std::string(path)); }

Task<> write_file(std::string_view path, Bytes bytes) {
    return write_path(std::string(path), bytes);
}

Task<> replace_file(std::string_view path, Bytes bytes) {
    return replace_path(std::string(path), bytes);
}

Task<> copy_file(std::string_view from, std::string_view to) {
    return copy_path(std::string(from), std::string(to));
}

}  // namespace rondo::os
