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
        ended_.push(std::move(outcome));
        if (detail::Waiter* waiter = waiters_.pop()) {
            detail::wake(*waiter->scope);
        }
    }

private:
    class [[nodiscard]] Next : detail::ListWaiter {
    public:
        explicit Next(Completed& from) noexcept : from_(&from) {}
        bool await_ready() noexcept {
            done_ =
                !detail::current_is_cancelled() && (from_->left_ == 0 || !from_->ended_.empty());
            return done_ && !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) noexcept {
            if (done_) {
                detail::requeue(awaiting);
            } else {
                park_in(from_->waiters_, awaiting, leaf);
            }
        }
        std::optional<detail::Value<T>> await_resume() {
            if (from_->left_ == 0) {
                return std::nullopt;
            }
            --from_->left_;
            return from_->ended_.pop().value();
        }

    private:
        static constexpr detail::LeafKind leaf{&leave, "as_completed"};
        Completed* from_;
        bool done_ = false;
    };

    detail::Ring<Outcome<T>> ended_;
    std::size_t left_;
    detail::WaitList waiters_;
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
