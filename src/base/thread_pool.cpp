// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.hpp"

#include <pthread.h>

#include <csignal>
#include <system_error>
#include <utility>

namespace rondo::detail {

ThreadPool::ThreadPool(std::size_t threads_max, std::string name)
    : threads_max_(threads_max), name_(std::move(name)) {
    threads_.reserve(threads_max_);
}

ThreadPool::~ThreadPool() {
    {
        std::lock_guard lock(mutex_);
        closing_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

bool ThreadPool::submit(Job& job) noexcept {
    std::lock_guard lock(mutex_);
    if (idle_ <= queued_ && threads_.size() < threads_max_ && !start_thread() && threads_.empty()) {
        return false;
    }
    job.next = nullptr;
    *last_ = &job;
    last_ = &job.next;
    ++queued_;
    wake_.notify_one();
    return true;
}

bool ThreadPool::try_cancel(Job& job) noexcept {
    std::lock_guard lock(mutex_);
    for (Job** at = &first_; *at != nullptr; at = &(*at)->next) {
        if (*at == &job) {
            *at = job.next;
            if (last_ == &job.next) {
                last_ = at;
            }
            --queued_;
            return true;
        }
    }
    return false;
}

// Signals are for the program's own threads: a pool thread blocks them all, so that SIGINT never
// interrupts a job.
bool ThreadPool::start_thread() noexcept {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = true;
    try {
        threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
        started = false;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return started;
}

void ThreadPool::work() noexcept {
    pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
    std::unique_lock lock(mutex_);
    for (;;) {
        while (first_ == nullptr) {
            if (closing_) {
                return;
            }
            ++idle_;
            wake_.wait(lock);
            --idle_;
        }
        Job& job = *first_;
        first_ = job.next;
        if (first_ == nullptr) {
            last_ = &first_;
        }
        --queued_;
        lock.unlock();
        job.run(job);
        lock.lock();
    }
}

}  // namespace rondo::detail
