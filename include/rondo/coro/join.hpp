// SPDX-License-Identifier: Apache-2.0
/// The common part of gather and race: children that are known beforehand, awaited together.
#pragma once

#include <cstddef>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/coro/group.hpp"
#include "rondo/coro/result_scope.hpp"
#include "rondo/coro/starter.hpp"

namespace rondo::detail {

/// A child of a Join: its starter, then its result. Movable until started.
template <class Owner, class S>
struct JoinChild : ResultScope<typename S::result_type> {
    template <class F>
    JoinChild(std::in_place_t, F&& given) : starter_(std::in_place, std::forward<F>(given)) {}
    JoinChild(JoinChild&& other) noexcept(std::is_nothrow_move_constructible_v<S>)
        : starter_(std::move(other.starter_)) {}

    void start(Group& group) noexcept {
        this->kind = &join_child_kind;
        this->frame = starter_.start();
        this->attach(group, *local.current);
        local.push_new(*this);
    }

private:
    static Scope* on(Scope& scope, ScopeEvent event) {
        auto& child = static_cast<JoinChild&>(scope);
        auto& owner = static_cast<Owner&>(*child.parent);
        if (event == ScopeEvent::stopped) [[unlikely]] {
            child.state = ScopeState::stopped;
            owner.set(Scope::child_stopped);
        } else {
            child.take(child.frame);
        }
        child.detach();
        return owner.child_ended(child);
    }
    static constexpr ScopeKind join_child_kind{&on, "task", true};

    S starter_;
};

/// Awaitable base. Movable until awaited; the scope itself is made anew where it is awaited.
class Join : public Group {
public:
    Join() = default;
    Join(Join&&) noexcept {}

    bool await_ready() noexcept { return false; }

protected:
    /// Parks the awaiting scope and attaches this group to it. False: there is nothing to start.
    bool begin(Awaiting awaiting, std::size_t children, const ScopeKind& as) noexcept {
        RONDO_REQUIRE(parent == nullptr, "a gather or race was awaited twice");
        Scope& up = *local.current;
        up.frame = awaiting.address();
        if (up.has(cancelled)) [[unlikely]] {
            local.push_stop(up);
            return false;
        }
        left = children;
        if (children == 0) {
            requeue(awaiting);
            return false;
        }
        up.park_on(children_leaf);
        kind = &as;
        attach(up);
        return true;
    }

    Scope* count_down() noexcept { return --left == 0 ? conclude() : nullptr; }

    /// A child that is never started, because the join is cancelled already.
    void leave_out(Scope& child) noexcept {
        child.state = ScopeState::stopped;
        child.reason = reason;
        set(child_stopped);
        --left;
    }
};

/// A join has no chain of its own, so its kind hears nothing.
inline constexpr ScopeKind gather_kind{nullptr, "gather"};
inline constexpr ScopeKind race_kind{nullptr, "race"};

template <class Range>
using ElementOf =
    std::conditional_t<std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>> &&
                           !std::is_lvalue_reference_v<Range> &&
                           !std::ranges::view<std::remove_cvref_t<Range>>,
                       std::ranges::range_value_t<Range>&&, std::ranges::range_reference_t<Range>>;

/// A range that gather and race take: of callables, or an rvalue range (or a view) of tasks.
template <class Range>
concept StartableRange = std::ranges::input_range<Range> && !Awaitable<std::decay_t<Range>> &&
                         Startable<ElementOf<Range>>;

template <class Range>
using StarterOfElement = StarterOf<ElementOf<Range>>;

template <class Child, class Range>
std::vector<Child> children_of(Range&& range) {
    std::vector<Child> children;
    if constexpr (std::ranges::sized_range<Range>) {
        children.reserve(static_cast<std::size_t>(std::ranges::size(range)));
    }
    for (auto&& element : range) {
        children.emplace_back(std::in_place, static_cast<ElementOf<Range>&&>(element));
    }
    return children;
}

}  // namespace rondo::detail
