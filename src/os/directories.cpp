// SPDX-License-Identifier: Apache-2.0
//
// Whole trees are removed through descriptors of their directories, never by longer and longer
// paths: so nobody can lead the removal elsewhere by putting a link where a directory was.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>

#include "os/path_call.hpp"
#include "os/status.hpp"
#include "rondo/io/lease.hpp"
#include "rondo/os/paths.hpp"

namespace rondo::os {
namespace {

constexpr std::uint64_t open_directory = O_RDONLY | O_DIRECTORY;

bool is_dots(std::string_view name) noexcept { return name == "." || name == ".."; }

// The records are those of getdents64, which struct dirent has the form of.
void add_entries(const char* records, std::size_t size, std::vector<DirectoryEntry>& entries) {
    static_assert(sizeof(dirent::d_ino) == 8 && sizeof(dirent::d_off) == 8);
    for (std::size_t at = 0; at < size;) {
        const char* const record = records + at;
        unsigned short length = 0;
        std::memcpy(&length, record + offsetof(dirent, d_reclen), sizeof length);
        const auto type = static_cast<std::uint8_t>(record[offsetof(dirent, d_type)]);
        const char* const name = record + offsetof(dirent, d_name);
        if (!is_dots(name)) {
            entries.emplace_back(name, detail::type_of_entry(type));
        }
        at += length;
    }
}

Task<std::vector<DirectoryEntry>> list_descriptor(int fd, const std::string& path) {
    std::vector<DirectoryEntry> entries;
    const io::Lease buffer = io::Lease::take();
    for (;;) {
        const MutableBytes space = buffer.space();
        const int size = co_await AwaitOperation(OperationKind::list, fd, space.data(),
                                                 static_cast<std::uint32_t>(space.size()));
        if (check_result(size, "list", path) == 0) {
            co_return entries;
        }
        add_entries(reinterpret_cast<const char*>(space.data()), static_cast<std::size_t>(size),
                    entries);
    }
}

// Some file systems do not say what a name is.
Task<> find_types(int fd, std::vector<DirectoryEntry>& entries) {
    for (DirectoryEntry& entry : entries) {
        if (entry.type == FileType::unknown) {
            struct statx buffer{};
            const int result = co_await detail::path_call(OperationKind::stat, entry.name, 1,
                                                          detail::offset_of(&buffer), fd);
            entry.type = result < 0 ? FileType::unknown : detail::type_of_mode(buffer.stx_mode);
        }
    }
}

Task<std::vector<DirectoryEntry>> list_path(std::string path) {
    detail::check_path("list", path);
    const int fd = co_await detail::path_call(OperationKind::open, path, 0, open_directory);
    const detail::Descriptor directory(check_result(fd, "list", path));
    std::vector<DirectoryEntry> entries = co_await list_descriptor(fd, path);
    co_await find_types(fd, entries);
    co_return entries;
}

Task<std::uint64_t> remove_tree(int at, std::string name);

// Others may remove the same tree: what is gone is as good as removed.
Task<std::vector<DirectoryEntry>> list_what_is_left(int fd, const std::string& name) {
    try {
        co_return co_await list_descriptor(fd, name);
    } catch (const Error& error) {
        if (error.code() != Errc::not_found) {
            throw;
        }
    }
    co_return std::vector<DirectoryEntry>();
}

Task<std::uint64_t> remove_content(int at, const std::string& name) {
    const int fd =
        co_await detail::path_call(OperationKind::open, name, 0, open_directory | O_NOFOLLOW, at);
    if (fd == -ENOENT) {
        co_return std::uint64_t{0};
    }
    const detail::Descriptor directory(check_result(fd, "remove", name));
    const std::vector<DirectoryEntry> entries = co_await list_what_is_left(fd, name);
    std::uint64_t removed = 0;
    for (const DirectoryEntry& entry : entries) {
        removed += co_await remove_tree(fd, entry.name);
    }
    co_return removed;
}

Task<std::uint64_t> remove_tree(int at, std::string name) {
    int result = co_await detail::path_call(OperationKind::unlink, name, 0, 0, at);
    std::uint64_t removed = 0;
    if (result == -EISDIR) {
        removed = co_await remove_content(at, name);
        result = co_await detail::path_call(OperationKind::unlink, name, 1, 0, at);
    }
    if (result == -ENOENT) {
        co_return removed;
    }
    check_result(result, "remove", name);
    co_return removed + 1;
}

Task<std::uint64_t> remove_all_of(std::string path) {
    detail::check_path("remove", path);
    const std::uint64_t removed = co_await remove_tree(at_working_directory, path);
    co_return removed;
}

Task<> make_directory_at(std::string path, std::uint32_t mode) {
    detail::check_path("make directory", path);
    const int result = co_await detail::path_call(OperationKind::make_directory, path, mode);
    check_result(result, "make directory", path);
}

// Gives the error of what is there and no directory.
Task<> make_or_find(const std::string& path, std::uint32_t mode) {
    const int result = co_await detail::path_call(OperationKind::make_directory, path, mode);
    if (result == -EEXIST) {
        const FileStatus status = co_await stat(path);
        if (status.is_directory()) {
            co_return;
        }
    }
    check_result(result, "make directory", path);
}

Task<> make_directories_at(std::string path, std::uint32_t mode) {
    detail::check_path("make directory", path);
    const int result = co_await detail::path_call(OperationKind::make_directory, path, mode);
    if (result == 0) {
        co_return;
    }
    if (result != -ENOENT && result != -EEXIST) {
        check_result(result, "make directory", path);
    }
    if (result == -ENOENT) {
        for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
             slash = path.find('/', slash + 1)) {
            const std::string above = path.substr(0, slash);
            co_await make_or_find(above, mode);
        }
    }
    co_await make_or_find(path, mode);
}

Task<std::string> make_temporary_at(std::string base) {
    detail::check_path("make directory", base);
    constexpr std::uint32_t mode = 0700;
    std::string path = base + "/rondo_" + detail::drawn_name();
    co_await make_directory_at(path, mode);
    co_return path;
}

}  // namespace

Task<std::vector<DirectoryEntry>> list_directory(std::string_view path) {
    return list_path(std::string(path));
}

Task<std::uint64_t> remove_all(std::string_view path) { return remove_all_of(std::string(path)); }

Task<> make_directory(std::string_view path, std::uint32_t mode) {
    return make_directory_at(std::string(path), mode);
}

Task<> make_directories(std::string_view path, std::uint32_t mode) {
    return make_directories_at(std::string(path), mode);
}

Task<std::string> make_temporary_directory(std::string_view within) {
    return make_temporary_at(detail::temporary_base(within));
}

}  // namespace rondo::os
