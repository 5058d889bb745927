// SPDX-License-Identifier: Apache-2.0
/// The eventfd behind Driver::wake. It is never read: each write is an edge.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace rondo::detail {

/// Whether a wake is under way already. `Atomic` is std::atomic, but in the model of test/models.
template <template <class> class Atomic>
class WakeFlag {
public:
    /// True: the first since the last lower(), who must see to it that the loop wakes.
    bool raise() noexcept { return !raised_.exchange(true, std::memory_order_acq_rel); }

    // An exchange, not a store: whoever found the flag up and did not write must have published
    // what it posted to the thread that takes the flag down.
    void lower() noexcept { raised_.exchange(false, std::memory_order_acq_rel); }

private:
    Atomic<bool> raised_{false};
};

class WakeSignal {
public:
    WakeSignal() noexcept : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (fd_ < 0) {
            fd_ = -errno;
        }
    }
    WakeSignal(const WakeSignal&) = delete;
    WakeSignal& operator=(const WakeSignal&) = delete;
    ~WakeSignal() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    /// Or the -errno of why there is none.
    int fd() const noexcept { return fd_; }

    /// Thread-safe, and safe in a signal handler. Only the first since the last seen() writes.
    void raise() noexcept {
        if (flag_.raise()) {
            const int saved = errno;
            while (eventfd_write(fd_, 1) != 0 && errno == EINTR) {
            }
            errno = saved;
        }
    }

    /// The loop's thread, when wait() came back with the edge, before it looks for what came.
    void seen() noexcept { flag_.lower(); }

private:
    int fd_;
    WakeFlag<std::atomic> flag_;
};

}  // namespace rondo::detail
