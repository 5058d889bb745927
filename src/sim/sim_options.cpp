// SPDX-License-Identifier: Apache-2.0
// Options of simulated sockets: kept and given back, and a few of them heeded.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <utility>

#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

template <class T>
int give(const T& answer, void* value, std::uint32_t* size) noexcept {
    *size = std::min<std::uint32_t>(*size, sizeof answer);
    std::memcpy(value, &answer, *size);
    return 0;
}

bool is_buffer(int level, int name) noexcept {
    return level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_SNDBUF);
}

// What a socket knows of itself.
std::optional<int> own_nature(const SimSocket& socket, int level, int name) noexcept {
    if (level != SOL_SOCKET) {
        return std::nullopt;
    }
    switch (name) {
        case SO_TYPE: return socket.datagrams != nullptr ? SOCK_DGRAM : SOCK_STREAM;
        case SO_DOMAIN: return socket.family;
        case SO_ACCEPTCONN: return socket.stage == SimSocket::Stage::listening ? 1 : 0;
        default: return std::nullopt;
    }
}

// False: it says nothing of patience.
bool heed_patience(SimPatience& patience, int level, int name, int value) noexcept {
    constexpr SimPatience::Time second = 1'000'000'000;
    if (level == SOL_SOCKET && name == SO_KEEPALIVE) {
        patience.keep_alive = value != 0;
    } else if (level == IPPROTO_TCP && name == TCP_KEEPIDLE) {
        patience.idle = value * second;
    } else if (level == IPPROTO_TCP && name == TCP_KEEPINTVL) {
        patience.interval = value * second;
    } else if (level == IPPROTO_TCP && name == TCP_KEEPCNT) {
        patience.probes = value;
    } else if (level == IPPROTO_TCP && name == TCP_USER_TIMEOUT && value > 0) {
        patience.confirmation = value * (second / 1000);
    } else {
        return false;
    }
    return true;
}

}  // namespace

void SimNetwork::heed_option(SimSocket& socket, int level, int name, int value) {
    if (level == SOL_SOCKET && name == SO_REUSEPORT) {
        socket.shares_port = value != 0;
    } else if (level == SOL_SOCKET && name == SO_REUSEADDR) {
        socket.reuses_address = value != 0;
    } else if (level == SOL_SOCKET && name == SO_BROADCAST) {
        socket.may_broadcast = value != 0;
    } else if (heed_patience(socket.patience, level, name, value) &&
               socket.quiet_since != SimEvents::never) {
        watch_silence(socket);
    }
}

int SimNetwork::set_option(int fd, int level, int name, const void* value,
                           std::uint32_t size) noexcept {
    SimSocket* const socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::set_option, "set_option", fd); error != 0) {
        return error;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (size == sizeof(int)) {
        int number = 0;
        std::memcpy(&number, value, sizeof number);
        heed_option(*socket, level, name, number);
        if (is_buffer(level, name)) {
            number = 2 * std::clamp(number, 0, INT_MAX / 2);  // as Linux has it
            socket->options[{level, name}].assign(reinterpret_cast<const char*>(&number), size);
            return 0;
        }
    }
    if (level == SOL_SOCKET && name == SO_LINGER && size == sizeof(linger)) {
        linger asked;
        std::memcpy(&asked, value, sizeof asked);
        socket->resets_on_close = asked.l_onoff != 0 && asked.l_linger == 0;
    }
    socket->options[{level, name}].assign(static_cast<const char*>(value), size);
    return 0;
}

int SimNetwork::get_option(int fd, int level, int name, void* value, std::uint32_t* size) noexcept {
    SimSocket* const socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (level == SOL_SOCKET && name == SO_ERROR) {
        return give(std::exchange(socket->error, 0), value, size);
    }
    if (level == SOL_SOCKET && name == SO_PEERCRED) {
        const bool knows = socket->family == AF_UNIX && socket->peer != nullptr;
        return knows ? give(ucred{getpid(), getuid(), getgid()}, value, size) : -ENOTCONN;
    }
    if (const auto nature = own_nature(*socket, level, name)) {
        return give(*nature, value, size);
    }
    const auto kept = socket->options.find({level, name});
    if (kept == socket->options.end()) {
        if (is_buffer(level, name)) {
            return give(static_cast<int>(std::min<std::size_t>(options_.buffer, INT_MAX)), value,
                        size);
        }
        std::memset(value, 0, *size);
        return 0;
    }
    *size = std::min(*size, static_cast<std::uint32_t>(kept->second.size()));
    std::memcpy(value, kept->second.data(), *size);
    return 0;
}

}  // namespace rondo::detail
