// SPDX-License-Identifier: Apache-2.0
/// Blocking calls that need not be waited for.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "rondo/base/job.hpp"
#include "rondo/coro/awaiter.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/loop/to_thread.hpp"

namespace rondo {

/// First argument of to_thread: when the await is cancelled, the call runs on by itself.
struct AbandonOnCancel {};
inline constexpr AbandonOnCancel abandon_on_cancel{};

namespace detail {

class AbandonableCall;
class Context;

/// The call, with all it needs and what it gives, in a block of its own. It belongs to the chain
/// that waits, or once abandoned to its thread.
class OwnedCall : public Job, public Callback {
public:
    OwnedCall() = default;
    OwnedCall(const OwnedCall&) = delete;
    OwnedCall& operator=(const OwnedCall&) = delete;
    virtual ~OwnedCall() = default;
    virtual void call() noexcept = 0;

private:
    friend class AbandonableCall;
    AbandonableCall* waiter_ = nullptr;  ///< the loop's thread only
    std::shared_ptr<Inbox> inbox_;
    std::shared_ptr<const Context> context_;
};

/// A chain that waits for an OwnedCall; untyped half.
class AbandonableCall : Leaf {
public:
    bool await_ready() noexcept { return false; }
    void await_suspend(Awaiting frame) noexcept;

protected:
    explicit AbandonableCall(std::unique_ptr<OwnedCall> call) noexcept : call_(std::move(call)) {}
    AbandonableCall(AbandonableCall&&) noexcept = default;
    ~AbandonableCall() = default;
    /// Throws when no thread could be had.
    OwnedCall& ended_call() const;

private:
    void start() noexcept;
    void start_on_loop(EventLoop& loop) noexcept;
    void finished() noexcept;
    static void run_on_thread(Job& job) noexcept;
    static void ended_on_thread(Job& job, bool abandoned) noexcept;
    static void poke(Leaf& at, Scope& scope) noexcept;
    static const LeafKind leaf;

    std::unique_ptr<OwnedCall> call_;
    Scope* scope_ = nullptr;
    bool submitted_ = false;
    bool dropped_ = false;  ///< cancelled before it started on the loop
    int error_ = 0;         ///< the errno of why no thread took it
};

template <class F, class... Args>
class OwnedCallOf final : public OwnedCall, public StoredCall<F, Args...> {
public:
    using StoredCall<F, Args...>::StoredCall;
    void call() noexcept override { StoredCall<F, Args...>::call(); }
};

template <class F, class... Args>
class [[nodiscard]] ToOwnThread : public AbandonableCall {
    using Call = OwnedCallOf<F, Args...>;

public:
    template <class... Given>
    explicit ToOwnThread(std::in_place_t, Given&&... given)
        : AbandonableCall(std::make_unique<Call>(std::in_place, std::forward<Given>(given)...)) {}
    ToOwnThread(ToOwnThread&&) noexcept = default;

    typename Call::result_type await_resume() { return static_cast<Call&>(ended_call()).take(); }
};

}  // namespace detail

/// Calls `function(args...)` as to_thread() does, for calls that may block for long and cannot be
/// interrupted: when the await is cancelled while the call runs, it stops at once, and the call is
/// *abandoned*. It goes on; its result or error is dropped; function, arguments and result are
/// destroyed on its thread.
///
/// LoopStats::abandoned_jobs counts the calls that run on, RunOptions::threads_abandoned_max limits
/// them. At the limit, and in the simulation, it is to_thread(): the stop waits.
///
/// Lifetime: function and arguments are stored. What they refer to, std::ref included, must live
/// until the call itself has ended, which may be after run().
/// Cancellation: an abandoned call had, or will have, whatever effect it has.
/// Errors: as to_thread().
template <class F, class... Args>
    requires std::is_invocable_v<std::decay_t<F>&&, std::decay_t<Args>&&...>
auto to_thread(AbandonOnCancel, F&& function, Args&&... args) {
    return detail::ToOwnThread<std::decay_t<F>, std::decay_t<Args>...>(
        std::in_place, std::forward<F>(function), std::forward<Args>(args)...);
}

}  // namespace rondo
