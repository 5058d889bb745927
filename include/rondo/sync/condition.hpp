// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/sync/lock.hpp"

namespace rondo {

/// Tasks that wait, without holding a lock, for a change that is made under it. asyncio.Condition.
class Condition {
public:
    /// Lifetime: `lock` outlives the condition.
    explicit Condition(Lock& lock, const char* name = nullptr) noexcept
        : lock_(&lock), name_(name) {}
    Condition(const Condition&) = delete;
    Condition& operator=(const Condition&) = delete;
    /// Requires: nobody waits for a notify. Whom one has reached needs only the lock.
    ~Condition();

    /// Releases the lock, waits for a notify, and holds the lock again when it returns.
    ///
    /// Requires: `guard` holds this condition's lock.
    /// Cancellation: a stopped waiter does not take the lock again, and `guard` no longer owns it;
    /// a notify that reached it goes to the next waiter.
    auto wait(Lock::Guard& guard) noexcept { return Wait(*this, guard); }

    /// Waits until `predicate()`, which is called with the lock held, is true.
    template <class Predicate>
    Task<> wait(Lock::Guard& guard, Predicate predicate) {
        while (!predicate()) {
            co_await wait(guard);
        }
    }

    /// Wakes up to `count` of those who wait longest. Requires: the lock is held.
    void notify(std::size_t count = 1) noexcept;
    void notify_all() noexcept { notify(static_cast<std::size_t>(-1)); }

    const char* name() const noexcept { return name_; }

private:
    class [[nodiscard]] Wait : detail::Waiter {
    public:
        Wait(Condition& condition, Lock::Guard& guard) noexcept
            : condition_(&condition), lock_(condition.lock_), guard_(&guard) {}
        bool await_ready() noexcept { return false; }
        void await_suspend(detail::Awaiting awaiting) noexcept;
        void await_resume() noexcept { guard_->lock_ = lock_; }

    private:
        friend class Condition;
        static void poke(detail::Leaf& leaf, detail::Scope& scope) noexcept;
        static void describe(const detail::Leaf& at, detail::Describer& out);
        static const detail::LeafKind leaf;

        Condition* condition_;  ///< null when it died after its notify
        Lock* lock_;
        Lock::Guard* guard_;
        bool notified_ = false;  ///< waits for the lock now
    };

    Lock* lock_;
    detail::WaitList waiters_;
    const char* name_;
};

}  // namespace rondo
