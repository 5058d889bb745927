// SPDX-License-Identifier: Apache-2.0
// A bounded pool of threads that runs intrusive jobs in order of submission.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/thread.hpp"
#include "rondo/base/job.hpp"

namespace rondo::detail {

/// At most `threads_max` threads, each started when a job finds no idle one; an abandoned job's
/// thread does not count. Thread-safe.
class ThreadPool {
public:
    ThreadPool(std::size_t threads_max, std::string name,
               ThreadSignals signals = ThreadSignals::none);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    /// Runs what is still queued, then joins the threads.
    ~ThreadPool();

    /// Errors: false when no thread could take it and none could be started; it was not taken.
    bool submit(Job& job) noexcept;

    /// True: `job` was still queued and will not run. Takes constant time.
    /// Requires: it is alive.
    bool try_cancel(Job& job) noexcept;

    /// True: `job` runs, and from now on belongs to its thread alone. False: it has ended, or is
    /// not running yet, or `max` abandoned jobs run already. Requires: `job.ended`.
    bool try_abandon(Job& job, std::size_t max) noexcept;

    /// Abandoned jobs that still run.
    std::size_t abandoned() const noexcept;

    /// As the destructor, but gives up after `grace`: what runs then goes on, on threads that
    /// belong to nobody, with what they need of the pool. Returns how many these are. No more jobs.
    /// Idle threads are joined however short `grace` is.
    std::size_t close_within(std::chrono::nanoseconds grace) noexcept;

private:
    class Shared;
    std::shared_ptr<Shared> shared_;  ///< with the threads
};

}  // namespace rondo::detail
