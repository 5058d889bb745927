// SPDX-License-Identifier: Apache-2.0
#include "driver/file_pool.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "driver/file_calls.hpp"

namespace rondo::detail {
namespace {

constexpr std::size_t threads_max = 4;

}  // namespace

FilePool::Call* FilePool::make_call() noexcept {
    try {
        if (threads_ == nullptr) {
            threads_ = std::make_unique<ThreadPool>(threads_max, "rondo-file");
        }
        if (first_free_ == nullptr) {
            Call& call = calls_.emplace_back();
            call.run = &FilePool::run;
            call.pool = this;
            call.slot = static_cast<std::uint32_t>(calls_.size() - 1);
            return &call;
        }
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    return std::exchange(first_free_, first_free_->next_free);
}

void FilePool::free(Call& call) noexcept {
    call.operation = nullptr;
    call.next_free = first_free_;
    first_free_ = &call;
}

int FilePool::submit(Operation& operation) noexcept {
    Call* call = make_call();
    if (call == nullptr) {
        return -ENOMEM;
    }
    call->operation = &operation;
    operation.slot = call->slot;
    if (!threads_->submit(*call)) {
        free(*call);
        return -EAGAIN;
    }
    return 0;
}

bool FilePool::take_back(Operation& operation) noexcept {
    Call& call = calls_[operation.slot];
    if (!threads_->try_cancel(call)) {
        return false;
    }
    free(call);
    return true;
}

void FilePool::run(Job& job) noexcept {
    auto& call = static_cast<Call&>(job);
    call.result = call_blocking(*call.operation);
    call.next_ended = nullptr;
    FilePool& pool = *call.pool;
    const std::lock_guard lock(pool.mutex_);
    *pool.last_ended_ = &call;
    pool.last_ended_ = &call.next_ended;
    pool.wake_.raise();
}

Operation* FilePool::next_ended() noexcept {
    if (reaped_ == nullptr) {
        if (threads_ == nullptr) {
            return nullptr;
        }
        const std::lock_guard lock(mutex_);
        reaped_ = std::exchange(ended_, nullptr);
        last_ended_ = &ended_;
        if (reaped_ == nullptr) {
            return nullptr;
        }
    }
    Call& call = *std::exchange(reaped_, reaped_->next_ended);
    Operation& operation = *call.operation;
    operation.result = call.result;
    free(call);
    return &operation;
}

}  // namespace rondo::detail
