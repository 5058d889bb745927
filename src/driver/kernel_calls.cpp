// SPDX-License-Identifier: Apache-2.0
#include "driver/kernel_calls.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "driver/retry_interrupted.hpp"
#include "driver/write_signal_guard.hpp"

namespace rondo::detail {
namespace {

int type_of(SocketType type) noexcept {
    return (type == SocketType::stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
}

// A result is an int.
std::size_t clamp_size(std::uint32_t size) noexcept { return std::min<std::size_t>(size, INT_MAX); }

int int_option(int fd, int level, int name) noexcept {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) == 0 ? value : -errno;
}

bool is_non_blocking(int fd) noexcept {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

bool is_ready_for(int fd, short events) noexcept {
    pollfd request{fd, events, 0};
    return ::poll(&request, 1, 0) != 0;
}

int plain_read(const Operation& operation, std::size_t size) noexcept {
    return retry_interrupted([&] {
        return operation.offset == current_position ? ::read(operation.fd, operation.data, size)
                                                    : ::pread(operation.fd, operation.data, size,
                                                              static_cast<off_t>(operation.offset));
    });
}

int plain_write(const Operation& operation, std::size_t size) noexcept {
    return retry_interrupted([&] {
        return operation.offset == current_position
                   ? ::write(operation.fd, operation.data, size)
                   : ::pwrite(operation.fd, operation.data, size,
                              static_cast<off_t>(operation.offset));
    });
}

}  // namespace

int KernelCalls::receive(int fd, void* data, std::uint32_t size) noexcept {
    return retry_interrupted([&] { return ::recv(fd, data, clamp_size(size), MSG_DONTWAIT); });
}

int KernelCalls::send(int fd, const void* data, std::uint32_t size) noexcept {
    return retry_interrupted(
        [&] { return ::send(fd, data, clamp_size(size), MSG_DONTWAIT | MSG_NOSIGNAL); });
}

int KernelCalls::send_vector(int fd, const Bytes* parts, std::size_t count,
                             std::size_t skip) noexcept {
    constexpr std::size_t parts_max = 64;
    std::array<iovec, parts_max> vector;
    count = std::min(count, parts_max);
    for (std::size_t i = 0; i < count; ++i) {
        const Bytes part = i == 0 ? parts[i].from(skip) : parts[i];
        vector[i] = {const_cast<std::byte*>(part.data()), part.size()};
    }
    msghdr message{};
    message.msg_iov = vector.data();
    message.msg_iovlen = count;
    return retry_interrupted([&] { return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

// There is no flag that keeps sendfile from raising SIGPIPE.
int KernelCalls::send_file(int fd, int file, std::uint64_t offset, std::uint32_t size) noexcept {
    const WriteSignalGuard guard(true);
    auto at = static_cast<off_t>(offset);
    return retry_interrupted([&] { return ::sendfile(fd, file, &at, clamp_size(size)); });
}

int KernelCalls::receive_message(int fd, msghdr* message) noexcept {
    return retry_interrupted(
        [&] { return ::recvmsg(fd, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC); });
}

int KernelCalls::send_message(int fd, const msghdr* message) noexcept {
    return retry_interrupted([&] { return ::sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

int KernelCalls::accept(int fd, void* address, std::uint32_t* length) noexcept {
    sockaddr* const peer = *length > 0 ? static_cast<sockaddr*>(address) : nullptr;
    for (;;) {
        socklen_t size = *length;
        const int accepted = retry_interrupted([&] {
            return ::accept4(fd, peer, peer != nullptr ? &size : nullptr,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
        });
        // The peer gave up while it stood in the queue; the next one is meant.
        if (accepted != -ECONNABORTED && accepted != -EPROTO) {
            *length = peer != nullptr ? size : 0;
            return accepted;
        }
    }
}

// Interrupted by a signal, it goes on by itself.
int KernelCalls::connect(int fd, const void* address, std::uint32_t length) noexcept {
    const auto* const peer = static_cast<const sockaddr*>(address);
    if (::connect(fd, peer, length) == 0) {
        return 0;
    }
    if (errno != EINTR) {
        return -errno;
    }
    // An interrupted connect goes on. Asked again, the kernel says how far it is.
    if (::connect(fd, peer, length) == 0 || errno == EISCONN) {
        return 0;
    }
    return errno == EALREADY || errno == EINTR ? -EINPROGRESS : -errno;
}

// No error and no peer is a connect in progress after a spurious edge, or one that a shutdown
// ended.
int KernelCalls::connect_result(int fd) noexcept {
    const int error = int_option(fd, SOL_SOCKET, SO_ERROR);
    if (error != 0) {
        return error > 0 ? -error : error;
    }
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0) {
        return 0;
    }
    if (errno != ENOTCONN) {
        return -errno;
    }
    return is_ready_for(fd, POLLOUT) ? -ECONNABORTED : -EINPROGRESS;
}

// RWF_NOWAIT asks for it without changing a flag that other processes may share. Where a descriptor
// does not know it, poll tells whether a call would block.
int KernelCalls::read(const Operation& operation) noexcept {
    const int result = read_cached(operation);
    if (result != -EOPNOTSUPP) {
        return result;
    }
    if (!is_non_blocking(operation.fd) && !is_ready_for(operation.fd, POLLIN)) {
        return -EAGAIN;
    }
    return plain_read(operation, clamp_size(operation.size));
}

int KernelCalls::read_cached(const Operation& operation) noexcept {
    iovec part{operation.data, clamp_size(operation.size)};
    return retry_interrupted([&] {
        return ::preadv2(operation.fd, &part, 1, static_cast<off_t>(operation.offset), RWF_NOWAIT);
    });
}

int KernelCalls::write(const Operation& operation) noexcept {
    const WriteSignalGuard guard(true);
    iovec part{operation.data, clamp_size(operation.size)};
    const int result = retry_interrupted([&] {
        return ::pwritev2(operation.fd, &part, 1, static_cast<off_t>(operation.offset), RWF_NOWAIT);
    });
    if (result != -EOPNOTSUPP) {
        return result;
    }
    if (is_non_blocking(operation.fd)) {
        return plain_write(operation, part.iov_len);
    }
    if (!is_ready_for(operation.fd, POLLOUT)) {
        return -EAGAIN;
    }
    // A writable pipe has room for PIPE_BUF bytes at least.
    return plain_write(operation, std::min<std::size_t>(part.iov_len, PIPE_BUF));
}

bool KernelCalls::short_means_empty(int fd) noexcept {
    const int domain = int_option(fd, SOL_SOCKET, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6) &&
           int_option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
}

int KernelCalls::shutdown(int fd, int how) noexcept {
    return ::shutdown(fd, how) == 0 ? 0 : -errno;
}

// Linux closes the number even when it says EINTR.
int KernelCalls::close(int fd) noexcept { return ::close(fd) == 0 || errno == EINTR ? 0 : -errno; }

int KernelCalls::open_socket(int family, SocketType type) noexcept {
    const int fd = ::socket(family, type_of(type), 0);
    return fd >= 0 ? fd : -errno;
}

int KernelCalls::bind(int fd, const sockaddr* address, std::uint32_t length) noexcept {
    return ::bind(fd, address, length) == 0 ? 0 : -errno;
}

int KernelCalls::listen(int fd, int backlog) noexcept {
    return ::listen(fd, backlog) == 0 ? 0 : -errno;
}

int KernelCalls::find_socket_file(const char* path, SocketFile& file) noexcept {
    struct stat status;
    if (lstat(path, &status) != 0) {
        return -errno;
    }
    if (!S_ISSOCK(status.st_mode)) {
        return -ENOTSOCK;
    }
    file = {status.st_dev, status.st_ino};
    return 0;
}

int KernelCalls::remove_socket_file(const char* path) noexcept {
    return ::unlink(path) == 0 ? 0 : -errno;
}

int KernelCalls::socket_name(int fd, bool peer, sockaddr* address, std::uint32_t* length) noexcept {
    socklen_t size = *length;
    if ((peer ? getpeername(fd, address, &size) : getsockname(fd, address, &size)) != 0) {
        return -errno;
    }
    *length = size;
    return 0;
}

// Connecting a datagram socket asks for the route, and sends nothing.
int KernelCalls::source_of(const sockaddr* to, std::uint32_t to_length, sockaddr* address,
                           std::uint32_t* length) noexcept {
    const int fd = ::socket(to->sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    int result = ::connect(fd, to, to_length) == 0 ? 0 : -errno;
    if (result == 0) {
        result = socket_name(fd, false, address, length);
    }
    ::close(fd);
    return result;
}

int KernelCalls::set_option(int fd, int level, int name, const void* value,
                            std::uint32_t size) noexcept {
    return setsockopt(fd, level, name, value, size) == 0 ? 0 : -errno;
}

int KernelCalls::get_option(int fd, int level, int name, void* value,
                            std::uint32_t* size) noexcept {
    socklen_t length = *size;
    if (getsockopt(fd, level, name, value, &length) != 0) {
        return -errno;
    }
    *size = length;
    return 0;
}

int KernelCalls::socket_pair(int (&fds)[2], SocketType type) noexcept {
    return ::socketpair(AF_UNIX, type_of(type), 0, fds) == 0 ? 0 : -errno;
}

int KernelCalls::make_pipe(int (&fds)[2]) noexcept {
    return ::pipe2(fds, O_CLOEXEC) == 0 ? 0 : -errno;
}

bool file_size_is_limited() noexcept {
    rlimit limit{};
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

int transfer_blocking(const Operation& operation) noexcept {
    const std::size_t size = clamp_size(operation.size);
    return operation.kind == OperationKind::read ? plain_read(operation, size)
                                                 : plain_write(operation, size);
}

bool write_may_block(int fd) noexcept {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && !is_non_blocking(fd);
}

// Of what has offsets only a device may be waited for. A file without positions is a stream that
// the kernel makes up.
bool blocks_though_ready(const Operation& transfer) noexcept {
    struct stat status;
    if (fstat(transfer.fd, &status) != 0) {
        return false;
    }
    return transfer.offset == current_position
               ? S_ISREG(status.st_mode) && lseek(transfer.fd, 0, SEEK_CUR) >= 0
               : !S_ISCHR(status.st_mode);
}

}  // namespace rondo::detail
