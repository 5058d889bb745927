// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/rw_lock.hpp"

#include "rondo/base/assert.hpp"

namespace rondo {

const detail::LeafKind RwLock::WaitBase::leaf{&RwLock::WaitBase::poke, "rw_lock",
                                              &RwLock::WaitBase::describe};

void RwLock::WaitBase::describe(const detail::Leaf& at, detail::Describer& out) {
    const auto& self = static_cast<const WaitBase&>(at);
    const RwLock& lock = *self.lock_;
    out.add_object(lock.name_, &lock).add(self.side_ == Side::read ? ", to read" : ", to write");
    if (lock.writing_) {
        out.add("; it is written");
    } else if (lock.readers_ > 0) {
        out.add("; readers: ").add(std::to_string(lock.readers_));
    }
}

RwLock::~RwLock() {
    RONDO_REQUIRE(readers_ == 0 && !writing_ && waiters_.empty(),
                  "a RwLock was destroyed while held or waited for");
}

bool RwLock::WaitBase::await_ready() noexcept {
    if (detail::current_is_cancelled() || !lock_->waiters_.empty() || !lock_->try_take(side_)) {
        taken_ = false;
        return false;
    }
    taken_ = true;
    return !detail::spent();
}

void RwLock::WaitBase::await_suspend(detail::Awaiting awaiting) noexcept {
    if (taken_) {
        detail::requeue(awaiting);
        return;
    }
    scope = detail::local.current;
    if (detail::park(*this, awaiting, leaf)) {
        lock_->waiters_.push(*this);
    }
}

// Readers behind a writer that gave up need not wait for the next release.
void RwLock::WaitBase::poke(detail::Leaf& at, detail::Scope& scope) noexcept {
    auto& self = static_cast<WaitBase&>(at);
    self.lock_->waiters_.remove(self);
    self.lock_->admit();
    detail::local.push_stop(scope);
}

bool RwLock::try_take(Side side) noexcept {
    if (writing_ || (side == Side::write && readers_ != 0)) {
        return false;
    }
    if (side == Side::write) {
        writing_ = true;
    } else {
        ++readers_;
    }
    return true;
}

void RwLock::release(Side side) noexcept {
    if (side == Side::write) {
        writing_ = false;
    } else {
        --readers_;
    }
    admit();
}

void RwLock::admit() noexcept {
    while (auto* waiter = static_cast<WaitBase*>(waiters_.front())) {
        if (!try_take(waiter->side_)) {
            return;
        }
        waiters_.remove(*waiter);
        detail::wake(*waiter->scope);
    }
}

}  // namespace rondo
