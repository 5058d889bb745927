// SPDX-License-Identifier: Apache-2.0
/// What the system knows of a file.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "rondo/coro/task.hpp"

namespace rondo::os {

enum class FileType : std::uint8_t {
    unknown,
    regular,
    directory,
    link,  ///< symbolic
    fifo,
    socket,
    character_device,
    block_device,
};

/// As stat(2) has it.
struct FileStatus {
    using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

    FileType type = FileType::unknown;
    std::uint32_t mode = 0;  ///< permissions, with set-user-id, set-group-id and sticky
    std::uint32_t links = 0;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::uint64_t size = 0;       ///< bytes
    std::uint64_t allocated = 0;  ///< bytes on the medium
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    Time accessed{};
    Time modified{};
    Time changed{};  ///< the status itself, such as permissions
    Time created{};  ///< the epoch where the file system does not record it

    bool is_file() const noexcept { return type == FileType::regular; }
    bool is_directory() const noexcept { return type == FileType::directory; }
    /// The same file under whatever name.
    bool is_same_file(const FileStatus& other) const noexcept {
        return inode == other.inode && device == other.device;
    }
};

/// The status of what `path` leads to, through symbolic links.
Task<FileStatus> stat(std::string_view path);

/// The status of `path` itself, be it a symbolic link.
Task<FileStatus> link_stat(std::string_view path);

/// Whether `path` leads to something. Errors: what keeps one from knowing, such as no_permission.
Task<bool> exists(std::string_view path);

}  // namespace rondo::os
