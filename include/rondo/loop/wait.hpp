// SPDX-License-Identifier: Apache-2.0
/// wait: for some or all of the tasks behind a range of handles.
#pragma once

#include <cstddef>
#include <ranges>
#include <utility>
#include <vector>

#include "rondo/coro/task_group.hpp"
#include "rondo/coro/task_handle.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo {

/// When wait() returns.
enum class ReturnWhen : unsigned char {
    first_completed,  ///< one task ended
    first_error,      ///< one failed or was stopped, or all ended; asyncio's FIRST_EXCEPTION
    all_completed,    ///< all ended
};

/// Positions in the range that was given to wait(), in its order.
struct WaitSets {
    std::vector<std::size_t> done;
    std::vector<std::size_t> pending;

    WaitSets() {}
};

namespace detail {

inline constexpr Duration no_timeout = Duration::max();

/// Counts the ends that a wait() has seen and wakes it when they suffice.
class WaitCount {
public:
    WaitCount(ReturnWhen when, std::size_t tasks) noexcept : when_(when), left_(tasks) {}

    void ended(bool well) noexcept {
        --left_;
        enough_ = enough_ || left_ == 0 || when_ == ReturnWhen::first_completed ||
                  (when_ == ReturnWhen::first_error && !well);
        if (enough_) {
            waiters_.wake_all();
        }
    }
    class [[nodiscard]] Wait : ListWaiter {
    public:
        explicit Wait(WaitCount& count) noexcept : count_(&count) {}
        bool await_ready() noexcept { return !current_is_cancelled() && count_->is_enough(); }
        void await_suspend(Awaiting awaiting) noexcept {
            park_in(count_->waiters_, awaiting, leaf);
        }
        void await_resume() noexcept {}

    private:
        static constexpr LeafKind leaf{&ListWaiter::leave, "wait"};
        WaitCount* count_;
    };

private:
    bool is_enough() const noexcept { return enough_ || left_ == 0; }

    ReturnWhen when_;
    std::size_t left_;
    bool enough_ = false;
    WaitList waiters_;
};

template <class T>
Task<> watch(TaskHandle<T>& handle, WaitCount& count) {
    co_await handle.wait();
    count.ended(handle.succeeded());
}

template <class T>
Task<WaitSets> wait_task(std::vector<TaskHandle<T>*> handles, ReturnWhen when, Duration limit) {
    WaitCount count(when, handles.size());
    auto block = task_group([&](TaskGroup& group) -> Task<> {
        for (TaskHandle<T>* handle : handles) {
            if (handle->done()) {
                count.ended(handle->succeeded());
            } else {
                group.spawn(watch<T>(*handle, count));
            }
        }
        if (limit == no_timeout) {
            co_await WaitCount::Wait(count);
        } else {
            co_await move_on_after(limit, WaitCount::Wait(count));
        }
        group.cancel();
    });
    co_await block;
    WaitSets sets;
    for (std::size_t index = 0; index < handles.size(); ++index) {
        (handles[index]->done() ? sets.done : sets.pending).push_back(index);
    }
    co_return sets;
}

}  // namespace detail

/// Waits for the tasks behind `handles` as `when` says, at most for `limit`; gives the positions of
/// those that ended and of those that did not. Cancels nobody and throws no task's error: await the
/// handles for that. asyncio.wait.
///
/// Lifetime: the handles stay where they are until it returns.
/// Cancellation: leaves the tasks alone.
template <std::ranges::forward_range Handles>
Task<WaitSets> wait(Handles& handles, ReturnWhen when = ReturnWhen::all_completed,
                    Duration limit = detail::no_timeout) {
    using HandleType = std::ranges::range_value_t<Handles>;
    std::vector<HandleType*> pointers;
    for (HandleType& handle : handles) {
        pointers.push_back(&handle);
    }
    return detail::wait_task(std::move(pointers), when, limit);
}

}  // namespace rondo
