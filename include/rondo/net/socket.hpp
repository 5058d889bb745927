// SPDX-License-Identifier: Apache-2.0
/// What all sockets have: one descriptor, closed once, and options.
#pragma once

#include <cstddef>
#include <utility>

#include "rondo/base/time.hpp"

namespace rondo::net {

/// The base of TcpStream, UdpSocket and the others.
///
/// Requires: moved, closed and destroyed only while none of its operations waits, and while its
/// loop runs. (A stopped task's operations end before its frames are destroyed.)
class Socket {
public:
    /// Idempotent. What was written before still goes out; what was not accepted is reset.
    void close() noexcept;
    bool is_open() const noexcept { return fd_ >= 0; }

    /// The descriptor, for calls that have no function here; -1 when closed.
    int descriptor() const noexcept { return fd_; }

    /// Bytes that the system buffers each way. Linux gives twice of what was asked for, and at most
    /// what net.core.rmem_max (wmem_max) allows.
    void set_receive_buffer(std::size_t bytes);
    void set_send_buffer(std::size_t bytes);
    std::size_t receive_buffer() const;
    std::size_t send_buffer() const;

    /// An int option by the system's numbers: setsockopt(2), getsockopt(2).
    void set_option(int level, int name, int value);
    int option(int level, int name) const;

protected:
    Socket() noexcept = default;
    explicit Socket(int fd) noexcept : fd_(fd) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&& other) noexcept;
    ~Socket() { close(); }

    int fd_ = -1;
};

}  // namespace rondo::net
