// SPDX-License-Identifier: Apache-2.0
/// gather: runs several things at once and gives all results, in argument order.
#pragma once

#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/coro/join.hpp"

namespace rondo {

/// First argument of gather: every child runs to its end, and each result is an Outcome.
struct Settle {};
inline constexpr Settle settle{};

/// First argument of gather over a range: at most `count` children at a time.
class Limit {
public:
    /// Requires: `count` is not 0.
    explicit Limit(std::size_t count) noexcept : count_(count) {
        RONDO_REQUIRE(count != 0, "limit(0) would never start anything");
    }
    std::size_t count() const noexcept { return count_; }

private:
    std::size_t count_;
};
/// Requires: `count` is not 0.
inline Limit limit(std::size_t count) noexcept { return Limit(count); }

namespace detail {

/// A child's failure fails the group.
struct FailFast {
    template <class Child>
    static void ended(Group& group, Child& child) {
        if (child.state == ScopeState::error) [[unlikely]] {
            group.fail(child.error);
        }
    }
    template <class T>
    using Result = Value<T>;
    template <class Child>
    static auto result(Child& child) {
        return child.get();
    }
};

/// Each child's end is its outcome.
struct SettleAll {
    template <class Child>
    static void ended(Group&, Child&) noexcept {}
    template <class T>
    using Result = Outcome<T>;
    template <class Child>
    static auto result(Child& child) {
        return child.outcome();
    }
};

template <class Mode, class... S>
class [[nodiscard]] GatherTuple : public Join {
    template <class Starter>
    using Child = JoinChild<GatherTuple, Starter>;

public:
    template <class... F>
    explicit GatherTuple(std::in_place_t, F&&... given)
        : children_(Child<S>(std::in_place, std::forward<F>(given))...) {}

    void await_suspend(Awaiting awaiting) noexcept {
        if (begin(awaiting, sizeof...(S), gather_kind)) {
            std::apply([this](auto&... child) { (child.start(*this), ...); }, children_);
        }
    }
    std::tuple<typename Mode::template Result<typename S::result_type>...> await_resume() {
        rethrow();
        return std::apply(
            [](auto&... child) {
                return std::tuple<typename Mode::template Result<typename S::result_type>...>(
                    Mode::result(child)...);
            },
            children_);
    }

private:
    template <class, class>
    friend struct JoinChild;
    template <class Ended>
    Scope* child_ended(Ended& child) {
        Mode::ended(*this, child);
        return count_down();
    }

    std::tuple<Child<S>...> children_;
};

template <class Mode, class S>
class [[nodiscard]] GatherRange : public Join {
    using Child = JoinChild<GatherRange, S>;
    using T = typename S::result_type;
    static constexpr bool gives_nothing = std::is_void_v<T> && std::is_same_v<Mode, FailFast>;

public:
    template <class Range>
    GatherRange(std::in_place_t, Range&& range, std::size_t at_once)
        : children_(children_of<Child>(std::forward<Range>(range))), at_once_(at_once) {}

    void await_suspend(Awaiting awaiting) noexcept {
        if (begin(awaiting, children_.size(), gather_kind)) {
            while (next_ < children_.size() && next_ < at_once_) {
                start_next();
            }
        }
    }
    auto await_resume() {
        rethrow();
        if constexpr (!gives_nothing) {
            std::vector<typename Mode::template Result<T>> results;
            results.reserve(children_.size());
            for (Child& child : children_) {
                results.push_back(Mode::result(child));
            }
            return results;
        }
    }

private:
    template <class, class>
    friend struct JoinChild;
    Scope* child_ended(Child& child) {
        Mode::ended(*this, child);
        if (next_ < children_.size()) [[unlikely]] {
            go_on();
        }
        return count_down();
    }
    // Who awaits this makes the call of the next child, not the one that has ended.
    RONDO_NOINLINE void go_on() noexcept {
        if (!has(cancelled)) {
            const AsCurrent caller(*parent);
            start_next();
        }
        while (has(cancelled) && next_ < children_.size()) {
            leave_out(children_[next_++]);
        }
    }
    void start_next() { children_[next_++].start(*this); }

    std::vector<Child> children_;
    std::size_t next_ = 0;
    std::size_t at_once_;
};

template <class Mode, class... F>
auto gather_tuple(F&&... given) {
    return GatherTuple<Mode, StarterOf<F>...>(std::in_place, std::forward<F>(given)...);
}
template <class Mode, class Range>
auto gather_range(Range&& range, std::size_t at_once) {
    return GatherRange<Mode, StarterOfElement<Range>>(std::in_place, std::forward<Range>(range),
                                                      at_once);
}
inline constexpr std::size_t all_at_once = static_cast<std::size_t>(-1);

}  // namespace detail

/// Runs everything at once and gives a tuple of the results in argument order, `std::monostate` for
/// void. Takes tasks, other awaitables, callables that return either, and plain callables, which
/// are called in their turn. Children start in argument order; all have ended before it returns.
///
/// Errors: the first failure cancels the siblings, waits for them, and is thrown itself; the others
/// are suppressed_errors().
template <class... F>
    requires(detail::Startable<F> && ...)
auto gather(F&&... given) {
    return detail::gather_tuple<detail::FailFast>(std::forward<F>(given)...);
}

/// The same over a range of tasks or callables; gives a vector, or nothing for void. A container of
/// tasks is passed as an rvalue; a view is walked once, at this call.
template <detail::StartableRange Range>
auto gather(Range&& range) {
    return detail::gather_range<detail::FailFast>(std::forward<Range>(range), detail::all_at_once);
}

/// The same, at most `most.count` at a time: the next one starts when one ended.
template <detail::StartableRange Range>
auto gather(Limit most, Range&& range) {
    return detail::gather_range<detail::FailFast>(std::forward<Range>(range), most.count());
}

/// Runs everything to its end and gives an Outcome<T> for each. No failure cancels anybody.
template <class... F>
    requires(detail::Startable<F> && ...)
auto gather(Settle, F&&... given) {
    return detail::gather_tuple<detail::SettleAll>(std::forward<F>(given)...);
}
template <detail::StartableRange Range>
auto gather(Settle, Range&& range) {
    return detail::gather_range<detail::SettleAll>(std::forward<Range>(range), detail::all_at_once);
}
template <detail::StartableRange Range>
auto gather(Settle, Limit most, Range&& range) {
    return detail::gather_range<detail::SettleAll>(std::forward<Range>(range), most.count());
}

}  // namespace rondo
