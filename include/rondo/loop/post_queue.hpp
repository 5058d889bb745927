// SPDX-License-Identifier: Apache-2.0
/// Functions in order, in blocks that are used again.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "rondo/base/unique_function.hpp"

namespace rondo::detail {

/// A FIFO that never moves what it holds: what was posted while a loop slept may be much.
class PostQueue {
    // Large, as growing costs a system call each time on a thread that is not the program's first;
    // and raw, so that a block of which little is used costs little.
    static constexpr std::size_t per_block = 511;
    static constexpr std::size_t spares_max = 32;
    static constexpr std::size_t many = 16;

    struct Block {
        Block* next = nullptr;
        union {
            UniqueFunction<void()> functions[per_block];
        };
        Block() {}
        ~Block() {}
    };

public:
    PostQueue() = default;
    PostQueue(const PostQueue&) = delete;
    PostQueue& operator=(const PostQueue&) = delete;
    ~PostQueue() {
        run_all([](UniqueFunction<void()>&) {});
        free_spares();
    }

    void push(UniqueFunction<void()>&& function) {
        if (used_ == per_block) [[unlikely]] {
            add_block();
        }
        std::construct_at(&last_->functions[used_], std::move(function));
        ++used_;
    }

    /// True when posts come in numbers: more are likely to come at once.
    bool holds_many() const noexcept {
        return first_ != last_ || (used_ != per_block && used_ >= many);
    }

    /// Exchanges the contents, and the blocks to spare.
    void swap(PostQueue& other) noexcept {
        std::swap(first_, other.first_);
        std::swap(last_, other.last_);
        std::swap(used_, other.used_);
        std::swap(spares_, other.spares_);
        std::swap(spares_count_, other.spares_count_);
    }

    /// Calls `run` with each and destroys it, until none is left. `run` must not touch this queue.
    template <class Run>
    void run_all(Run run) noexcept {
        Block* block = std::exchange(first_, nullptr);
        const std::size_t in_last = std::exchange(used_, per_block);
        while (block != nullptr) {
            const std::size_t count = block == last_ ? in_last : per_block;
            for (std::size_t i = 0; i < count; ++i) {
                run(block->functions[i]);
                std::destroy_at(&block->functions[i]);
            }
            spare(*std::exchange(block, block->next));
        }
        last_ = nullptr;
    }

private:
    void add_block();
    void spare(Block& block) noexcept;
    void free_spares() noexcept;

    Block* first_ = nullptr;
    Block* last_ = nullptr;
    std::size_t used_ = per_block;  ///< of the last block
    Block* spares_ = nullptr;
    std::size_t spares_count_ = 0;
};

}  // namespace rondo::detail
