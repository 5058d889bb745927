// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/post_queue.hpp"

namespace rondo::detail {

void PostQueue::add_block() {
    Block* block = spares_;
    if (block != nullptr) {
        spares_ = block->next;
        --spares_count_;
        block->next = nullptr;
    } else {
        block = new Block;
    }
    (last_ != nullptr ? last_->next : first_) = block;
    last_ = block;
    used_ = 0;
}

void PostQueue::spare(Block& block) noexcept {
    if (spares_count_ == spares_max) {
        delete &block;
        return;
    }
    block.next = spares_;
    spares_ = &block;
    ++spares_count_;
}

void PostQueue::free_spares() noexcept {
    while (spares_ != nullptr) {
        delete std::exchange(spares_, spares_->next);
    }
}

}  // namespace rondo::detail
