// SPDX-License-Identifier: Apache-2.0
/// How a loop that falls asleep and those who bring it work do not miss each other.
///
/// Who brings something stores it, raises `arrived_`, then looks at `asleep_`. The loop raises
/// `asleep_`, then looks at `arrived_`, then sleeps. All four are sequentially consistent, so at
/// least one side sees the other, and only who finds the loop asleep pays for a system call.
#pragma once

#include <atomic>

namespace rondo::detail {

/// `Atomic` is std::atomic, but in the model that explores every interleaving (test/models).
template <template <class> class Atomic>
class WakeProtocol {
public:
    // Any thread, and signal handlers.

    /// After storing what was brought. True: the loop sleeps or is about to, and must be woken.
    bool announce() noexcept {
        arrived_.store(true, std::memory_order_seq_cst);
        return asleep_.load(std::memory_order_seq_cst);
    }

    // The loop's thread.

    /// True: something arrived meanwhile, so the loop must not sleep.
    bool fall_asleep() noexcept {
        asleep_.store(true, std::memory_order_seq_cst);
        return arrived_.load(std::memory_order_seq_cst);
    }
    void wake_up() noexcept { asleep_.store(false, std::memory_order_relaxed); }
    /// A hint that costs one load: what it misses now, fall_asleep() finds.
    bool arrived() const noexcept { return arrived_.load(std::memory_order_relaxed); }
    /// Before collecting what was brought. An exchange, not a store: what was announced by the
    /// `arrived_` that is taken down here must be found by the collecting that follows.
    void begin_taking() noexcept { arrived_.exchange(false, std::memory_order_acq_rel); }

private:
    Atomic<bool> arrived_{false};
    Atomic<bool> asleep_{false};
};

}  // namespace rondo::detail
