// SPDX-License-Identifier: Apache-2.0
/// How things are brought to a loop from other threads, without what is brought.
#pragma once

#include <atomic>
#include <mutex>

#include "rondo/loop/wake_protocol.hpp"

namespace rondo::detail {

/// A mutex, the wake protocol, and whether the loop still takes anything. Who brings something to a
/// box that is not empty need not announce it: whoever filled it has, and the loop has not come
/// yet. `Mutex`, `Atomic` and `Driver` are parameters for the model in test/models.
template <class Mutex, template <class> class Atomic, class Driver>
class Mailbox {
public:
    explicit Mailbox(Driver& driver) noexcept : driver_(&driver) {}

    // Any thread.

    /// Calls `store`, under the mutex, and sees to it that the loop comes. False: the box is
    /// closed.
    template <class Store>
    bool bring(Store store) {
        {
            const std::lock_guard<Mutex> lock(mutex_);
            if (closed_) {
                return false;
            }
            store();
            if (filled_) {
                return true;
            }
            filled_ = true;
            if (!protocol_.announce()) {
                return true;
            }
            waking_.fetch_add(1, std::memory_order_relaxed);
        }
        // Not under the mutex: on the same processor the loop would wake only to wait for it.
        driver_->wake();
        waking_.fetch_sub(1, std::memory_order_release);
        return true;
    }
    /// For something stored elsewhere, atomically. Safe in a signal handler. Requires: the loop
    /// lives.
    void ring() noexcept {
        protocol_.announce();
        driver_->wake();
    }

    // The loop's thread.

    /// Calls `take`, under the mutex: what was brought before is to be found now.
    template <class Take>
    void collect(Take take) {
        const std::lock_guard<Mutex> lock(mutex_);
        protocol_.begin_taking();
        filled_ = false;
        take();
    }
    /// From now on nothing can be brought, and the driver is not used any more.
    void close() noexcept {
        {
            const std::lock_guard<Mutex> lock(mutex_);
            closed_ = true;
        }
        while (waking_.load(std::memory_order_acquire) != 0) {
            Mutex::let_others_run();
        }
    }
    /// True: something arrived while falling asleep.
    bool fall_asleep() noexcept { return protocol_.fall_asleep(); }
    void wake_up() noexcept { protocol_.wake_up(); }
    bool arrived() const noexcept { return protocol_.arrived(); }

private:
    Mutex mutex_;
    Driver* driver_;       ///< gone once closed; a signal's guard is gone before
    bool filled_ = false;  ///< since the last collect(); guarded by mutex_, as is closed_
    bool closed_ = false;
    Atomic<int> waking_{0};  ///< who is about to wake the driver, without the mutex
    WakeProtocol<Atomic> protocol_;
};

}  // namespace rondo::detail
