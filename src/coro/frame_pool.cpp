// SPDX-License-Identifier: Apache-2.0
// Blocks are carved from 64 KiB slabs. A frame may be freed on another thread than it was made on
// (spawn_on moves tasks between loops), so a slab belongs to no thread and is never freed; when a
// thread ends, its free lists and the rest of its slab go to a depot that serves the next thread.
#include "rondo/coro/frame_pool.hpp"

#include <mutex>
#include <utility>
#include <vector>

#include "rondo/coro/run_state.hpp"

namespace rondo::detail {

class FrameDepot {
public:
    static FrameDepot& instance() {
        static FrameDepot* depot = new FrameDepot;  // outlives every thread
        return *depot;
    }

    /// Gives what an ended thread left; true when `pool` got something new.
    bool adopt(FramePool& pool) noexcept {
        std::lock_guard lock(mutex_);
        if (left_.empty()) {
            return false;
        }
        const Left left = left_.back();
        left_.pop_back();
        for (std::size_t index = 0; index < FramePool::classes; ++index) {
            if (pool.free_[index] == nullptr) {
                pool.free_[index] = left.free[index];
            } else if (left.free[index] != nullptr) {
                splice(pool.free_[index], left.free[index]);
            }
        }
        if (left.end - left.at > pool.end_ - pool.at_) {
            pool.at_ = left.at;
            pool.end_ = left.end;
        }
        return true;
    }

    void leave(FramePool& pool) {
        Left left;
        for (std::size_t index = 0; index < FramePool::classes; ++index) {
            left.free[index] = std::exchange(pool.free_[index], nullptr);
        }
        left.at = std::exchange(pool.at_, nullptr);
        left.end = std::exchange(pool.end_, nullptr);
        std::lock_guard lock(mutex_);
        left_.push_back(left);
    }

    char* new_slab() {
        char* slab = static_cast<char*>(::operator new(slab_bytes));
        std::lock_guard lock(mutex_);
        slabs_.push_back(slab);
        return slab;
    }

    static constexpr std::size_t slab_bytes = 64 * 1024;

private:
    struct Left {
        FramePool::Block* free[FramePool::classes];
        char* at;
        char* end;
    };

    static void splice(FramePool::Block*& into, FramePool::Block* list) noexcept {
        FramePool::Block* last = list;
        while (last->next != nullptr) {
            last = last->next;
        }
        last->next = into;
        into = list;
    }

    std::mutex mutex_;
    std::vector<Left> left_;
    std::vector<char*> slabs_;
};

namespace {

struct ThreadEnd {
    ~ThreadEnd() { FrameDepot::instance().leave(local.pool); }
    bool armed = true;
};

}  // namespace

void* FramePool::carve(std::size_t index) {
    const std::size_t bytes = size_of(index);
    if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]] {
        return refill(index);
    }
    return std::exchange(at_, at_ + bytes);
}

void* FramePool::refill(std::size_t index) {
    thread_local ThreadEnd at_thread_end;
    const std::size_t bytes = size_of(index);
    if (at_thread_end.armed) {
        at_thread_end.armed = false;
        if (FrameDepot::instance().adopt(*this) && free_[index] != nullptr) {
            return std::exchange(free_[index], free_[index]->next);
        }
    }
    if (static_cast<std::size_t>(end_ - at_) < bytes) {
        at_ = FrameDepot::instance().new_slab();
        end_ = at_ + FrameDepot::slab_bytes;
    }
    return std::exchange(at_, at_ + bytes);
}

}  // namespace rondo::detail
