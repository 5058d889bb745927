// SPDX-License-Identifier: Apache-2.0
#include "driver/epoll/file_pool.hpp"

#include <cerrno>
#include <new>
#include <utility>

#include "driver/kernel_calls.hpp"

namespace rondo::detail {
namespace {

constexpr std::size_t threads_max = 4;

}  // namespace

FilePool::Transfer* FilePool::make_transfer() noexcept {
    try {
        if (threads_ == nullptr) {
            threads_ = std::make_unique<ThreadPool>(threads_max, "rondo-file");
        }
        if (first_free_ == nullptr) {
            Transfer& transfer = transfers_.emplace_back();
            transfer.run = &FilePool::run;
            transfer.pool = this;
            transfer.slot = static_cast<std::uint32_t>(transfers_.size() - 1);
            return &transfer;
        }
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    return std::exchange(first_free_, first_free_->next_free);
}

void FilePool::free(Transfer& transfer) noexcept {
    transfer.operation = nullptr;
    transfer.next_free = first_free_;
    first_free_ = &transfer;
}

int FilePool::submit(Operation& operation) noexcept {
    Transfer* transfer = make_transfer();
    if (transfer == nullptr) {
        return -ENOMEM;
    }
    transfer->operation = &operation;
    operation.slot = transfer->slot;
    if (!threads_->submit(*transfer)) {
        free(*transfer);
        return -EAGAIN;
    }
    return 0;
}

bool FilePool::take_back(Operation& operation) noexcept {
    Transfer& transfer = transfers_[operation.slot];
    if (!threads_->try_cancel(transfer)) {
        return false;
    }
    free(transfer);
    return true;
}

void FilePool::run(Job& job) noexcept {
    auto& transfer = static_cast<Transfer&>(job);
    transfer.result = transfer_blocking(*transfer.operation);
    transfer.next_ended = nullptr;
    FilePool& pool = *transfer.pool;
    const std::lock_guard lock(pool.mutex_);
    *pool.last_ended_ = &transfer;
    pool.last_ended_ = &transfer.next_ended;
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
    Transfer& transfer = *std::exchange(reaped_, reaped_->next_ended);
    Operation& operation = *transfer.operation;
    operation.result = transfer.result;
    free(transfer);
    return &operation;
}

}  // namespace rondo::detail
