// SPDX-License-Identifier: Apache-2.0
// Blocks are carved from 64 KiB slabs. A frame may be freed on another thread than it was made on
// (spawn_on moves tasks between loops), so a slab belongs to no thread and is never freed. Most of
// a full list goes to a depot, where a thread looks before it takes a new slab: what circulates is
// bounded. When a thread ends, its lists and the rest of its slab go there, too.
#include "rondo/coro/frame_pool.hpp"

#include <cstddef>
#include <memory>
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

    /// A chain of the class, or else null and at least `size_of(index)` bytes to carve from.
    FramePool::Chain* serve(FramePool& pool, std::size_t index) {
        const std::lock_guard lock(mutex_);
        if (FramePool::Chain* const chain = chains_[index]) {
            chains_[index] = chain->other;
            return chain;
        }
        if (rests_ != nullptr && bytes_in(*rests_) >= FramePool::size_of(index)) {
            pool.end_ = rests_->end;
            pool.at_ = reinterpret_cast<char*>(std::exchange(rests_, rests_->other));
            return nullptr;
        }
        slabs_.push_back(std::make_unique_for_overwrite<char[]>(slab_bytes));
        pool.at_ = slabs_.back().get();
        pool.end_ = pool.at_ + slab_bytes;
        return nullptr;
    }

    void put(FramePool::Chain& chain, std::size_t index) noexcept {
        const std::lock_guard lock(mutex_);
        chain.other = std::exchange(chains_[index], &chain);
    }

    /// Takes what the pool of an ended thread holds.
    void put_all(FramePool& pool) noexcept {
        for (std::size_t index = 0; index < FramePool::classes; ++index) {
            if (const int count = pool.count_of(index); count > 0) {
                put(pool.cut(std::exchange(pool.free_[index], nullptr), count), index);
            }
            pool.room_[index] = 0;  // for what is given back yet later
        }
        char* const at = std::exchange(pool.at_, nullptr);
        char* const end = std::exchange(pool.end_, nullptr);
        if (end - at >= static_cast<std::ptrdiff_t>(sizeof(Rest))) {
            const std::lock_guard lock(mutex_);
            rests_ = ::new (static_cast<void*>(at)) Rest{end, rests_};
        }
    }

    std::size_t slabs() noexcept {
        const std::lock_guard lock(mutex_);
        return slabs_.size();
    }

    static constexpr std::size_t slab_bytes = 64 * 1024;

private:
    /// What is left of a slab, at its begin.
    struct Rest {
        char* end;
        Rest* other;
    };

    static std::size_t bytes_in(Rest& rest) noexcept {
        return static_cast<std::size_t>(rest.end - reinterpret_cast<char*>(&rest));
    }

    std::mutex mutex_;
    FramePool::Chain* chains_[FramePool::classes] = {};
    Rest* rests_ = nullptr;
    std::vector<std::unique_ptr<char[]>> slabs_;
};

namespace {

struct ThreadEnd {
    ~ThreadEnd() { FrameDepot::instance().put_all(local.pool); }
    void arm() noexcept { armed = true; }
    bool armed = false;
};

// Its first use in a thread is what makes it be destroyed when that ends.
thread_local ThreadEnd at_thread_end;

}  // namespace

void* FramePool::carve(std::size_t index) {
    const std::size_t bytes = size_of(index);
    if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]] {
        return refill(index);
    }
    ++here_;
    return std::exchange(at_, at_ + bytes);
}

void* FramePool::refill(std::size_t index) {
    at_thread_end.arm();
    if (Chain* const chain = FrameDepot::instance().serve(*this, index)) {
        here_ += chain->count;
        room_[index] = most_of(index) - (chain->count - 1);
        free_[index] = chain->block.next;
        return chain;
    }
    ++here_;
    return std::exchange(at_, at_ + size_of(index));
}

// What was given last stays, which is the warmest.
void FramePool::give_to_full(void* memory, std::size_t index) noexcept {
    at_thread_end.arm();
    const int most = most_of(index);
    if (free_[index] == nullptr) {
        room_[index] = most;
    } else {
        const int kept = most / 4;
        Block* last = free_[index];
        for (int i = 1; i < kept; ++i) {
            last = last->next;
        }
        room_[index] = most - kept;
        FrameDepot::instance().put(cut(std::exchange(last->next, nullptr), most - kept), index);
    }
    --room_[index];
    free_[index] = ::new (memory) Block{free_[index]};
}

FramePool::Chain& FramePool::cut(Block* first, int count) noexcept {
    here_ -= count;
    return *::new (static_cast<void*>(first)) Chain{*first, count, nullptr};
}

long FramePool::live() const noexcept {
    long free = 0;
    for (std::size_t index = 0; index < classes; ++index) {
        free += count_of(index);
    }
    return here_ - free;
}

std::size_t FramePool::slabs_bytes() noexcept {
    return FrameDepot::instance().slabs() * FrameDepot::slab_bytes;
}

}  // namespace rondo::detail
