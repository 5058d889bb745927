// SPDX-License-Identifier: Apache-2.0
/// race: runs several things at once and gives the result of the first to succeed.
#pragma once

#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/coro/join.hpp"

namespace rondo {
namespace detail {

template <class First, class... Rest>
struct RaceResult {
    using type = std::conditional_t<(std::is_same_v<First, Rest> && ...), First,
                                    std::variant<Value<First>, Value<Rest>...>>;
};

/// The bookkeeping of a race: the first value wins and stops the others.
class RaceBase : public Join {
public:
    RaceBase() = default;
    RaceBase(RaceBase&& other) noexcept : Join(std::move(other)) {}

protected:
    template <class Child>
    Scope* child_ended(Child& child) {
        if (child.state == ScopeState::value && winner_ == nullptr) {
            winner_ = &child;
            cancel(*this, Reason::sibling, own);
        } else if (child.state == ScopeState::error && winner_ == nullptr) {
            keep(child.error);
        }
        if (--left != 0) {
            return nullptr;
        }
        if (winner_ != nullptr) {
            unset(failed);
            unset(child_stopped);
        } else if (has(child_stopped)) {
            unset(failed);
        }
        return conclude();
    }
    const Scope* winner() const noexcept { return winner_; }

private:
    const Scope* winner_ = nullptr;
};

template <class... S>
class [[nodiscard]] RaceTuple : public RaceBase {
    template <class Starter>
    using Child = JoinChild<RaceTuple, Starter>;
    using Result = typename RaceResult<typename S::result_type...>::type;

public:
    template <class... F>
    explicit RaceTuple(std::in_place_t, F&&... given)
        : children_(Child<S>(std::in_place, std::forward<F>(given))...) {}

    void await_suspend(Awaiting awaiting) noexcept {
        if (begin(awaiting, sizeof...(S), race_kind)) {
            std::apply([this](auto&... child) { (child.start(*this), ...); }, children_);
        }
    }
    Result await_resume() {
        rethrow();
        return pick(std::index_sequence_for<S...>{});
    }

private:
    template <class, class>
    friend struct JoinChild;

    template <std::size_t... I>
    Result pick(std::index_sequence<I...>) {
        if constexpr (std::is_void_v<Result>) {
            return;
        } else if constexpr ((std::is_same_v<Result, typename S::result_type> && ...)) {
            Value<Result>* won = nullptr;
            (void)((winner() == &std::get<I>(children_)
                        ? (won = &std::get<I>(children_).value, true)
                        : false) ||
                   ...);
            return std::move(*won);
        } else {
            std::vector<Result> won;
            (void)((winner() == &std::get<I>(children_)
                        ? (won.emplace_back(std::in_place_index<I>, std::get<I>(children_).get()),
                           true)
                        : false) ||
                   ...);
            return std::move(won.front());
        }
    }

    std::tuple<Child<S>...> children_;
};

template <class S>
class [[nodiscard]] RaceRange : public RaceBase {
    using Child = JoinChild<RaceRange, S>;
    using T = typename S::result_type;

public:
    template <class Range>
    RaceRange(std::in_place_t, Range&& range)
        : children_(children_of<Child>(std::forward<Range>(range))) {}

    void await_suspend(Awaiting awaiting) noexcept {
        RONDO_REQUIRE(!children_.empty(), "a race of nothing has no winner");
        if (begin(awaiting, children_.size(), race_kind)) {
            for (Child& child : children_) {
                child.start(*this);
            }
        }
    }
    T await_resume() {
        rethrow();
        if constexpr (!std::is_void_v<T>) {
            for (Child& child : children_) {
                if (winner() == &child) {
                    return child.get();
                }
            }
            detail::fail("bug in rondo", "a race ended without a winner", __FILE__, __LINE__);
        }
    }

private:
    template <class, class>
    friend struct JoinChild;

    std::vector<Child> children_;
};

}  // namespace detail

/// Runs everything at once; the first to succeed wins, the others are cancelled and awaited.
/// Gives the winner's result: its type when all have the same, else a `std::variant` in argument
/// order, `std::monostate` for void. Takes what gather takes.
///
/// Errors: when all fail, the first failure is thrown and the others are suppressed_errors(); the
/// failures and results of losers are dropped.
template <class... F>
    requires(sizeof...(F) > 0 && (detail::Startable<F> && ...))
auto race(F&&... given) {
    return detail::RaceTuple<detail::StarterOf<F>...>(std::in_place, std::forward<F>(given)...);
}

/// Requires: the range is not empty.
template <detail::StartableRange Range>
auto race(Range&& range) {
    return detail::RaceRange<detail::StarterOfElement<Range>>(std::in_place,
                                                              std::forward<Range>(range));
}

}  // namespace rondo
