// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include "rondo/coro/wait_list.hpp"

namespace rondo {

/// Many readers or one writer. Fair: who comes after a waiting writer waits behind it, so neither
/// side starves.
class RwLock {
    enum class Side : unsigned char { read, write };

    template <Side S>
    class [[nodiscard]] Guard {
    public:
        Guard(Guard&& other) noexcept : lock_(std::exchange(other.lock_, nullptr)) {}
        Guard& operator=(Guard&& other) noexcept {
            Guard old(std::move(*this));
            lock_ = std::exchange(other.lock_, nullptr);
            return *this;
        }
        ~Guard() { unlock(); }
        void unlock() noexcept {
            if (RwLock* lock = std::exchange(lock_, nullptr)) {
                lock->release(S);
            }
        }

    private:
        friend class RwLock;
        explicit Guard(RwLock* lock) noexcept : lock_(lock) {}
        RwLock* lock_;
    };

    class WaitBase : protected detail::Waiter {
    public:
        bool await_ready() noexcept;
        void await_suspend(detail::Awaiting awaiting) noexcept;

    protected:
        WaitBase(RwLock& lock, Side side) noexcept : lock_(&lock), side_(side) {}
        RwLock* lock_;

    private:
        friend class RwLock;
        static void poke(detail::Leaf& leaf, detail::Scope& scope) noexcept;
        static void describe(const detail::Leaf& at, detail::Describer& out);
        static const detail::LeafKind leaf;
        Side side_;
        bool taken_ = false;
    };

    template <Side S>
    class [[nodiscard]] Wait : public WaitBase {
    public:
        explicit Wait(RwLock& lock) noexcept : WaitBase(lock, S) {}
        Guard<S> await_resume() noexcept { return Guard<S>(lock_); }
    };

public:
    using ReadGuard = Guard<Side::read>;
    using WriteGuard = Guard<Side::write>;

    RwLock() = default;
    explicit RwLock(const char* name) noexcept : name_(name) {}
    RwLock(const RwLock&) = delete;
    RwLock& operator=(const RwLock&) = delete;
    /// Requires: not held, and nobody waits.
    ~RwLock();

    /// Waits until no writer holds the lock and none waits before this task; gives a ReadGuard.
    auto read() noexcept { return Wait<Side::read>(*this); }
    /// Waits until nobody holds the lock; gives a WriteGuard.
    auto write() noexcept { return Wait<Side::write>(*this); }

    std::size_t readers() const noexcept { return readers_; }
    bool write_locked() const noexcept { return writing_; }
    const char* name() const noexcept { return name_; }

private:
    bool try_take(Side side) noexcept;
    void release(Side side) noexcept;
    void admit() noexcept;

    std::size_t readers_ = 0;
    bool writing_ = false;
    detail::WaitList waiters_;
    const char* name_ = nullptr;
};

}  // namespace rondo
