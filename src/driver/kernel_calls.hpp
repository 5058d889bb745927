// SPDX-License-Identifier: Apache-2.0
/// The system calls behind the readiness kinds, for the two drivers of a real kernel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rondo/base/bytes.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/loop/operation.hpp"

struct msghdr;
struct sockaddr;

namespace rondo::detail {

/// Each call returns >= 0 or -errno, and -EAGAIN where it would block. The simulated network has
/// the same functions; see attempt.hpp for what the shared half makes of them.
struct KernelCalls {
    static int receive(int fd, void* data, std::uint32_t size) noexcept;
    static int send(int fd, const void* data, std::uint32_t size) noexcept;
    /// Sends `count` > 0 parts, or as many as one call takes, without the first `skip` bytes.
    static int send_vector(int fd, const Bytes* parts, std::size_t count,
                           std::size_t skip) noexcept;
    /// Sends bytes of a file; 0 at its end. Waits for the disk, not for the socket.
    static int send_file(int fd, int file, std::uint64_t offset, std::uint32_t size) noexcept;
    static int receive_message(int fd, msghdr* message) noexcept;
    static int send_message(int fd, const msghdr* message) noexcept;
    /// `length` in and out; no address is wanted when it is 0.
    static int accept(int fd, void* address, std::uint32_t* length) noexcept;
    /// 0, -EINPROGRESS, or the error.
    static int connect(int fd, const void* address, std::uint32_t length) noexcept;
    /// What became of a connect in progress: 0, -EINPROGRESS (not yet), or the error.
    static int connect_result(int fd) noexcept;
    /// Never blocks, whether the descriptor is non-blocking or not. May move less than asked for.
    static int read(const Operation& operation) noexcept;
    static int write(const Operation& operation) noexcept;
    /// Gives what is in the page cache at once; else -EAGAIN or -EOPNOTSUPP.
    static int read_cached(const Operation& operation) noexcept;
    static bool short_means_empty(int fd) noexcept;

    static int shutdown(int fd, int how) noexcept;
    static int close(int fd) noexcept;
    static int open_socket(int family, SocketType type) noexcept;
    static int bind(int fd, const sockaddr* address, std::uint32_t length) noexcept;
    static int listen(int fd, int backlog) noexcept;
    static int find_socket_file(const char* path, SocketFile& file) noexcept;
    /// Whatever has the path.
    static int remove_socket_file(const char* path) noexcept;
    static int socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept;
    static int source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                         std::uint32_t* length) noexcept;
    static int set_option(int fd, int level, int name, const void* value,
                          std::uint32_t size) noexcept;
    static int get_option(int fd, int level, int name, void* value, std::uint32_t* size) noexcept;
    static int socket_pair(int (&fds)[2], SocketType type) noexcept;
    static int make_pipe(int (&fds)[2]) noexcept;
};

/// True when files of this process may not grow at will (RLIMIT_FSIZE): then it raises SIGXFSZ.
bool file_size_is_limited() noexcept;

/// Reads or writes as `operation` says, blocking if the descriptor does. Thread-safe.
int transfer_blocking(const Operation& operation) noexcept;

/// True when even a small write to a writable `fd` may block: a blocking terminal or device.
bool write_may_block(int fd) noexcept;

/// True when poll has nothing to say of a read or write: its bytes lie in a file.
bool blocks_though_ready(const Operation& transfer) noexcept;

}  // namespace rondo::detail
