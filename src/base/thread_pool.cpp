// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace rondo::detail {
namespace {

/// A clock's time and this do not overflow.
constexpr std::chrono::nanoseconds longest_wait = std::chrono::hours(24 * 365 * 100);

struct Worker {
    std::thread thread;
    Job* job = nullptr;  ///< one that can be abandoned, while it runs
    bool abandoned = false;
    bool ended = false;
};

}  // namespace

class ThreadPool::Shared {
public:
    Shared(std::size_t threads_max, std::string name, ThreadSignals signals)
        : threads_max_(threads_max), name_(std::move(name)), signals_(signals) {}

    bool submit(Job& job, const std::shared_ptr<Shared>& self) noexcept;
    bool try_cancel(Job& job) noexcept;
    bool try_abandon(Job& job, std::size_t max, const std::shared_ptr<Shared>& self) noexcept;
    std::size_t abandoned() noexcept {
        const std::lock_guard lock(mutex_);
        return abandoned_;
    }
    /// Null: without bound.
    std::size_t close(const std::chrono::nanoseconds* grace) noexcept;

private:
    using Lock = std::unique_lock<std::mutex>;

    std::size_t allowed() const noexcept { return threads_max_ + abandoned_; }
    bool start_worker(const std::shared_ptr<Shared>& self) noexcept;
    void join_ended() noexcept;
    void work(Worker& worker) noexcept;
    Job* next_job(Lock& lock) noexcept;
    void unlink(Job& job) noexcept;
    void run(Job& job, Worker& worker, Lock& lock) noexcept;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable ended_;
    Job* first_ = nullptr;
    Job** last_ = &first_;
    std::size_t idle_ = 0;
    std::size_t queued_ = 0;
    std::size_t alive_ = 0;
    std::size_t running_ = 0;  ///< threads inside a job
    std::size_t abandoned_ = 0;
    bool closing_ = false;
    std::size_t threads_max_;
    std::string name_;
    ThreadSignals signals_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

bool ThreadPool::Shared::submit(Job& job, const std::shared_ptr<Shared>& self) noexcept {
    const std::lock_guard lock(mutex_);
    if (idle_ <= queued_ && alive_ < allowed() && !start_worker(self) && alive_ == abandoned_) {
        return false;
    }
    job.next = nullptr;
    job.link = last_;
    *last_ = &job;
    last_ = &job.next;
    ++queued_;
    wake_.notify_one();
    return true;
}

void ThreadPool::Shared::unlink(Job& job) noexcept {
    Job** const link = std::exchange(job.link, nullptr);
    *link = job.next;
    (job.next != nullptr ? job.next->link : last_) = link;
    --queued_;
}

bool ThreadPool::Shared::try_cancel(Job& job) noexcept {
    const std::lock_guard lock(mutex_);
    if (job.link == nullptr) {
        return false;
    }
    unlink(job);
    return true;
}

// Its thread may never come back: another one takes its place, for the jobs that wait, too.
bool ThreadPool::Shared::try_abandon(Job& job, std::size_t max,
                                     const std::shared_ptr<Shared>& self) noexcept {
    const std::lock_guard lock(mutex_);
    if (abandoned_ >= max) {
        return false;
    }
    for (const std::unique_ptr<Worker>& worker : workers_) {
        if (worker->job == &job) {
            worker->job = nullptr;
            worker->abandoned = true;
            ++abandoned_;
            if (queued_ > idle_) {
                start_worker(self);
            }
            return true;
        }
    }
    return false;
}

bool ThreadPool::Shared::start_worker(const std::shared_ptr<Shared>& self) noexcept {
    join_ended();
    try {
        Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
        worker.thread = start_thread(name_, signals_, [self, &worker] { self->work(worker); });
        ++alive_;
        return true;
    } catch (const std::exception&) {
        if (!workers_.empty() && !workers_.back()->thread.joinable()) {
            workers_.pop_back();
        }
        return false;
    }
}

void ThreadPool::Shared::join_ended() noexcept {
    std::erase_if(workers_, [](const std::unique_ptr<Worker>& worker) {
        if (worker->ended) {
            worker->thread.join();
        }
        return worker->ended;
    });
}

void ThreadPool::Shared::work(Worker& worker) noexcept {
    Lock lock(mutex_);
    while (Job* const job = next_job(lock)) {
        run(*job, worker, lock);
    }
    --alive_;
    worker.ended = true;
    ended_.notify_all();
}

// Null: this thread is to end, because the pool does, or since an abandoned one came back.
Job* ThreadPool::Shared::next_job(Lock& lock) noexcept {
    while (first_ == nullptr) {
        if (closing_ || alive_ > allowed()) {
            return nullptr;
        }
        ++idle_;
        wake_.wait(lock);
        --idle_;
    }
    if (alive_ > allowed()) {
        wake_.notify_one();
        return nullptr;
    }
    Job& job = *first_;
    unlink(job);
    return &job;
}

void ThreadPool::Shared::run(Job& job, Worker& worker, Lock& lock) noexcept {
    ++running_;
    if (closing_) {
        ended_.notify_all();
    }
    const auto ended = job.ended;
    worker.job = ended != nullptr ? &job : nullptr;
    lock.unlock();
    job.run(job);
    if (ended != nullptr) {
        lock.lock();
        worker.job = nullptr;
        const bool abandoned = worker.abandoned;
        lock.unlock();
        ended(job, abandoned);
    }
    lock.lock();
    --running_;
    if (std::exchange(worker.abandoned, false)) {
        --abandoned_;
    }
}

std::size_t ThreadPool::Shared::close(const std::chrono::nanoseconds* grace) noexcept {
    Lock lock(mutex_);
    closing_ = true;
    wake_.notify_all();
    const auto all_ended = [this] { return alive_ == 0; };
    if (grace == nullptr || *grace > longest_wait) {
        ended_.wait(lock, all_ended);
    } else {
        ended_.wait_for(lock, *grace, all_ended);
        ended_.wait(lock, [this] { return alive_ == running_; });
    }
    const std::size_t left = alive_;
    for (const std::unique_ptr<Worker>& worker : workers_) {
        if (!worker->ended) {
            worker->thread.detach();
        }
    }
    join_ended();
    return left;
}

ThreadPool::ThreadPool(std::size_t threads_max, std::string name, ThreadSignals signals)
    : shared_(std::make_shared<Shared>(threads_max, std::move(name), signals)) {}

ThreadPool::~ThreadPool() {
    if (shared_ != nullptr) {
        shared_->close(nullptr);
    }
}

bool ThreadPool::submit(Job& job) noexcept { return shared_->submit(job, shared_); }

bool ThreadPool::try_cancel(Job& job) noexcept { return shared_->try_cancel(job); }

bool ThreadPool::try_abandon(Job& job, std::size_t max) noexcept {
    return shared_->try_abandon(job, max, shared_);
}

std::size_t ThreadPool::abandoned() const noexcept { return shared_->abandoned(); }

std::size_t ThreadPool::close_within(std::chrono::nanoseconds grace) noexcept {
    return std::exchange(shared_, nullptr)->close(&grace);
}

}  // namespace rondo::detail
