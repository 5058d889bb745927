// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/coro/wait_list.hpp"

namespace rondo {

class Condition;

/// Mutual exclusion among the tasks of one loop; no thread is ever blocked. asyncio.Lock, with the
/// release done by a guard. A release hands the lock to the task that waits longest.
class Lock {
public:
    /// Holds the lock until it is destroyed or unlock() is called. Move-only.
    class [[nodiscard]] Guard {
    public:
        Guard(Guard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
        Guard& operator=(Guard&& other) noexcept {
            Guard old(std::move(*this));
            lock_ = std::exchange(other.lock_, nullptr);
            return *this;
        }
        RONDO_INLINE ~Guard() { unlock(); }

        RONDO_INLINE void unlock() noexcept {
            if (Lock* lock = std::exchange(lock_, nullptr)) {
                lock->release();
            }
        }
        bool owns_lock() const noexcept { return lock_ != nullptr; }

    private:
        friend class Lock;
        friend class Condition;
        explicit Guard(Lock* lock) noexcept : lock_(lock) {}
        Lock* lock_;
    };

    Lock() = default;
    explicit Lock(const char* name) noexcept : name_(name) {}
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    /// Requires: not held, and nobody waits.
    ~Lock();

    /// Waits for the lock and gives its guard.
    auto acquire() noexcept { return Acquire(*this); }
    /// The guard, or nothing if somebody holds the lock.
    std::optional<Guard> try_acquire() noexcept {
        if (locked()) {
            return std::nullopt;
        }
        holder_ = detail::local.current != nullptr ? detail::local.current : outside;
        return Guard(this);
    }
    bool locked() const noexcept { return holder_ != nullptr; }
    const char* name() const noexcept { return name_; }

private:
    friend class Condition;

    /// Which lock, and who holds it.
    void describe(detail::Describer& out) const;

    class [[nodiscard]] Acquire : detail::ListWaiter {
    public:
        explicit Acquire(Lock& lock) noexcept : lock_(&lock) {}
        RONDO_INLINE bool await_ready() noexcept {
            if (detail::current_is_cancelled() || lock_->locked()) [[unlikely]] {
                taken_ = false;
                return false;
            }
            lock_->holder_ = detail::local.current;
            taken_ = true;
            return !detail::spent();
        }
        RONDO_INLINE void await_suspend(detail::Awaiting awaiting) noexcept {
            if (taken_) [[unlikely]] {
                detail::requeue(awaiting);
            } else {
                park_in(lock_->waiters_, awaiting, leaf);
            }
        }
        Guard await_resume() noexcept { return Guard(lock_); }

    private:
        static void describe(const detail::Leaf& at, detail::Describer& out) {
            static_cast<const Acquire&>(at).lock_->describe(out);
        }
        static constexpr detail::LeafKind leaf{&leave, "lock.acquire", &describe};
        Lock* lock_;
        bool taken_ = false;
    };

    RONDO_INLINE void release() noexcept {
        if (detail::Waiter* waiter = waiters_.pop()) {
            holder_ = waiter->scope;  // handed over
            detail::wake(*holder_);
        } else {
            holder_ = nullptr;
        }
    }

    /// The holder when a thread took the lock while it ran no loop.
    static inline detail::Scope* const outside = reinterpret_cast<detail::Scope*>(1);

    /// Who took the lock; null: it is free. To be compared only: a guard may outlive the task that
    /// took it.
    detail::Scope* holder_ = nullptr;
    detail::WaitList waiters_;
    const char* name_ = nullptr;
};

}  // namespace rondo
