// SPDX-License-Identifier: Apache-2.0
/// A bound on how many tasks do something at once.
#pragma once

#include <cstddef>
#include <rondo/coro/wait_list.hpp>
#include <rondo/rondo.hpp>
#include <utility>

namespace rondo::cli {

/// A number of slots; who asks first gets one first.
class Slots {
public:
    /// Taken until it is destroyed. Move-only.
    class [[nodiscard]] Slot {
    public:
        Slot(Slot&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (from_ != nullptr) {
                from_->give_back();
            }
        }

    private:
        friend class Slots;
        explicit Slot(Slots* from) noexcept : from_(from) {}
        Slots* from_;
    };

    explicit Slots(std::size_t count) noexcept : free_(count) {}
    Slots(const Slots&) = delete;
    Slots& operator=(const Slots&) = delete;

    /// Waits for a slot.
    auto take() noexcept { return Take(*this); }

private:
    class [[nodiscard]] Take : detail::ListWaiter {
    public:
        explicit Take(Slots& from) noexcept : from_(&from) {}
        bool await_ready() noexcept {
            if (detail::current_is_cancelled() || from_->free_ == 0) {
                return false;
            }
            --from_->free_;
            taken_ = true;
            return !detail::spent();
        }
        void await_suspend(detail::Handle awaiting) noexcept {
            if (taken_) {
                detail::requeue(awaiting);
                return;
            }
            park_in(from_->waiting_, awaiting, leaf);
        }
        Slot await_resume() noexcept { return Slot(from_); }

    private:
        static constexpr detail::LeafKind leaf{&leave, "a slot"};

        Slots* from_;
        bool taken_ = false;
    };

    void give_back() noexcept {
        if (detail::Waiter* waiter = waiting_.pop()) {
            detail::wake(*waiter->scope);
        } else {
            ++free_;
        }
    }

    std::size_t free_;
    detail::WaitList waiting_;
};

}  // namespace rondo::cli
