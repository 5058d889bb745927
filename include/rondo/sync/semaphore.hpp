// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/coro/wait_list.hpp"

namespace rondo {

/// A number of permits. asyncio.Semaphore, with the release done by a guard. Each permit goes to
/// the task that waits longest.
class Semaphore {
public:
    /// One permit, given back when it is destroyed. Move-only.
    class [[nodiscard]] Permit {
    public:
        Permit(Permit&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        Permit& operator=(Permit&& other) noexcept {
            Permit old(std::move(*this));
            from_ = std::exchange(other.from_, nullptr);
            return *this;
        }
        ~Permit() { release(); }

        void release() noexcept {
            if (Semaphore* from = std::exchange(from_, nullptr)) {
                from->give_back();
            }
        }
        /// Keeps the permit for ever: Semaphore::release() may return it from elsewhere.
        void forget() noexcept { from_ = nullptr; }

    private:
        friend class Semaphore;
        explicit Permit(Semaphore* from) noexcept : from_(from) {}
        Semaphore* from_;
    };

    explicit Semaphore(std::size_t permits, const char* name = nullptr) noexcept
        : Semaphore(permits, static_cast<std::size_t>(-1), name) {}
    Semaphore(const Semaphore&) = delete;
    Semaphore& operator=(const Semaphore&) = delete;
    /// Requires: nobody waits. Permits that are out must not outlive it.
    ~Semaphore();

    /// Waits for a permit.
    auto acquire() noexcept { return Acquire(*this); }
    /// A permit, or nothing when none is free.
    std::optional<Permit> try_acquire() noexcept {
        if (free_ == 0) {
            return std::nullopt;
        }
        --free_;
        return Permit(this);
    }
    /// Adds permits.
    void release(std::size_t count = 1) noexcept;

    /// Permits that are free now.
    std::size_t available() const noexcept { return free_; }
    /// True: acquire() would wait.
    bool locked() const noexcept { return free_ == 0; }
    const char* name() const noexcept { return name_; }

protected:
    Semaphore(std::size_t permits, std::size_t bound, const char* name) noexcept
        : free_(permits), bound_(bound), name_(name) {}

private:
    void give_back() noexcept {
        if (detail::Waiter* waiter = waiters_.pop()) {
            detail::wake(*waiter->scope);
        } else {
            RONDO_REQUIRE(free_ < bound_,
                          "a BoundedSemaphore was released more often than acquired");
            ++free_;
        }
    }

    class [[nodiscard]] Acquire : detail::ListWaiter {
    public:
        explicit Acquire(Semaphore& from) noexcept : from_(&from) {}
        bool await_ready() noexcept {
            if (detail::current_is_cancelled() || from_->free_ == 0) {
                taken_ = false;
                return false;
            }
            --from_->free_;
            taken_ = true;
            return !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) noexcept {
            if (taken_) {
                detail::requeue(awaiting);
            } else {
                park_in(from_->waiters_, awaiting, leaf);
            }
        }
        Permit await_resume() noexcept { return Permit(from_); }

    private:
        static void describe(const detail::Leaf& at, detail::Describer& out) {
            const auto& on = *static_cast<const Acquire&>(at).from_;
            out.add_object(on.name_, &on);
        }
        static constexpr detail::LeafKind leaf{&leave, "semaphore.acquire", &describe};
        Semaphore* from_;
        bool taken_ = false;
    };

    std::size_t free_;
    std::size_t bound_;  ///< free permits are never more
    detail::WaitList waiters_;
    const char* name_;
};

/// A Semaphore that never has more permits than it began with. asyncio.BoundedSemaphore.
class BoundedSemaphore : public Semaphore {
public:
    /// Requires of every release, by hand or by a Permit: as many permits are out.
    explicit BoundedSemaphore(std::size_t permits, const char* name = nullptr) noexcept
        : Semaphore(permits, permits, name) {}
};

}  // namespace rondo
