// SPDX-License-Identifier: Apache-2.0
#include "os/status.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "os/path_call.hpp"

namespace rondo::os {
namespace {

FileStatus::Time to_time(const statx_timestamp& from) noexcept {
    return FileStatus::Time(std::chrono::seconds(from.tv_sec) +
                            std::chrono::nanoseconds(from.tv_nsec));
}

constexpr std::uint32_t permission_bits = 07777;
constexpr std::uint64_t sector = 512;

Task<FileStatus> stat_path(std::string path, bool link_itself) {
    detail::check_path("stat", path);
    struct statx buffer{};
    const int result = co_await detail::path_call(OperationKind::stat, path, link_itself ? 1 : 0,
                                                  detail::offset_of(&buffer));
    check_result(result, "stat", path);
    co_return detail::to_status(buffer);
}

Task<bool> path_exists(std::string path) {
    detail::check_path("stat", path);
    struct statx buffer{};
    const int result =
        co_await detail::path_call(OperationKind::stat, path, 0, detail::offset_of(&buffer));
    if (result == -ENOENT || result == -ENOTDIR) {
        co_return false;
    }
    check_result(result, "stat", path);
    co_return true;
}

}  // namespace

FileType detail::type_of_mode(std::uint32_t mode) noexcept {
    switch (mode & S_IFMT) {
        case S_IFREG: return FileType::regular;
        case S_IFDIR: return FileType::directory;
        case S_IFLNK: return FileType::link;
        case S_IFIFO: return FileType::fifo;
        case S_IFSOCK: return FileType::socket;
        case S_IFCHR: return FileType::character_device;
        case S_IFBLK: return FileType::block_device;
        default: return FileType::unknown;
    }
}

FileType detail::type_of_entry(std::uint8_t type) noexcept {
    return type == DT_UNKNOWN ? FileType::unknown
                              : type_of_mode(static_cast<std::uint32_t>(DTTOIF(type)));
}

FileStatus detail::to_status(const struct statx& from) noexcept {
    FileStatus status;
    status.type = type_of_mode(from.stx_mode);
    status.mode = from.stx_mode & permission_bits;
    status.links = from.stx_nlink;
    status.user = from.stx_uid;
    status.group = from.stx_gid;
    status.size = from.stx_size;
    status.allocated = from.stx_blocks * sector;
    status.inode = from.stx_ino;
    status.device = makedev(from.stx_dev_major, from.stx_dev_minor);
    status.accessed = to_time(from.stx_atime);
    status.modified = to_time(from.stx_mtime);
    status.changed = to_time(from.stx_ctime);
    status.created = to_time(from.stx_btime);
    return status;
}

Task<FileStatus> stat(std::string_view path) { return stat_path(std::string(path), false); }

Task<FileStatus> link_stat(std::string_view path) { return stat_path(std::string(path), true); }

Task<bool> exists(std::string_view path) { return path_exists(std::string(path)); }

}  // namespace rondo::os
