// SPDX-License-Identifier: Apache-2.0
/// Clients of an echo server: connections with one message in flight each, every byte checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pattern.hpp"

namespace bench {

/// `count` connections to one server. What goes wrong ends the program, naming the server.
class Load {
public:
    Load(std::string server, std::uint16_t port, std::size_t count, const Pattern& pattern);
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;
    /// The server's side is reset.
    ~Load();

    /// Message after message of `size` bytes on every connection until `nanoseconds` have passed
    /// and all echoes are back. How many messages that were.
    std::uint64_t run_for(std::int64_t nanoseconds, std::size_t size);
    /// `each` messages on every connection.
    void run_count(std::uint64_t each, std::size_t size);

private:
    struct Connection {
        int fd = -1;
        std::uint64_t position = 0;  ///< in its stream, where the message begins
        std::size_t sent = 0;        ///< of this message
        std::size_t received = 0;
        std::uint64_t left = 0;  ///< messages after this one; ~0: until time is up
    };

    std::uint64_t run(std::int64_t until, std::uint64_t each, std::size_t size);
    void start(Connection& connection);
    void send_rest(Connection& connection);
    void receive(Connection& connection);
    void finish(Connection& connection);
    [[noreturn]] void fail(const char* what) const;

    std::string server_;
    const Pattern& pattern_;
    std::vector<Connection> connections_;
    std::vector<char> buffer_;
    int epoll_;
    std::size_t size_ = 0;  ///< of a message
    std::size_t busy_ = 0;  ///< connections with a message in flight
    std::uint64_t done_ = 0;
    bool time_is_up_ = false;
};

/// Nanoseconds of the monotonic clock.
std::int64_t monotonic_ns();

}  // namespace bench
