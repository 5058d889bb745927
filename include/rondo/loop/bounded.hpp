// SPDX-License-Identifier: Apache-2.0
/// What timeout, move_on_after and shield share: one chain in a scope of its own.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "rondo/coro/result_scope.hpp"
#include "rondo/coro/starter.hpp"
#include "rondo/loop/scope_timer.hpp"

namespace rondo::detail {

enum class BoundKind : unsigned char { timeout, move_on, shield };

[[noreturn]] void throw_timeout();

/// Runs its chain on the awaiter's stack first: when that ends without waiting, nothing suspends.
/// A timeout's deadline runs from the start; a shield's from when outer cancellation reaches it.
template <BoundKind K, class S>
class [[nodiscard]] Bounded : ResultScope<typename S::result_type> {
    using T = typename S::result_type;
    using Base = ResultScope<T>;
    static constexpr bool is_shield = K == BoundKind::shield;

public:
    template <class... Given>
    explicit Bounded(Deadline deadline, Given&&... given)
        : starter_(std::in_place, std::forward<Given>(given)...), deadline_(deadline) {}
    Bounded(Bounded&& other) noexcept(std::is_nothrow_move_constructible_v<S>)
        : starter_(std::move(other.starter_)), deadline_(other.deadline_) {}

    RONDO_INLINE bool await_ready() {
        Scope& up = *local.current;
        RONDO_REQUIRE(this->parent == nullptr, "a timeout or shield was awaited twice");
        if constexpr (!is_shield) {
            if (up.has(Scope::cancelled)) [[unlikely]] {
                return false;
            }
        }
        void* const root = starter_.start();
        this->kind = &bounded_kind;
        begin(up);
        this->frame = root;
        local.current = this;
        if (!stack_has_room()) [[unlikely]] {
            local.next = root;
            return false;
        }
        Handle::from_address(root).resume();
        if (promise_of(root).ending == Ending::unfinished) {
            return false;
        }
        local.next = nullptr;  // the chain's end, which is not the run loop's business
        local.current = &up;
        leave();
        this->take(root);
        return true;
    }

    void await_suspend(Awaiting awaiting) noexcept {
        if (this->parent == nullptr) [[unlikely]] {
            Scope& up = *local.current;
            up.frame = awaiting.address();
            local.push_stop(up);
            return;
        }
        Scope& up = *this->parent;
        up.frame = awaiting.address();
        up.park_on(children_leaf);
    }

    auto await_resume() {
        if constexpr (K == BoundKind::move_on) {
            if (this->state == ScopeState::stopped) {
                return std::optional<Value<T>>();
            }
            return std::optional<Value<T>>(this->get());
        } else {
            if (this->state == ScopeState::stopped) [[unlikely]] {
                throw_timeout();
            }
            return result();
        }
    }

private:
    T result() {
        if constexpr (std::is_void_v<T>) {
            this->get();
        } else {
            return this->get();
        }
    }

    void begin(Scope& up) noexcept {
        if constexpr (is_shield) {
            this->set(Scope::shield);
            this->attach(up);
            if (up.has(Scope::cancelled)) {
                this->set(Scope::outer);
                timer_.arm_shield(*this, deadline_);
            }
        } else {
            this->attach(up);
            timer_.arm(*this, deadline_);
        }
    }
    void leave() noexcept {
        timer_.disarm();
        this->detach();
    }

    static Scope* on(Scope& scope, ScopeEvent event) {
        auto& self = static_cast<Bounded&>(scope);
        if (event == ScopeEvent::shield_reached) {
            self.timer_.arm_shield(self, self.deadline_);
            return nullptr;
        }
        if (event == ScopeEvent::stopped) [[unlikely]] {
            return self.stopped();
        }
        self.leave();
        self.take(self.frame);
        self.parent->state = ScopeState::idle;
        return self.parent;
    }

    // The innermost expired timeout reports it; a caller's cancel or a spent shield stops on.
    Scope* stopped() noexcept {
        Scope& up = *this->parent;
        const bool late = !is_shield && (this->has(Scope::expired) ||
                                         (this->reason == Reason::deadline && timer_.passed()));
        leave();
        this->state = ScopeState::stopped;
        up.state = ScopeState::idle;
        if (late && (!up.has(Scope::cancelled) || up.reason == Reason::deadline)) {
            return &up;
        }
        local.push_stop(up);
        return nullptr;
    }

    static void describe(const Scope& scope, Describer& describer) {
        static_cast<const Bounded&>(scope).timer_.describe(describer);
    }

    static constexpr ScopeKind bounded_kind{&on,
                                            K == BoundKind::timeout   ? "timeout"
                                            : K == BoundKind::move_on ? "move_on_after"
                                                                      : "shield",
                                            false, &describe};

    S starter_;
    Deadline deadline_;
    ScopeTimer timer_;
};

template <BoundKind K, class F, class... Args>
auto bounded(Deadline deadline, F&& given, Args&&... args) {
    return Bounded<K, StarterOf<F, Args...>>(deadline, std::forward<F>(given),
                                             std::forward<Args>(args)...);
}

}  // namespace rondo::detail
