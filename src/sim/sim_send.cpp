// SPDX-License-Identifier: Apache-2.0
// Sending several parts, or bytes of a file, with one call.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sim/sim_network.hpp"

namespace rondo::detail {

// An error that comes when some bytes are sent already is the next call's.
int SimNetwork::put_parts(SimSocket& socket, const Bytes* parts, std::size_t count,
                          std::size_t skip) noexcept {
    int total = 0;
    for (std::size_t i = 0; i < count && (total == 0 || socket.error == 0); ++i) {
        const Bytes part = i == 0 ? parts[i].from(skip) : parts[i];
        const int result = put(socket, part.data(), static_cast<std::uint32_t>(part.size()));
        if (result < 0) {
            return total > 0 ? total : result;
        }
        total += result;
        if (static_cast<std::size_t>(result) < part.size()) {
            break;
        }
    }
    return total;
}

int SimNetwork::put_file(SimSocket& socket, int file, std::uint64_t offset,
                         std::uint32_t size) noexcept {
    std::array<char, 16 * 1024> chunk;
    const std::size_t wanted = std::min<std::size_t>(size, chunk.size());
    const ssize_t got = ::pread(file, chunk.data(), wanted, static_cast<off_t>(offset));
    if (got <= 0) {
        return got < 0 ? -errno : 0;
    }
    return put(socket, chunk.data(), static_cast<std::uint32_t>(got));
}

int SimNetwork::send_vector(int fd, const Bytes* parts, std::size_t count,
                            std::size_t skip) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::send, "send_vector", fd); error != 0) {
        return error;
    }
    return seen("send_vector", fd,
                socket->is_pipe ? -ENOTSOCK : put_parts(*socket, parts, count, skip));
}

int SimNetwork::send_file(int fd, int file, std::uint64_t offset, std::uint32_t size) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::send, "send_file", fd); error != 0) {
        return error;
    }
    return seen("send_file", fd,
                socket->is_pipe ? -ENOTSOCK : put_file(*socket, file, offset, size));
}

}  // namespace rondo::detail
