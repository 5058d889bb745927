// SPDX-License-Identifier: Apache-2.0
/// What the laboratory gives each server: clients on the same thread, and a stopwatch that runs
/// only while the server has work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <semaphore>
#include <string>
#include <vector>

#include "pattern.hpp"

namespace bench {

/// The size of the sockets' buffers: a whole message fits, so that no side waits for the other.
inline constexpr int socket_buffer = 1 << 20;

/// Some connections to one server; everything blocks, and what goes wrong ends the program.
class Clients {
public:
    Clients(std::size_t count, std::size_t size) : fds_(count), pattern_(size), size_(size) {}
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;
    ~Clients();

    void connect(std::uint16_t port);
    /// One message on every connection; the bytes in all.
    std::size_t send();
    /// Reads and checks what send() sent.
    void receive();

    std::size_t count() const { return fds_.size(); }

private:
    std::vector<int> fds_;
    Pattern pattern_;
    std::size_t size_;
    std::uint64_t position_ = 0;
    std::vector<char> buffer_;
};

/// One server's place in the rounds. It has a thread of its own, since a loop belongs to one, but
/// only one of all threads runs at a time.
class Lane {
public:
    Lane(std::string server, std::size_t connections, std::size_t size)
        : clients(connections, size), name(std::move(server)) {}

    // The server's thread.

    /// Waits for the next slice; false: there is none.
    bool wait_for_slice();
    /// A slice has so many batches of one message per connection.
    std::size_t batches() const;
    void start_watch();
    void stop_watch();
    void end_slice() { done_.release(); }

    // The thread that leads.

    /// Nanoseconds a request.
    double run_slice();
    void end();

    Clients clients;
    const std::string name;

private:
    std::binary_semaphore go_{0};
    std::binary_semaphore done_{0};
    bool over_ = false;
    std::int64_t started_ = 0;
    std::int64_t total_ = 0;
};

}  // namespace bench
