// SPDX-License-Identifier: Apache-2.0
// A bounded pool of threads that runs intrusive jobs in order of submission.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rondo::detail {

/// What a ThreadPool runs. The owner keeps it alive until run() was entered or try_cancel() took it
/// back; run() may end its life.
struct Job {
    Job* next = nullptr;
    void (*run)(Job&) noexcept = nullptr;
};

/// At most `threads_max` threads, each started when a job finds no idle one. Thread-safe.
class ThreadPool {
public:
    ThreadPool(std::size_t threads_max, std::string name);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    /// Runs what is still queued, then joins the threads.
    ~ThreadPool();

    /// Errors: false when no thread runs and none could be started; the job was not taken.
    bool submit(Job& job) noexcept;

    /// True: `job` was still queued and will not run.
    bool try_cancel(Job& job) noexcept;

private:
    void work() noexcept;
    bool start_thread() noexcept;

    std::mutex mutex_;
    std::condition_variable wake_;
    Job* first_ = nullptr;
    Job** last_ = &first_;
    std::size_t idle_ = 0;
    std::size_t queued_ = 0;
    bool closing_ = false;
    std::size_t threads_max_;
    std::string name_;
    std::vector<std::thread> threads_;
};

}  // namespace rondo::detail
