// SPDX-License-Identifier: Apache-2.0
/// The awaitable of finally(): see rondo/loop/shield.hpp.
#pragma once

#include <type_traits>
#include <utility>

#include "rondo/coro/errors.hpp"
#include "rondo/coro/result_scope.hpp"
#include "rondo/coro/starter.hpp"
#include "rondo/loop/scope_timer.hpp"

namespace rondo::detail {

/// Two scopes under the awaiting one, the second after the first: the body, then the cleanup.
template <class BodyStarter, class CleanupStarter>
class [[nodiscard]] Finally {
    using T = typename BodyStarter::result_type;

public:
    template <class B, class C>
    Finally(Deadline deadline, B&& body, C&& cleanup)
        : body_(std::in_place, std::forward<B>(body)),
          cleanup_(std::in_place, std::forward<C>(cleanup)),
          deadline_(deadline) {}
    Finally(Finally&& other) noexcept(std::is_nothrow_move_constructible_v<BodyStarter> &&
                                      std::is_nothrow_move_constructible_v<CleanupStarter>)
        : body_(std::move(other.body_)),
          cleanup_(std::move(other.cleanup_)),
          deadline_(other.deadline_) {}

    bool await_ready() noexcept { return false; }
    void await_suspend(Awaiting awaiting) noexcept {
        RONDO_REQUIRE(body_.parent == nullptr, "a finally was awaited twice");
        Scope& up = *local.current;
        up.frame = awaiting.address();
        if (up.has(Scope::cancelled)) [[unlikely]] {
            local.push_stop(up);
            return;
        }
        up.park_on(children_leaf);
        body_.owner = this;
        cleanup_.owner = this;
        body_.start(up, body_kind);
    }
    T await_resume() {
        if (body_.state == ScopeState::error && cleanup_.state == ScopeState::error) {
            throw_with_suppressed(body_.error, {cleanup_.error});
        }
        if (body_.state != ScopeState::error && cleanup_.state == ScopeState::error) {
            std::rethrow_exception(cleanup_.error);
        }
        if constexpr (std::is_void_v<T>) {
            body_.get();
        } else {
            return body_.get();
        }
    }

private:
    template <class S>
    struct Part : ResultScope<typename S::result_type> {
        S starter;
        Finally* owner = nullptr;

        template <class F>
        Part(std::in_place_t, F&& given) : starter(std::in_place, std::forward<F>(given)) {}
        Part(Part&& other) noexcept(std::is_nothrow_move_constructible_v<S>)
            : starter(std::move(other.starter)) {}

        void start(Scope& up, const ScopeKind& as) noexcept {
            this->kind = &as;
            this->frame = starter.start();
            this->attach(up);
            local.push_new(*this);
        }
        void end(ScopeEvent event) {
            if (event == ScopeEvent::stopped) {
                this->state = ScopeState::stopped;
            } else {
                this->take(this->frame);
            }
            this->detach();
        }
    };

    static Scope* on_body(Scope& scope, ScopeEvent event) {
        auto& body = static_cast<Part<BodyStarter>&>(scope);
        Finally& self = *body.owner;
        Scope& up = *body.parent;
        body.end(event);
        self.cleanup_.set(Scope::shield);
        const AsCurrent caller(up);
        self.cleanup_.start(up, cleanup_kind);
        if (up.has(Scope::cancelled)) {
            self.cleanup_.set(Scope::outer);
            self.timer_.arm_shield(self.cleanup_, self.deadline_);
        }
        return nullptr;
    }

    static Scope* on_cleanup(Scope& scope, ScopeEvent event) {
        auto& cleanup = static_cast<Part<CleanupStarter>&>(scope);
        Finally& self = *cleanup.owner;
        if (event == ScopeEvent::shield_reached) {
            self.timer_.arm_shield(cleanup, self.deadline_);
            return nullptr;
        }
        Scope& up = *cleanup.parent;
        self.timer_.disarm();
        cleanup.end(event);
        up.state = ScopeState::idle;
        const bool stop =
            self.body_.state == ScopeState::stopped ||
            (self.body_.state == ScopeState::value && cleanup.state == ScopeState::stopped);
        if (!stop) {
            return &up;
        }
        if (cleanup.state == ScopeState::error) {
            report_error("the cleanup of a stopped task failed", cleanup.error);
        }
        local.push_stop(up);
        return nullptr;
    }

    static constexpr ScopeKind body_kind{&on_body, "finally"};
    static constexpr ScopeKind cleanup_kind{&on_cleanup, "finally, its cleanup"};

    Part<BodyStarter> body_;
    Part<CleanupStarter> cleanup_;
    Deadline deadline_;
    ScopeTimer timer_;
};

}  // namespace rondo::detail
