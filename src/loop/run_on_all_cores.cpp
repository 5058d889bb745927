// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/run_on_all_cores.hpp"

#include <pthread.h>
#include <semaphore.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>

#include "base/cpus.hpp"
#include "loop/signals.hpp"
#include "rondo/coro/errors.hpp"

namespace rondo::detail {
namespace {

// What the waiting thread is woken by: the end of a core, or a signal. A POSIX semaphore, since a
// signal handler may post it.
class Bell : public SignalTarget {
public:
    Bell() noexcept
        : SignalTarget([](SignalTarget& target, int signal) noexcept {
              auto& self = static_cast<Bell&>(target);
              self.signal_.store(signal);
              self.ring();
          }) {
        sem_init(&semaphore_, 0, 0);
    }
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;
    ~Bell() { sem_destroy(&semaphore_); }

    void ring() noexcept { sem_post(&semaphore_); }
    void wait() noexcept {
        while (sem_wait(&semaphore_) != 0 && errno == EINTR) {
        }
    }
    /// The first signal that came, or 0.
    int signal() const noexcept { return signal_.load(); }

private:
    sem_t semaphore_;
    std::atomic<int> signal_{0};
};

class Cores {
public:
    Cores(const AllCoresOptions& options, unsigned count, CoreBody body)
        : options_(options), body_(body), count_(count) {
        options_.run.handle_signals = false;
        if (options.pin) {
            cpus_ = usable_cpus();
        }
        threads_.reserve(count);
        loops_.reserve(count);
    }

    /// Returns when every thread has ended.
    void run(bool handle_signals);
    void throw_failure();

private:
    void start(unsigned core) noexcept;
    void work(unsigned core) noexcept;
    void run_loop(unsigned core);
    void join_in(LoopHandle loop);
    void stop_all(Reason reason) noexcept;
    void stop_loops(Reason reason) noexcept;
    void fail(std::exception_ptr error, SuppressedErrors held_back) noexcept;
    void stopped(std::exception_ptr error) noexcept;

    AllCoresOptions options_;
    CoreBody body_;
    unsigned count_;
    std::vector<unsigned> cpus_;
    Bell bell_;
    std::vector<std::thread> threads_;

    std::mutex mutex_;  ///< guards what follows
    std::vector<LoopHandle> loops_;
    Reason stopping_ = Reason::none;
    unsigned left_ = 0;
    bool some_stopped_ = false;
    std::exception_ptr first_;
    SuppressedErrors others_;
};

void Cores::run(bool handle_signals) {
    const SignalGuard guard(bell_, handle_signals);
    for (unsigned core = 0; core < count_; ++core) {
        start(core);
    }
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (left_ == 0) {
                break;
            }
        }
        bell_.wait();
        if (bell_.signal() != 0) {
            stop_all(Reason::shutdown);
        }
    }
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void Cores::start(unsigned core) noexcept {
    {
        const std::lock_guard lock(mutex_);
        ++left_;
    }
    std::exception_ptr failure;
    try {
        threads_.emplace_back([this, core] { work(core); });
    } catch (const std::system_error& error) {
        failure = std::make_exception_ptr(
            Error("run_on_all_cores", "a new thread", error.code().value()));
    } catch (const std::bad_alloc&) {
        failure = std::current_exception();
    }
    if (failure != nullptr) {
        fail(std::move(failure), {});
        const std::lock_guard lock(mutex_);
        --left_;
    }
}

void Cores::work(unsigned core) noexcept {
    pthread_setname_np(pthread_self(), ("rondo-core-" + std::to_string(core)).c_str());
    if (!cpus_.empty()) {
        pin_this_thread(cpus_[core % cpus_.size()]);
    }
    try {
        run_loop(core);
    } catch (...) {
        fail(std::current_exception(), {});
    }
    {
        const std::lock_guard lock(mutex_);
        --left_;
    }
    bell_.ring();
}

void Cores::run_loop(unsigned core) {
    Runner runner(options_.run);
    join_in(runner.loop().handle());
    try {
        body_.run(body_.self, core, runner);
    } catch (const Cancelled&) {
        stopped(std::current_exception());
    } catch (...) {
        // Asked for here: what is held back belongs to this thread, and is thrown on another.
        fail(std::current_exception(), suppressed_errors());
    }
}

// The handle stays good after its loop has ended, so nobody leaves.
void Cores::join_in(LoopHandle loop) {
    const std::lock_guard lock(mutex_);
    loops_.push_back(std::move(loop));
    if (stopping_ != Reason::none) {
        stop_loops(stopping_);
    }
}

void Cores::stop_all(Reason reason) noexcept {
    const std::lock_guard lock(mutex_);
    stop_loops(reason);
}

void Cores::stop_loops(Reason reason) noexcept {
    if (stopping_ == Reason::none) {
        stopping_ = reason;
    }
    for (const LoopHandle& loop : loops_) {
        stop_loop(loop, stopping_);
    }
}

void Cores::fail(std::exception_ptr error, SuppressedErrors held_back) noexcept {
    const std::lock_guard lock(mutex_);
    if (first_ == nullptr) {
        first_ = std::move(error);
        stop_loops(Reason::sibling);
    } else {
        others_.push_back(std::move(error));
    }
    others_.insert(others_.end(), held_back.begin(), held_back.end());
}

void Cores::stopped(std::exception_ptr error) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_ != Reason::none) {
            some_stopped_ = true;
            return;
        }
    }
    fail(std::move(error), {});
}

void Cores::throw_failure() {
    if (first_ != nullptr) {
        throw_with_suppressed(std::move(first_), std::move(others_));
    }
    if (some_stopped_) {
        throw_interrupted(bell_.signal());
    }
}

}  // namespace

unsigned count_cores(const AllCoresOptions& options) {
    if (probe_drivers(DriverOptions{options.run.driver}).chosen == DriverKind::sim) {
        return 1;
    }
    return options.threads != 0 ? options.threads : static_cast<unsigned>(usable_cpus().size());
}

void run_cores(const AllCoresOptions& options, unsigned count, CoreBody body) {
    RONDO_REQUIRE(local.loop == nullptr,
                  "a loop runs on this thread already: run_on_all_cores() inside run()");
    Cores cores(options, count, body);
    cores.run(options.run.handle_signals);
    cores.throw_failure();
}

}  // namespace rondo::detail
