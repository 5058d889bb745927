// SPDX-License-Identifier: Apache-2.0
/// The eventfd behind Driver::wake. It is never read: each write is an edge.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace rondo::detail {

class WakeSignal {
public:
    WakeSignal() noexcept : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
    WakeSignal(const WakeSignal&) = delete;
    WakeSignal& operator=(const WakeSignal&) = delete;
    ~WakeSignal() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    /// Negative when the process had no descriptor left.
    int fd() const noexcept { return fd_; }

    /// Thread-safe, and safe in a signal handler. Only the first since the last seen() writes.
    void raise() noexcept {
        if (!raised_.exchange(true, std::memory_order_acq_rel)) {
            const int saved = errno;
            const std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof one);
            errno = saved;
        }
    }

    // An exchange, not a store: whoever found the flag up and did not write must have published
    // what it posted to the thread that takes the flag down.
    void seen() noexcept { raised_.exchange(false, std::memory_order_acq_rel); }

private:
    int fd_;
    std::atomic<bool> raised_{false};
};

}  // namespace rondo::detail
