// SPDX-License-Identifier: Apache-2.0
#include "load.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <array>
#include <ctime>
#include <utility>

#include "sockets.hpp"

namespace bench {
namespace {

constexpr std::size_t buffer_size = std::size_t{256} * 1024;
constexpr int patience_ms = 20'000;
constexpr std::uint64_t without_end = ~std::uint64_t{0};

void make_non_blocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

}  // namespace

std::int64_t monotonic_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Load::Load(std::string server, std::uint16_t port, std::size_t count, const Pattern& pattern)
    : server_(std::move(server)),
      pattern_(pattern),
      connections_(count),
      buffer_(buffer_size),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (std::size_t i = 0; i < count; ++i) {
        Connection& connection = connections_[i];
        connection.fd = connect_to(port);
        connection.position = i * 7919;  // no two neighbours say the same
        make_non_blocking(connection.fd);
        epoll_event event{};
        event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
        event.data.ptr = &connection;
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) {
            bench::fail("epoll_ctl");
        }
    }
}

Load::~Load() {
    for (const Connection& connection : connections_) {
        reset(connection.fd);
    }
    close(epoll_);
}

std::uint64_t Load::run_for(std::int64_t nanoseconds, std::size_t size) {
    return run(monotonic_ns() + nanoseconds, without_end, size);
}

void Load::run_count(std::uint64_t each, std::size_t size) { run(INT64_MAX, each, size); }

std::uint64_t Load::run(std::int64_t until, std::uint64_t each, std::size_t size) {
    size_ = size;
    done_ = 0;
    busy_ = connections_.size();
    time_is_up_ = false;
    for (Connection& connection : connections_) {
        connection.left = each - 1;
        start(connection);
    }
    std::array<epoll_event, 256> events{};
    while (busy_ > 0) {
        const int count =
            epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), patience_ms);
        if (count <= 0) {
            fail(count == 0 ? "does not answer" : "epoll_wait failed");
        }
        time_is_up_ = time_is_up_ || monotonic_ns() >= until;
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            auto& connection = *static_cast<Connection*>(events[i].data.ptr);
            send_rest(connection);
            receive(connection);
        }
    }
    return done_;
}

void Load::start(Connection& connection) {
    connection.sent = 0;
    connection.received = 0;
    send_rest(connection);
}

void Load::send_rest(Connection& connection) {
    while (connection.sent < size_) {
        const ssize_t result =
            send(connection.fd, pattern_.at(connection.position) + connection.sent,
                 size_ - connection.sent, MSG_NOSIGNAL);
        if (result >= 0) {
            connection.sent += static_cast<std::size_t>(result);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            fail("refuses bytes");
        }
    }
}

// A read that was cut short leaves nothing: a new edge says when there is more.
void Load::receive(Connection& connection) {
    for (;;) {
        const ssize_t got = recv(connection.fd, buffer_.data(), buffer_.size(), 0);
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        if (got <= 0) {
            fail("ends a connection");
        }
        const auto size = static_cast<std::size_t>(got);
        if (connection.received + size > connection.sent) {
            fail("sends more than it got");
        }
        if (!pattern_.matches(buffer_.data(), size, connection.position + connection.received)) {
            fail("sends wrong bytes");
        }
        connection.received += size;
        if (connection.received == size_) {
            finish(connection);
        }
        if (size < buffer_.size()) {
            return;
        }
    }
}

void Load::finish(Connection& connection) {
    ++done_;
    connection.position += size_;
    if (time_is_up_ || connection.left == 0) {
        --busy_;  // all is sent and received, so later edges find nothing to do
        return;
    }
    --connection.left;
    start(connection);
}

void Load::fail(const char* what) const {
    std::fprintf(stderr, "%s %s\n", server_.c_str(), what);
    std::exit(1);
}

}  // namespace bench
