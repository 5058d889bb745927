// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/coro/wait_list.hpp"

namespace rondo {

/// A state that tasks watch: they wait until it satisfies a predicate. The predicate is asked at
/// every set(), so that a state which lasted an instant is not missed between wake and look.
template <class T>
class Value {
    struct Watcher : detail::ListWaiter {
        bool (*matches)(Watcher&, const T&) noexcept = nullptr;
        std::optional<T> seen;
        std::exception_ptr error;
    };

    template <class Predicate>
    class [[nodiscard]] Wait : Watcher {
    public:
        Wait(Value& value, Predicate predicate, bool look_now)
            : value_(&value), predicate_(std::move(predicate)), look_now_(look_now) {}
        bool await_ready() noexcept {
            this->matches = &ask;
            this->error = nullptr;
            done_ = !detail::current_is_cancelled() && look_now_ && ask(*this, value_->state_);
            return done_ && !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) noexcept {
            if (done_) {
                detail::requeue(awaiting);
            } else {
                this->park_in(value_->watchers_, awaiting, leaf);
            }
        }
        T await_resume() {
            if (this->error != nullptr) {
                std::rethrow_exception(this->error);
            }
            return std::move(*this->seen);
        }

    private:
        friend class Value;
        // True: the wait is over, with the state or with what the predicate threw.
        static bool ask(Watcher& watcher, const T& state) noexcept {
            try {
                if (!std::invoke(static_cast<Wait&>(watcher).predicate_, state)) {
                    return false;
                }
                watcher.seen.emplace(state);
            } catch (...) {
                watcher.error = std::current_exception();
            }
            return true;
        }
        static void describe(const detail::Leaf& at, detail::Describer& out) {
            const Value& value = *static_cast<const Wait&>(at).value_;
            out.add_object(value.name_, &value);
        }
        static constexpr detail::LeafKind leaf{&detail::ListWaiter::leave, "value.wait", &describe};
        Value* value_;
        Predicate predicate_;
        bool look_now_;
        bool done_ = false;
    };

public:
    explicit Value(T initial = T(), const char* name = nullptr)
        : state_(std::move(initial)), name_(name) {}
    Value(const Value&) = delete;
    Value& operator=(const Value&) = delete;
    /// Requires: nobody waits.
    ~Value() { RONDO_REQUIRE(watchers_.empty(), "a Value was destroyed while a task waits"); }

    const T& get() const noexcept { return state_; }
    const char* name() const noexcept { return name_; }

    /// Changes the state and wakes those whose predicate it satisfies.
    void set(T state) {
        state_ = std::move(state);
        look();
    }
    /// Changes the state in place: `change(T&)`. What it changed before it threw counts.
    template <std::invocable<T&> F>
    void update(F&& change) {
        struct Look {
            Value& value;
            ~Look() { value.look(); }
        } const look_at_end{*this};
        std::invoke(std::forward<F>(change), state_);
    }

    /// Waits until the state satisfies `predicate(const T&)` and gives a copy of that state.
    ///
    /// `predicate` runs inside set(), so it only looks. Errors: what it throws.
    template <std::predicate<const T&> Predicate>
    auto wait(Predicate predicate) {
        return Wait<Predicate>(*this, std::move(predicate), true);
    }
    /// Waits until the state equals `wanted`.
    auto wait_value(T wanted) {
        return wait([wanted = std::move(wanted)](const T& state) { return state == wanted; });
    }
    /// Waits for the next set() or update() and gives its state.
    auto wait_change() {
        auto any = [](const T&) { return true; };
        return Wait<decltype(any)>(*this, any, false);
    }

private:
    void look() noexcept {
        detail::Waiter* next = nullptr;
        for (detail::Waiter* at = watchers_.front(); at != nullptr; at = next) {
            next = watchers_.after(*at);
            auto& watcher = *static_cast<Watcher*>(at);
            if (watcher.matches(watcher, state_)) {
                watchers_.remove(watcher);
                detail::wake(*watcher.scope);
            }
        }
    }

    T state_;
    detail::WaitList watchers_;
    const char* name_;
};

}  // namespace rondo
