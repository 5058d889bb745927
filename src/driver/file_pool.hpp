// SPDX-License-Identifier: Apache-2.0
/// Completion kinds whose calls would block the loop's thread, on threads of their own.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "base/thread_pool.hpp"
#include "driver/wake_signal.hpp"
#include "rondo/loop/operation.hpp"

namespace rondo::detail {

/// All calls on the loop's thread. The threads start with the first operation.
class FilePool {
public:
    explicit FilePool(WakeSignal& wake) : wake_(wake) {}
    FilePool(const FilePool&) = delete;
    FilePool& operator=(const FilePool&) = delete;

    /// 0: the operation is lent to the pool, and the wake signal is raised when it ended. Else the
    /// -errno of why not.
    int submit(Operation& operation) noexcept;

    /// True: no thread had begun with `operation`, and none will.
    bool take_back(Operation& operation) noexcept;

    /// An operation that ended, with its result, or nullptr.
    Operation* next_ended() noexcept;

private:
    struct Call : Job {
        FilePool* pool = nullptr;
        Operation* operation = nullptr;
        Call* next_free = nullptr;
        Call* next_ended = nullptr;
        int result = 0;
        std::uint32_t slot = 0;
    };

    Call* make_call() noexcept;
    void free(Call& call) noexcept;
    static void run(Job& job) noexcept;

    WakeSignal& wake_;
    std::deque<Call> calls_;  ///< indexed by Operation::slot
    Call* first_free_ = nullptr;
    Call* reaped_ = nullptr;  ///< ended, in order, taken from ended_

    std::mutex mutex_;
    Call* ended_ = nullptr;
    Call** last_ended_ = &ended_;

    std::unique_ptr<ThreadPool> threads_;  // last: joined before what its jobs use goes away
};

}  // namespace rondo::detail
