// SPDX-License-Identifier: Apache-2.0
// A notified waiter moves from the condition's list to the lock's: it is woken once, holding the
// lock.
#include "rondo/sync/condition.hpp"

namespace rondo {

const detail::LeafKind Condition::Wait::leaf{&Condition::Wait::poke, "condition.wait",
                                             &Condition::Wait::describe};

void Condition::Wait::describe(const detail::Leaf& at, detail::Describer& out) {
    const Condition& condition = *static_cast<const Wait&>(at).condition_;
    out.add_object(condition.name_, &condition);
}

Condition::~Condition() {
    RONDO_REQUIRE(waiters_.empty(), "a Condition was destroyed while a task waits");
}

void Condition::Wait::await_suspend(detail::Awaiting awaiting) noexcept {
    RONDO_REQUIRE(guard_->lock_ == condition_->lock_,
                  "Condition::wait needs a guard of the condition's lock");
    scope = detail::local.current;
    notified_ = false;
    if (detail::park(*this, awaiting, leaf)) {
        condition_->waiters_.push(*this);
        guard_->unlock();
    }
}

void Condition::Wait::poke(detail::Leaf& at, detail::Scope& scope) noexcept {
    auto& self = static_cast<Wait&>(at);
    detail::WaitList& list =
        self.notified_ ? self.condition_->lock_->waiters_ : self.condition_->waiters_;
    list.remove(self);
    if (self.notified_) {
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
