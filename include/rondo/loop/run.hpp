// SPDX-License-Identifier: Apache-2.0
/// run(): the way in.
#pragma once

#include <type_traits>
#include <utility>

#include "rondo/coro/result_scope.hpp"
#include "rondo/coro/starter.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo {

/// What run() throws when SIGINT or SIGTERM cancelled the main task. When nobody catches it the
/// program ends with 128 + signal, as a shell expects of an interrupted program.
class Interrupted : public Cancelled {
public:
    explicit Interrupted(int signal) : Cancelled(Reason::shutdown), signal_(signal) {}
    const char* what() const noexcept override { return "interrupted by a signal"; }
    int signal() const noexcept { return signal_; }

private:
    int signal_;
};

namespace detail {

/// The scope of the main task.
template <class T, class S>
struct MainScope : ResultScope<T> {
    S starter;

    template <class F>
    explicit MainScope(std::in_place_t, F&& given)
        : starter(std::in_place, std::forward<F>(given)) {}

    void start(EventLoop& loop) {
        this->kind = &main_kind;
        this->frame = starter.start();
        this->state = ScopeState::queued;
        this->attach(loop.root());
        ++loop.root().left;
        local.push(*this);
    }

private:
    static Scope* on(Scope& scope, ScopeEvent event) {
        auto& main = static_cast<MainScope&>(scope);
        if (event == ScopeEvent::stopped) {
            main.state = ScopeState::stopped;
        } else {
            main.take(main.frame);
        }
        main.detach();
        current_loop().main_ended();
        return nullptr;
    }
    static constexpr ScopeKind main_kind{&on, "main", true};
};

[[noreturn]] void throw_stopped(const EventLoop& loop, Reason reason);

}  // namespace detail

/// A loop for several runs, one after the other, on one thread: asyncio.Runner. What create_task
/// started stays between runs, and goes on in the next one, until close().
class Runner {
public:
    /// Requires: no loop runs on this thread; from now until the end of the Runner this one does.
    /// Errors: Error, when the driver asked for cannot be had.
    explicit Runner(RunOptions options = {});
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;
    /// Closes.
    ~Runner();

    /// Runs `main` as rondo::run() does, but leaves other tasks as they are. Requires: this Runner
    /// was not closed, and does not run already.
    template <class F>
        requires detail::Startable<F>
    detail::result_of_start<F> run(F&& main) {
        MainOf<F> scope(std::in_place, std::forward<F>(main));
        scope.start(loop_);
        run_main(scope, false);
        return result_of(scope);
    }

    /// Runs `main`, closes, and then gives its result. Requires: as run().
    template <class F>
        requires detail::Startable<F>
    detail::result_of_start<F> run_and_close(F&& main) {
        MainOf<F> scope(std::in_place, std::forward<F>(main));
        scope.start(loop_);
        run_main(scope, true);
        return result_of(scope);
    }

    /// Cancels and awaits what is left. Idempotent. Requires: not called from inside run().
    void close() noexcept;

    EventLoop& loop() noexcept { return loop_; }

private:
    template <class F>
    using MainOf = detail::MainScope<detail::result_of_start<F>, detail::StarterOf<F>>;

    void run_main(detail::Scope& main, bool then_close);

    template <class T, class S>
    T result_of(detail::MainScope<T, S>& scope) {
        loop_.throw_deadlock();
        if (scope.state == detail::ScopeState::stopped) {
            detail::throw_stopped(loop_, scope.reason);
        }
        if constexpr (std::is_void_v<T>) {
            scope.get();
        } else {
            return scope.get();
        }
    }

    EventLoop loop_;
    bool handle_signals_;
    bool running_ = false;
    bool closed_ = false;
};

/// Runs an event loop on this thread until `main` ended, and gives its result. `main` is a task, or
/// what else gather takes. When it ended, the create_task tasks that are left are cancelled and
/// awaited; nothing outlives run().
///
/// SIGINT (Ctrl-C) and SIGTERM: the first cancels the main task, so that destructors and finally()
/// run; a second one exits at once with 128 + signal.
///
/// Requires: no loop runs on this thread.
/// Errors: throws what `main` threw; Interrupted; Cancelled, when `main` was stopped otherwise;
/// Deadlock (simulation); Error, when the driver asked for cannot be had.
template <class F>
    requires detail::Startable<F>
detail::result_of_start<F> run(F&& main, RunOptions options = {}) {
    Runner runner(options);
    return runner.run_and_close(std::forward<F>(main));
}

}  // namespace rondo
