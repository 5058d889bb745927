// SPDX-License-Identifier: Apache-2.0
/// EventLoop: what turns tasks and I/O on one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/base/error.hpp"
#include "rondo/base/fork.hpp"
#include "rondo/base/time.hpp"
#include "rondo/base/unique_function.hpp"
#include "rondo/coro/group.hpp"
#include "rondo/loop/driver.hpp"
#include "rondo/loop/inbox.hpp"
#include "rondo/loop/timer.hpp"

namespace rondo {

/// How run() runs. Members are trivially destructible: safe in any call on g++ 12.
struct RunOptions {
    DriverKind driver = DriverKind::automatic;
    Schedule schedule = Schedule::fifo;  ///< simulation; sim::Options has more
    std::uint64_t seed = 1;              ///< simulation
    bool handle_signals = true;          ///< SIGINT and SIGTERM cancel the main task, see run()
    /// Also RONDO_DEBUG=1: reports tasks that were never awaited, that block the loop, or that are
    /// left when it ends, and notes since when tasks wait; see set_report_handler().
    bool debug = false;
    /// Debugging: who keeps the loop that long between two awaits is reported. asyncio's
    /// slow_callback_duration.
    Duration slow_callback = std::chrono::milliseconds(100);
    unsigned threads_max = 0;  ///< of to_thread; 0: processors + 4, at most 32
    /// Calls of to_thread(abandon_on_cancel, …) that may run on after their await was cancelled,
    /// each on a thread beyond threads_max. While so many do, a further cancel waits for its call.
    unsigned threads_abandoned_max = 16;
    /// Once tasks were asked to stop, by a signal or by the end of the main task, how long shields
    /// may hold that off; then they are cancelled too. A shield or cleanup that begins only then
    /// has once more as long, at most. The end of the loop waits as long for abandoned thread jobs;
    /// then it leaves their threads behind, and says so on stderr.
    Duration grace = std::chrono::seconds(10);
};

namespace detail {

class DebugWatch;
class ThreadPool;
struct Job;

/// What a higher module keeps with a loop: see loop_local.hpp.
struct LoopLocal {
    LoopLocal() = default;
    LoopLocal(const LoopLocal&) = delete;
    LoopLocal& operator=(const LoopLocal&) = delete;
    virtual ~LoopLocal() = default;
};

/// An Operation that a parked chain waits for.
struct PendingOperation : Operation, Leaf {
    Scope* scope = nullptr;
};

}  // namespace detail

namespace detail {

/// Somebody on the loop's thread who waits for signals; in a list of the loop's.
struct SignalReceiver {
    SignalReceiver* next = nullptr;
    SignalReceiver** link = nullptr;
    void (*on_signals)(SignalReceiver&) noexcept = nullptr;  ///< may only wake
};

}  // namespace detail

/// Counts for tests and monitors; all zero in an idle loop but for its main task.
struct LoopStats {
    std::size_t operations = 0;      ///< in flight in the driver
    std::size_t timers = 0;          ///< armed
    std::size_t thread_jobs = 0;     ///< of to_thread: queued or running, and awaited
    std::size_t abandoned_jobs = 0;  ///< of to_thread: still running, awaited by nobody
    std::size_t tasks = 0;           ///< children of the root: the main task and create_task's
    long frames = 0;                 ///< coroutine frames and task nodes alive on this thread
};

/// One loop, on the thread that made it. Programs use run(); inside it, `current_loop()` is this.
class EventLoop {
public:
    explicit EventLoop(const RunOptions& options = {});
    /// On a driver of the caller's making, whatever `options.driver` says.
    EventLoop(std::unique_ptr<Driver> driver, const RunOptions& options);
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;
    ~EventLoop();

    /// The driver's clock: monotonic, and virtual in the simulation. asyncio's loop.time().
    TimePoint now() noexcept { return TimePoint(Duration(driver_->now())); }

    /// Runs `function` on this loop's thread, in order of arrival. Thread-safe while the loop
    /// lives; a LoopHandle is safe beyond.
    void post(UniqueFunction<void()> function);
    LoopHandle handle() const noexcept { return LoopHandle(inbox_); }

    Driver& driver() noexcept {
        fork_mark_.require_own();
        return *driver_;
    }
    LoopStats stats() const noexcept;

    /// The tree of tasks, for people: each with what it waits for (which lock and who holds it,
    /// whose result, how long until its deadline) and with its coroutines and their lines,
    /// innermost first. In a debugging loop also since when it waits.
    std::string dump_tasks();

    // For awaitables: see coro/awaiter.hpp.

    /// `timer.fire` is called once `nanoseconds` have passed, counted from the next reading of the
    /// clock (so never early). Requires: `nanoseconds` > 0.
    RONDO_INLINE void arm_after(detail::Timer& timer, std::int64_t nanoseconds) noexcept {
        timer.when = nanoseconds;
        fresh_.push(timer);
        ++timers_;
        if (++fresh_count_ >= fresh_max) [[unlikely]] {
            date_fresh_timers();
            turns_to_clock_ = 0;
        }
    }
    /// `timer.fire` is called once the driver's clock shows `when`.
    void arm_at(detail::Timer& timer, std::int64_t when) noexcept;
    RONDO_INLINE void disarm(detail::Timer& timer) noexcept {
        timer.unlink();
        --timers_;
    }
    /// The deadline of an armed timer, as absolute time.
    std::int64_t deadline_of(const detail::Timer& timer) noexcept;

    /// Runs `callback.run` in the next turn.
    void call_soon(detail::Callback& callback) noexcept {
        callback.next = nullptr;
        *soon_tail_ = &callback;
        soon_tail_ = &callback.next;
    }
    /// An operation announced as runnable: performed, and its chain resumed, in the next turn.
    void perform_soon(Operation& operation) noexcept {
        operation.next = nullptr;
        *runnable_tail_ = &operation;
        runnable_tail_ = &operation.next;
    }
    /// Calls `receiver.on_signals` after some SignalWatch of this loop has counted one.
    void add(detail::SignalReceiver& receiver) noexcept;
    static void remove(detail::SignalReceiver& receiver) noexcept;
    detail::ThreadPool& thread_pool();
    /// 0, or the errno of why no thread takes `job`.
    int start_job(detail::Job& job) noexcept;
    unsigned threads_abandoned_max() const noexcept { return threads_abandoned_max_; }
    detail::Inbox& inbox() noexcept { return *inbox_; }
    std::shared_ptr<detail::Inbox> shared_inbox() const noexcept { return inbox_; }
    void count_thread_job(int change) noexcept {
        thread_jobs_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(thread_jobs_) + change);
    }
    detail::Group& root() noexcept { return root_; }
    /// Where the object of this key is kept; null before it was made.
    std::unique_ptr<detail::LoopLocal>& local_at(const void* key);
    /// The scope whose chain runs now, or root(), or null on a thread of the pool.
    detail::Scope* running_scope() noexcept { return detail::local.current; }

    /// Runs until `main`, a child of root(), has ended; what else is under root() stays.
    void run_main(detail::Scope& main);
    /// Cancels everything under root(), and runs until it has ended. From now on a post is an
    /// error.
    void shut_down() noexcept;
    /// Errors: Deadlock or LimitReached, when the simulation met one since the last call.
    void throw_deadlock();
    /// How long a shield may hold off a cancel that reaches it now, whatever its own deadline.
    std::int64_t shield_limit() const noexcept;
    /// For the scope of the main task: it has ended.
    void main_ended() noexcept;
    /// The signal that cancelled the main task, or 0.
    int interrupted_by() const noexcept { return interrupted_by_; }

private:
    static constexpr int fresh_max = 64;
    static constexpr int clock_turns = 15;  ///< turns between two readings
    static constexpr int poll_turns = 64;
    static constexpr std::int64_t poll_nanoseconds = 50'000;

    /// Turn after turn, until done_.
    void run_turns();
    /// After done_, until nothing is left under root(): nothing is waited for any more.
    void run_last_turns() noexcept;

    // One turn, in this order.
    void run_ready() noexcept;
    void run_more() noexcept;
    bool is_special() const noexcept;
    bool is_busy() const noexcept;
    Driver::Time next_deadline() noexcept;
    void sleep_until(Driver::Time until);
    WaitResult wait_for_driver(Driver::Time until);
    bool poll_is_due() noexcept;
    void came_back(WaitResult result);
    void look_up();
    void run_arrived() noexcept;

    void run_unusually(detail::Scope* ready);
    void run_in_drawn_order(detail::Scope* ready);
    void add_to_drawn(detail::Scope* ready);
    detail::Scope& take_drawn(std::size_t place) noexcept;
    template <bool Watched>
    void run_one(detail::Scope& scope) noexcept;
    static void stop_skipped(detail::Scope& scope) noexcept;
    template <bool Watched>
    void run_scope(detail::Scope& scope) noexcept;
    void run_soon() noexcept;
    void run_runnable() noexcept;
    void unwind_stopped() noexcept;
    void date_fresh_timers() noexcept;
    void on_stall(WaitResult result);
    /// What a signal or LoopHandle::stop() asked for.
    void heed_requests() noexcept;
    void tell_receivers() noexcept;
    void stop_main(Reason reason) noexcept;
    void begin_grace() noexcept;
    void end_grace() noexcept;
    void force_stop() noexcept;

    void close_thread_pool() noexcept;

    static detail::Scope* on_root(detail::Scope& root, detail::ScopeEvent event);
    static const detail::ScopeKind root_kind;

    detail::ForkMark fork_mark_;
    std::unique_ptr<Driver> driver_;
    std::shared_ptr<detail::Inbox> inbox_;
    std::int64_t now_;
    detail::TimerWheel wheel_;
    detail::TimerList fresh_;  ///< relative timers since the clock was read; `when` is a duration
    int fresh_count_ = 0;
    std::size_t timers_ = 0;
    int turns_to_clock_ = clock_turns;
    int turns_since_poll_ = 0;
    std::int64_t polled_at_ = 0;

    detail::Callback* soon_ = nullptr;
    detail::Callback** soon_tail_ = &soon_;
    Operation* runnable_ = nullptr;
    Operation** runnable_tail_ = &runnable_;

    detail::Group root_;
    detail::Scope* main_ = nullptr;
    bool done_ = false;
    bool schedules_;        ///< the driver chooses the order of ready tasks
    bool unusual_ = false;  ///< schedules_, or watch_ is there
    int interrupted_by_ = 0;
    detail::SignalReceiver* receivers_ = nullptr;
    int stalls_ = 0;
    std::string stall_report_;
    bool limit_reached_ = false;  ///< that is what stall_report_ is about
    detail::Timer grace_timer_;
    bool in_grace_ = false;
    bool grace_passed_ = false;
    Duration grace_;

    std::size_t thread_jobs_ = 0;
    unsigned threads_max_;
    unsigned threads_abandoned_max_;
    std::unique_ptr<detail::DebugWatch> watch_;  ///< of a debugging loop
    std::unique_ptr<detail::ThreadPool> pool_;
    detail::PostQueue arrived_;
    std::vector<std::pair<const void*, std::unique_ptr<detail::LoopLocal>>> locals_;
    std::vector<ReadyTask> drawn_;  ///< ready tasks, of which the driver chooses
    std::size_t drawn_begin_ = 0;   ///< those before were taken
    std::uint64_t tasks_seen_ = 0;
};

/// The loop that runs on this thread. Requires: inside run().
EventLoop& current_loop() noexcept;

/// The loop's time. Requires: inside run().
inline TimePoint now() noexcept { return current_loop().now(); }

/// Simulation: every task waits, and nothing is in flight that could wake one. what() holds the
/// tree of waiting tasks.
class Deadlock : public std::exception {
public:
    explicit Deadlock(const std::string& tree);
    const char* what() const noexcept override { return what_.c_str(); }

private:
    std::string what_;
};

/// Simulation: the run took more steps, or more virtual time, than its options allow. Tasks may be
/// spinning: what() holds their tree.
class LimitReached : public std::exception {
public:
    explicit LimitReached(const std::string& tree);
    const char* what() const noexcept override { return what_.c_str(); }

private:
    std::string what_;
};

}  // namespace rondo
