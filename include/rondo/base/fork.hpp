// SPDX-License-Identifier: Apache-2.0
/// Whether this process is a copy that fork() made of the one in which something was created.
#pragma once

#include <atomic>

namespace rondo::detail {

/// How often fork() made the process what it is, counted once watch_forks() was called. Children
/// that exec at once, by vfork() or os::spawn(), do not count.
inline std::atomic<unsigned> forks{0};

/// Idempotent. Thread-safe.
void watch_forks();

[[noreturn]] void fail_forked() noexcept;

/// Which process made its owner: this one, or one that fork() copied.
class ForkMark {
public:
    ForkMark() {
        watch_forks();
        forks_ = forks.load(std::memory_order_relaxed);
    }
    /// Stops the program with a message in a copy.
    void require_own() const noexcept {
        if (forks.load(std::memory_order_relaxed) != forks_) [[unlikely]] {
            fail_forked();
        }
    }

private:
    unsigned forks_;
};

}  // namespace rondo::detail
