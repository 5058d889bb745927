// SPDX-License-Identifier: Apache-2.0
// A notified waiter moves from the condition's list to the lock's: it is woken once, holding the
// lock.
#include "rondo/sync/condition.hpp"

namespace rondo {

const detail::LeafKind Condition::Wait::leaf{&Condition::Wait::poke, "condition.wait",
                                             &Condition::Wait::describe};

void Condition::Wait::describe(const detail::Leaf& at, detail::Describer& out) {
    const auto& self = static_cast<const Wait&>(at);
    if (self.condition_ != nullptr) {
        out.add_object(self.condition_->name_, self.condition_);
    } else {
        self.lock_->describe(out);
    }
}

Condition::~Condition() {
    RONDO_REQUIRE(waiters_.empty(), "a Condition was destroyed while a task waits");
    detail::WaitList& notified = lock_->waiters_;
    for (detail::Waiter* at = notified.front(); at != nullptr; at = notified.after(*at)) {
        if (at->leaf_kind == &Wait::leaf && static_cast<Wait*>(at)->condition_ == this) {
            static_cast<Wait*>(at)->condition_ = nullptr;
        }
    }
}

void Condition::Wait::await_suspend(detail::Awaiting awaiting) noexcept {
    RONDO_REQUIRE(guard_->lock_ == lock_, "Condition::wait needs a guard of the condition's lock");
    scope = detail::local.current;
    notified_ = false;
    if (detail::park(*this, awaiting, leaf)) {
        condition_->waiters_.push(*this);
        guard_->unlock();
    }
}

void Condition::Wait::poke(detail::Leaf& at, detail::Scope& scope) noexcept {
    auto& self = static_cast<Wait&>(at);
    self.unlink();
    if (self.notified_ && self.condition_ != nullptr) {
        self.condition_->notify();
    }
    detail::local.push_stop(scope);
}

void Condition::notify(std::size_t count) noexcept {
    RONDO_REQUIRE(lock_->locked(), "Condition::notify needs the condition's lock to be held");
    for (; count > 0; --count) {
        auto* waiter = static_cast<Wait*>(waiters_.pop());
        if (waiter == nullptr) {
            return;
        }
        waiter->notified_ = true;
        lock_->waiters_.push(*waiter);
    }
}

}  // namespace rondo
