// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/base/ring.hpp"
#include "rondo/coro/wait_list.hpp"

namespace rondo {

/// A subscriber was too slow: messages were dropped before it read them.
class Lagged : public std::exception {
public:
    explicit Lagged(std::uint64_t missed) noexcept : missed_(missed) {}
    const char* what() const noexcept override { return "a broadcast's subscriber was too slow"; }
    std::uint64_t missed() const noexcept { return missed_; }

private:
    std::uint64_t missed_;
};

/// Every subscriber gets a copy of every message sent after it subscribed. A send never waits: the
/// last `capacity` messages are kept, and a subscriber that falls further behind is told so.
template <class T>
class Broadcast {
    class [[nodiscard]] Receive;

public:
    /// One reader. Move-only. Lifetime: the Broadcast outlives it.
    /// Requires: one receive() at a time, and neither moved nor destroyed meanwhile.
    class Subscription {
    public:
        Subscription(Subscription&& other) noexcept
            : from_(std::exchange(other.from_, nullptr)), next_(other.next_) {
            other.check_idle();
        }
        Subscription& operator=(Subscription&& other) noexcept {
            other.check_idle();
            Subscription old(std::move(*this));
            from_ = std::exchange(other.from_, nullptr);
            next_ = other.next_;
            return *this;
        }
        ~Subscription() {
            check_idle();
            if (from_ != nullptr) {
                --from_->subscribers_;
            }
        }

        /// The next message, or nothing when the broadcast is closed and all was read.
        /// Errors: Lagged, once for each gap; the next receive() goes on with the oldest kept.
        auto receive() noexcept { return Receive(*this); }

    private:
        friend class Broadcast;
        explicit Subscription(Broadcast& from) noexcept : from_(&from), next_(from.sent_) {
            ++from.subscribers_;
        }
        void check_idle() const noexcept {
            RONDO_REQUIRE(!receiving_,
                          "a Subscription was moved or destroyed while a task receives");
        }
        Broadcast* from_;
        std::uint64_t next_;
        bool receiving_ = false;  ///< a task waits, or has not read yet what woke it
    };

    /// Requires: `capacity` > 0.
    explicit Broadcast(std::size_t capacity, const char* name = nullptr) noexcept
        : capacity_(capacity), name_(name) {
        RONDO_REQUIRE(capacity > 0, "a Broadcast keeps at least one message");
    }
    Broadcast(const Broadcast&) = delete;
    Broadcast& operator=(const Broadcast&) = delete;
    /// Requires: no subscription is left.
    ~Broadcast() { RONDO_REQUIRE(subscribers_ == 0, "a Broadcast died before a subscription"); }

    Subscription subscribe() noexcept { return Subscription(*this); }

    /// Sends to all subscribers; returns how many there are. Requires: not closed.
    std::size_t send(T message) {
        RONDO_REQUIRE(!closed_, "send() on a closed Broadcast");
        if (subscribers_ != 0) {
            if (kept_.size() == capacity_) {
                kept_.drop_front();
            }
            kept_.push(std::move(message));
        }
        ++sent_;
        if (subscribers_ == 0) {
            while (!kept_.empty()) {
                kept_.drop_front();
            }
        }
        waiters_.wake_all();
        return subscribers_;
    }
    /// Ends the stream: subscribers read what is kept, then nothing.
    void close() noexcept {
        closed_ = true;
        waiters_.wake_all();
    }
    std::size_t subscribers() const noexcept { return subscribers_; }
    const char* name() const noexcept { return name_; }

private:
    class Receive : detail::ListWaiter {
    public:
        explicit Receive(Subscription& by) noexcept : by_(&by) {}
        bool await_ready() noexcept {
            RONDO_REQUIRE(!by_->receiving_, "two tasks receive from one Subscription");
            done_ = !detail::current_is_cancelled() && there_is_more();
            return done_ && !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) noexcept {
            if (done_) {
                by_->receiving_ = true;
                detail::requeue(awaiting);
            } else {
                by_->receiving_ = park_in(by_->from_->waiters_, awaiting, leaf);
            }
        }
        std::optional<T> await_resume() {
            by_->receiving_ = false;
            Broadcast& from = *by_->from_;
            if (by_->next_ == from.sent_) {
                return std::nullopt;
            }
            const std::uint64_t oldest = from.sent_ - from.kept_.size();
            if (by_->next_ < oldest) {
                throw Lagged(oldest - std::exchange(by_->next_, oldest));
            }
            std::optional<T> message(from.kept_[static_cast<std::size_t>(by_->next_ - oldest)]);
            ++by_->next_;
            return message;
        }

    private:
        bool there_is_more() const noexcept {
            return by_->from_->closed_ || by_->next_ != by_->from_->sent_;
        }
        static void poke(detail::Leaf& at, detail::Scope& scope) noexcept {
            static_cast<Receive&>(at).by_->receiving_ = false;
            detail::ListWaiter::leave(at, scope);
        }
        static void describe(const detail::Leaf& at, detail::Describer& out) {
            const Broadcast& from = *static_cast<const Receive&>(at).by_->from_;
            out.add_object(from.name_, &from);
        }
        static constexpr detail::LeafKind leaf{&poke, "broadcast.receive", &describe};
        Subscription* by_;
        bool done_ = false;
    };

    detail::Ring<T> kept_;
    std::uint64_t sent_ = 0;
    std::size_t capacity_;
    std::size_t subscribers_ = 0;
    bool closed_ = false;
    detail::WaitList waiters_;
    const char* name_;
};

}  // namespace rondo
