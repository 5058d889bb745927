// SPDX-License-Identifier: Apache-2.0
#include "lane.hpp"

#include <algorithm>
#include <ctime>

#include "sockets.hpp"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT static_cast<void>(0)
#endif

namespace bench {
namespace {

/// The CPU time of this thread: what other programs took of the processor is not in it.
std::int64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// What the clock itself takes, the smallest of many.
std::int64_t clock_ns() {
    static const std::int64_t cost = [] {
        std::int64_t least = INT64_MAX;
        for (int i = 0; i < 1000; ++i) {
            const std::int64_t before = now_ns();
            least = std::min(least, now_ns() - before);
        }
        return least;
    }();
    return cost;
}

}  // namespace

Clients::~Clients() {
    for (const int fd : fds_) {
        reset(fd);
    }
}

void Clients::connect(std::uint16_t port) {
    for (int& fd : fds_) {
        fd = connect_to(port);
        set_option(fd, SOL_SOCKET, SO_SNDBUF, socket_buffer);
        set_option(fd, SOL_SOCKET, SO_RCVBUF, socket_buffer);
    }
    buffer_.resize(std::max<std::size_t>(size_, 1));
}

std::size_t Clients::send() {
    for (const int fd : fds_) {
        const ssize_t sent = ::send(fd, pattern_.at(position_), size_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent != static_cast<ssize_t>(size_)) {
            fail("a message does not fit its socket");
        }
    }
    return size_ * fds_.size();
}

void Clients::receive() {
    for (const int fd : fds_) {
        const ssize_t got = recv(fd, buffer_.data(), size_, MSG_WAITALL);
        if (got != static_cast<ssize_t>(size_) ||
            !pattern_.matches(buffer_.data(), size_, position_)) {
            fail("a wrong echo");
        }
    }
    position_ += size_;
}

bool Lane::wait_for_slice() {
    clock_ns();
    go_.acquire();
    return !over_;
}

std::size_t Lane::batches() const { return std::max<std::size_t>(1, 50 / clients.count()); }

void Lane::start_watch() {
    started_ = now_ns();
    CALLGRIND_TOGGLE_COLLECT;
}

void Lane::stop_watch() {
    CALLGRIND_TOGGLE_COLLECT;
    total_ += now_ns() - started_ - clock_ns();
}

double Lane::run_slice() {
    total_ = 0;
    go_.release();
    done_.acquire();
    return static_cast<double>(total_) / static_cast<double>(batches() * clients.count());
}

void Lane::end() {
    over_ = true;
    go_.release();
}

}  // namespace bench
