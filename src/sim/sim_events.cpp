// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_events.hpp"

#include <algorithm>

namespace rondo::detail {

void SimEvents::Owner::renew() noexcept {
    if (events_ != nullptr) {
        ++events_->generations_[slot_];
        events_->free_.push_back(slot_);
        events_ = nullptr;
    }
}

void SimEvents::at(Time when, Owner& owner, Function function) {
    if (owner.events_ == nullptr) {
        owner.events_ = this;
        if (free_.empty()) {
            owner.slot_ = static_cast<std::uint32_t>(generations_.size());
            generations_.push_back(0);
            free_.reserve(generations_.size());
        } else {
            owner.slot_ = free_.back();
            free_.pop_back();
        }
    }
    heap_.push_back(
        {when, arranged_++, owner.slot_, generations_[owner.slot_], std::move(function)});
    std::push_heap(heap_.begin(), heap_.end(), Later());
}

SimEvents::Event SimEvents::take_first() noexcept {
    std::pop_heap(heap_.begin(), heap_.end(), Later());
    Event event = std::move(heap_.back());
    heap_.pop_back();
    return event;
}

SimEvents::Time SimEvents::next() noexcept {
    while (!heap_.empty() && is_off(heap_.front())) {
        take_first();
    }
    return heap_.empty() ? never : heap_.front().when;
}

bool SimEvents::run_due(Time now) {
    bool ran = false;
    while (is_due(now)) {
        take_first().function();
        ran = true;
    }
    return ran;
}

}  // namespace rondo::detail
