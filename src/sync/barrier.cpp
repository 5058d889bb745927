// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/barrier.hpp"

#include "rondo/base/assert.hpp"

namespace rondo {

const detail::LeafKind Barrier::Wait::leaf{&Barrier::Wait::poke, "barrier.wait",
                                           &Barrier::Wait::describe};

void Barrier::Wait::describe(const detail::Leaf& at, detail::Describer& out) {
    const Barrier& barrier = *static_cast<const Wait&>(at).barrier_;
    out.add_object(barrier.name_, &barrier);
    out.add(", ").add(std::to_string(barrier.waiting_)).add(" of ");
    out.add(std::to_string(barrier.parties_)).add(" there");
}

Barrier::Barrier(std::size_t parties, const char* name) noexcept : parties_(parties), name_(name) {
    RONDO_REQUIRE(parties > 0, "a Barrier needs at least one party");
}

Barrier::~Barrier() {
    RONDO_REQUIRE(waiters_.empty(), "a Barrier was destroyed while a task waits");
}

bool Barrier::Wait::await_ready() noexcept {
    broken_ = passed_ = false;
    if (detail::current_is_cancelled()) {
        return false;
    }
    if (barrier_->broken_) {
        broken_ = passed_ = true;
    } else if (barrier_->waiting_ + 1 == barrier_->parties_) {
        index_ = barrier_->waiting_;
        passed_ = true;
        barrier_->release(false);
    }
    return passed_ && !detail::spent();
}

void Barrier::Wait::await_suspend(detail::Awaiting awaiting) noexcept {
    if (passed_) {
        detail::requeue(awaiting);
        return;
    }
    scope = detail::local.current;
    if (detail::park(*this, awaiting, leaf)) {
        barrier_->waiters_.push(*this);
        ++barrier_->waiting_;
    }
}

void Barrier::Wait::poke(detail::Leaf& at, detail::Scope& scope) noexcept {
    auto& self = static_cast<Wait&>(at);
    self.barrier_->waiters_.remove(self);
    --self.barrier_->waiting_;
    detail::local.push_stop(scope);
}

void Barrier::release(bool broken) noexcept {
    waiting_ = 0;
    for (std::size_t index = 0; auto* waiter = static_cast<Wait*>(waiters_.pop()); ++index) {
        waiter->index_ = index;
        waiter->broken_ = broken;
        detail::wake(*waiter->scope);
    }
}

void Barrier::reset() noexcept {
    broken_ = false;
    release(true);
}

void Barrier::abort() noexcept {
    broken_ = true;
    release(true);
}

}  // namespace rondo
