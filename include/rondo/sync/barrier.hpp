// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <exception>

#include "rondo/coro/wait_list.hpp"

namespace rondo {

/// Thrown to those who wait at a Barrier that was reset or aborted.
class BrokenBarrier : public std::exception {
public:
    const char* what() const noexcept override { return "the barrier was reset or aborted"; }
};

/// A place where `parties` tasks meet, again and again. asyncio.Barrier.
class Barrier {
public:
    /// Requires: `parties` > 0.
    explicit Barrier(std::size_t parties, const char* name = nullptr) noexcept;
    Barrier(const Barrier&) = delete;
    Barrier& operator=(const Barrier&) = delete;
    /// Requires: nobody waits.
    ~Barrier();

    /// Waits until `parties` tasks wait, and gives each its index of arrival: 0 for the first,
    /// parties - 1 for the last, who does not suspend.
    ///
    /// Cancellation: a stopped waiter was never there; the others go on waiting.
    /// Errors: BrokenBarrier.
    auto wait() noexcept { return Wait(*this); }

    /// Those who wait get BrokenBarrier; the barrier is as new.
    void reset() noexcept;
    /// Those who wait, and all who come until reset(), get BrokenBarrier.
    void abort() noexcept;

    std::size_t parties() const noexcept { return parties_; }
    std::size_t waiting() const noexcept { return waiting_; }
    bool broken() const noexcept { return broken_; }
    const char* name() const noexcept { return name_; }

private:
    class [[nodiscard]] Wait : detail::Waiter {
    public:
        explicit Wait(Barrier& barrier) noexcept : barrier_(&barrier) {}
        bool await_ready() noexcept;
        void await_suspend(detail::Awaiting awaiting) noexcept;
        std::size_t await_resume() {
            if (broken_) {
                throw BrokenBarrier();
            }
            return index_;
        }

    private:
        friend class Barrier;
        static void poke(detail::Leaf& leaf, detail::Scope& scope) noexcept;
        static void describe(const detail::Leaf& at, detail::Describer& out);
        static const detail::LeafKind leaf;

        Barrier* barrier_;
        std::size_t index_ = 0;
        bool broken_ = false;
        bool passed_ = false;
    };

    void release(bool broken) noexcept;

    std::size_t parties_;
    std::size_t waiting_ = 0;
    bool broken_ = false;
    detail::WaitList waiters_;
    const char* name_;
};

}  // namespace rondo
