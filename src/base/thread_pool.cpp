// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.hpp"

#include <system_error>
#include <utility>

#include "base/thread.hpp"

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

bool ThreadPool::start_thread() noexcept {
    try {
        threads_.push_back(start_without_signals(name_, [this] { work(); }));
    } catch (const std::system_error&) {
        return false;
    }
    return true;
}

void ThreadPool::work() noexcept {
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
