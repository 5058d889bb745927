// SPDX-License-Identifier: Apache-2.0
#include "driver/file_calls.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>

#include "driver/kernel_calls.hpp"
#include "driver/retry_interrupted.hpp"

namespace rondo::detail {
namespace {

static_assert(at_working_directory == AT_FDCWD);

const char* path_of(const Operation& operation) noexcept {
    return static_cast<const char*>(operation.data);
}

template <class T>
T* pointer_in_offset(const Operation& operation) noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an Operation carries it as a number
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(operation.offset));
}

int open_file(Operation& operation) noexcept {
    const int fd = retry_interrupted([&] {
        return ::openat(operation.fd, path_of(operation), opening_flags(operation), operation.size);
    });
    return fd < 0 ? fd : finish_open(operation, fd);
}

int copy_range(const Operation& operation) noexcept {
    return retry_interrupted([&] {
        auto from = static_cast<off64_t>(operation.offset);
        off64_t to = from;
        return ::copy_file_range(operation.fd, &from, *static_cast<const int*>(operation.data), &to,
                                 operation.size, 0);
    });
}

int call_with_path(const Operation& operation) noexcept {
    const char* const path = path_of(operation);
    switch (operation.kind) {
        case OperationKind::stat:
            return ::statx(operation.fd, path, stat_flags(operation), stat_mask(),
                           pointer_in_offset<struct statx>(operation));
        case OperationKind::rename:
            return ::renameat2(operation.fd, path, operation.fd,
                               pointer_in_offset<const char>(operation), rename_flags(operation));
        case OperationKind::unlink: return ::unlinkat(operation.fd, path, unlink_flags(operation));
        case OperationKind::make_directory: return ::mkdirat(operation.fd, path, operation.size);
        case OperationKind::make_link:
            return ::symlinkat(path, operation.fd, pointer_in_offset<const char>(operation));
        default:
            return static_cast<int>(::readlinkat(
                operation.fd, path, pointer_in_offset<char>(operation), operation.size));
    }
}

int call_with_descriptor(const Operation& operation) noexcept {
    const auto length = static_cast<off_t>(operation.offset);
    switch (operation.kind) {
        case OperationKind::sync:
            return operation.size != 0 ? ::fdatasync(operation.fd) : ::fsync(operation.fd);
        case OperationKind::list:
            return static_cast<int>(
                ::syscall(SYS_getdents64, operation.fd, operation.data, operation.size));
        case OperationKind::truncate: return ::ftruncate(operation.fd, length);
        case OperationKind::allocate: return ::fallocate(operation.fd, 0, 0, length);
        default: return ::fchmod(operation.fd, operation.size);
    }
}

}  // namespace

int opening_flags(const Operation& open) noexcept {
    return static_cast<int>(open.offset) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
}

int finish_open(Operation& open, int fd) noexcept {
    const auto flags = static_cast<int>(open.offset);
    if ((flags & O_PATH) == 0) {
        ::fcntl(fd, F_SETFL, flags & (O_APPEND | O_DIRECT | O_NOATIME | O_NONBLOCK));
    }
    open.moved = ::lseek(fd, 0, SEEK_CUR) >= 0 ? 1 : 0;
    return fd;
}

int stat_flags(const Operation& stat) noexcept {
    const bool itself = *path_of(stat) == '\0';
    return (itself ? AT_EMPTY_PATH : 0) | (stat.size != 0 ? AT_SYMLINK_NOFOLLOW : 0);
}

unsigned stat_mask() noexcept { return STATX_BASIC_STATS | STATX_BTIME; }

unsigned rename_flags(const Operation& rename) noexcept {
    return rename.size != 0 ? RENAME_NOREPLACE : 0;
}

int unlink_flags(const Operation& unlink) noexcept { return unlink.size != 0 ? AT_REMOVEDIR : 0; }

int call_blocking(Operation& operation) noexcept {
    switch (operation.kind) {
        case OperationKind::read:
        case OperationKind::write: return transfer_blocking(operation);
        case OperationKind::open: return open_file(operation);
        case OperationKind::copy: return copy_range(operation);
        case OperationKind::sync:
        case OperationKind::list:
        case OperationKind::truncate:
        case OperationKind::allocate:
        case OperationKind::set_mode:
            return retry_interrupted([&] { return call_with_descriptor(operation); });
        default: return retry_interrupted([&] { return call_with_path(operation); });
    }
}

}  // namespace rondo::detail
