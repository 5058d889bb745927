// SPDX-License-Identifier: Apache-2.0
/// as_completed: results in the order in which they arrive.
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/base/ring.hpp"
#include "rondo/coro/join.hpp"
#include "rondo/coro/task_group.hpp"

namespace rondo {

/// What the body of as_completed reads from.
template <class T>
class Completed {
public:
    explicit Completed(std::size_t count) noexcept : left_(count) {}
    Completed(const Completed&) = delete;
    Completed& operator=(const Completed&) = delete;

    /// Waits for the next task to end and gives its result (`std::monostate` for void), or nothing
    /// when all were given. Errors: that task's error; the others are not touched by it.
    auto next() noexcept { return Next(*this); }
    /// Results not given yet.
    std::size_t left() const noexcept { return left_; }

    /// For as_completed.
    void add(Outcome<T>&& outcome) {
        detail::Waiter* const reader = readers_.front();
        if (reader == nullptr) {
            ended_.push(std::move(outcome));
            return;
        }
        static_cast<Next*>(reader)->outcome_.emplace(std::move(outcome));
        readers_.remove(*reader);
        detail::wake(*reader->scope);
        if (--left_ == 0) {
            readers_.wake_all();
        }
    }

private:
    class [[nodiscard]] Next : detail::ListWaiter {
    public:
        explicit Next(Completed& from) noexcept : from_(&from) {}
        bool await_ready() {
            outcome_.reset();
            if (detail::current_is_cancelled()) {
                return false;
            }
            if (!from_->ended_.empty()) {
                from_->ended_.take_front(outcome_);
                --from_->left_;
            }
            return done() && !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) noexcept {
            if (done()) {
                detail::requeue(awaiting);
            } else {
                park_in(from_->readers_, awaiting, leaf);
            }
        }
        std::optional<detail::Value<T>> await_resume() {
            if (!outcome_) {
                return std::nullopt;
            }
            return std::move(*outcome_).value();
        }

    private:
        friend class Completed;
        bool done() const noexcept {
            return outcome_ || (from_->left_ == 0 && !detail::current_is_cancelled());
        }
        static constexpr detail::LeafKind leaf{&leave, "as_completed"};
        Completed* from_;
        std::optional<Outcome<T>> outcome_;
    };

    // A reader that waits means that no outcome does: it gets the next one directly.
    detail::Ring<Outcome<T>> ended_;
    std::size_t left_;
    detail::WaitList readers_;
};

namespace detail {

template <class S, class T = typename S::result_type>
Task<> complete_into(S& starter, Completed<T>& completed) {
    try {
        Task<T> task = TaskAccess::adopt<T>(starter.make());
        if constexpr (std::is_void_v<T>) {
            co_await task;
            completed.add(Outcome<T>(std::in_place, {}));
        } else {
            completed.add(Outcome<T>(std::in_place, co_await task));
        }
    } catch (...) {
        completed.add(Outcome<T>(std::current_exception()));
    }
}

template <class S, class Body, class T = typename S::result_type>
auto as_completed_task(std::vector<S> starters, Body body)
    -> std::invoke_result_t<Body&, Completed<T>&> {
    using R = typename std::invoke_result_t<Body&, Completed<T>&>::value_type;
    Completed<T> completed(starters.size());
    auto block = task_group([&](TaskGroup& group) -> Task<R> {
        for (S& starter : starters) {
            group.spawn(complete_into<S>(starter, completed));
        }
        Task<R> reading = body(completed);
        if constexpr (std::is_void_v<R>) {
            co_await reading;
            group.cancel();
        } else {
            R result = co_await reading;
            group.cancel();
            co_return result;
        }
    });
    co_return co_await block;
}

}  // namespace detail

/// Starts everything in `range` at once and runs `body(Completed<T>&)`, which takes the results in
/// the order in which they arrive; gives the body's result. What still runs when the body ends is
/// cancelled and awaited, so the tasks may use what the caller owns.
///
///     auto body = [&](Completed<Page>& pages) -> Task<> {
///         for (;;) {
///             auto page = co_await pages.next();
///             if (!page) break;
///             …
///         }
///     };
///     co_await as_completed(std::move(tasks), body);
template <detail::StartableRange Range, class Body>
auto as_completed(Range&& range, Body body) {
    using S = detail::StarterOfElement<Range>;
    std::vector<S> starters;
    for (auto&& element : range) {
        starters.emplace_back(std::in_place, static_cast<detail::ElementOf<Range>>(element));
    }
    return detail::as_completed_task<S, Body>(std::move(starters), std::move(body));
}

}  // namespace rondo
