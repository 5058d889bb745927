// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rondo/coro/wait_list.hpp"

namespace rondo {

/// A flag that tasks wait for. asyncio.Event.
class Event {
public:
    Event() = default;
    explicit Event(const char* name) noexcept : name_(name) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    /// Requires: nobody waits.
    ~Event();

    /// Wakes all who wait; until clear(), wait() does not suspend.
    void set() noexcept;
    void clear() noexcept { set_ = false; }
    bool is_set() const noexcept { return set_; }
    const char* name() const noexcept { return name_; }

    /// Waits until the event is set. A waiter that was woken goes on even if clear() came since.
    auto wait() noexcept { return Wait(*this); }

private:
    class [[nodiscard]] Wait : detail::ListWaiter {
    public:
        explicit Wait(Event& event) noexcept : event_(&event) {}
        bool await_ready() noexcept {
            return !detail::current_is_cancelled() && event_->set_ && !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) noexcept {
            if (event_->set_ && !detail::current_is_cancelled()) {
                detail::requeue(awaiting);
            } else {
                park_in(event_->waiters_, awaiting, leaf);
            }
        }
        void await_resume() noexcept {}

    private:
        static void describe(const detail::Leaf& at, detail::Describer& out) {
            const auto& on = *static_cast<const Wait&>(at).event_;
            out.add_object(on.name_, &on);
        }
        static constexpr detail::LeafKind leaf{&leave, "event.wait", &describe};
        Event* event_;
    };

    bool set_ = false;
    detail::WaitList waiters_;
    const char* name_ = nullptr;
};

}  // namespace rondo
