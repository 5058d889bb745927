// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/base/ring.hpp"
#include "rondo/coro/awaiter.hpp"
#include "rondo/loop/event_loop.hpp"
#include "rondo/sync/queue.hpp"

namespace rondo {

namespace detail {

/// A chain that waits at a ThreadChannel. Its own loop resumes it: the other side only hands over
/// the result and queues a callback there.
struct RemoteWaiter : Leaf, Callback {
    RemoteWaiter* next_waiter = nullptr;
    RemoteWaiter* previous_waiter = nullptr;
    Scope* scope = nullptr;
    std::shared_ptr<Inbox> inbox;
    bool linked = false;  ///< guarded by the channel's mutex
};

/// FIFO of RemoteWaiters, guarded by the channel's mutex.
class RemoteWaitList {
public:
    bool empty() const noexcept { return first_ == nullptr; }
    /// The longest waiting one, or null.
    RemoteWaiter* front() const noexcept { return first_; }
    void push(RemoteWaiter& waiter) noexcept;
    void remove(RemoteWaiter& waiter) noexcept;
    RemoteWaiter* pop() noexcept;

private:
    RemoteWaiter* first_ = nullptr;
    RemoteWaiter* last_ = nullptr;
};

/// Waiters that have their result. They hear of it when this object dies, which is declared before
/// the lock of the channel's mutex: whoever hears of it may destroy the channel.
class ServedWaiters {
public:
    ServedWaiters() = default;
    ServedWaiters(const ServedWaiters&) = delete;
    ServedWaiters& operator=(const ServedWaiters&) = delete;
    ~ServedWaiters();

    /// Requires: it has left its list.
    void add(RemoteWaiter& waiter) noexcept;
    void add_all(RemoteWaitList& list) noexcept;

private:
    RemoteWaiter* first_ = nullptr;
    RemoteWaiter** last_ = &first_;
};

}  // namespace detail

/// A bounded channel between tasks of any loops on any threads. Thread-safe.
///
/// Order: values in order of sending; waiters first come, first served.
template <class T>
class ThreadChannel {
public:
    /// Requires: `capacity` > 0.
    explicit ThreadChannel(std::size_t capacity) noexcept : capacity_(capacity) {
        RONDO_REQUIRE(capacity > 0, "a ThreadChannel holds at least one value");
    }
    ThreadChannel(const ThreadChannel&) = delete;
    ThreadChannel& operator=(const ThreadChannel&) = delete;
    /// Requires: nobody waits. Whose send or receive has ended may destroy it at once, though the
    /// thread that served it has not returned yet.
    ~ThreadChannel() {
        RONDO_REQUIRE(senders_.empty() && receivers_.empty(),
                      "a ThreadChannel was destroyed while a task waits");
    }

    /// Waits for room. Errors: QueueClosed.
    auto send(T value) { return Send(*this, std::move(value)); }
    /// False when there is no room; also from threads without a loop. Errors: QueueClosed.
    bool try_send(T value) {
        detail::ServedWaiters served;
        std::lock_guard lock(mutex_);
        if (closed_) {
            throw QueueClosed();
        }
        return accept(value, served);
    }

    /// The next value, or nothing when the channel is closed and all was received.
    auto receive() { return Receive(*this); }
    /// The next value, if one is there; also from threads without a loop.
    std::optional<T> try_receive() {
        std::optional<T> value;
        detail::ServedWaiters served;
        std::lock_guard lock(mutex_);
        take(value, served);
        return value;
    }

    /// Ends the stream. Senders that wait get QueueClosed; what was sent can still be received.
    void close() noexcept {
        detail::ServedWaiters served;
        std::lock_guard lock(mutex_);
        closed_ = true;
        served.add_all(senders_);
        served.add_all(receivers_);
    }

private:
    class Base : protected detail::RemoteWaiter {
    protected:
        explicit Base(ThreadChannel& channel) noexcept : channel_(&channel) {}

        /// Parks the chain in `list`, unless `try_again(served)` succeeds. Throws what that does.
        template <class TryAgain>
        void wait_in(detail::RemoteWaitList& list, detail::Awaiting awaiting,
                     const detail::LeafKind& kind, TryAgain try_again) {
            scope = detail::local.current;
            inbox = detail::local.loop->shared_inbox();
            run = [](detail::Callback& callback) noexcept {
                detail::wake(*static_cast<Base&>(callback).scope);
            };
            detail::ServedWaiters served;
            std::lock_guard lock(channel_->mutex_);
            if (!detail::current_is_cancelled() && try_again(served)) {
                detail::requeue(awaiting);
            } else if (detail::park(*this, awaiting, kind)) {
                list.push(*this);
            }
        }
        /// A cancel: if the result is on its way already, it wins.
        void leave(detail::RemoteWaitList& list, detail::Scope& stopping) noexcept {
            std::lock_guard lock(channel_->mutex_);
            if (linked) {
                list.remove(*this);
                detail::local.push_stop(stopping);
            }
        }
        ThreadChannel* channel_;
    };

    class [[nodiscard]] Send : Base {
    public:
        Send(ThreadChannel& channel, T&& value) : Base(channel), value_(std::move(value)) {}
        bool await_ready() {
            RONDO_REQUIRE(!accepted_, "a send was awaited twice");
            done_ = false;
            if (detail::current_is_cancelled()) {
                return false;
            }
            detail::ServedWaiters served;
            std::lock_guard lock(this->channel_->mutex_);
            done_ = try_now(served);
            return done_ && !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) {
            if (done_) {
                detail::requeue(awaiting);
            } else {
                this->wait_in(this->channel_->senders_, awaiting, leaf,
                              [this](auto& served) { return try_now(served); });
            }
        }
        void await_resume() {
            if (!accepted_) {
                throw QueueClosed();
            }
        }

    private:
        friend class ThreadChannel;
        bool try_now(detail::ServedWaiters& served) {
            accepted_ = !this->channel_->closed_ && this->channel_->accept(value_, served);
            return accepted_ || this->channel_->closed_;
        }
        static void poke(detail::Leaf& at, detail::Scope& scope) noexcept {
            auto& self = static_cast<Send&>(at);
            self.leave(self.channel_->senders_, scope);
        }
        static constexpr detail::LeafKind leaf{&poke, "thread_channel.send"};
        T value_;
        bool done_ = false;
        bool accepted_ = false;
    };

    class [[nodiscard]] Receive : Base {
    public:
        explicit Receive(ThreadChannel& channel) : Base(channel) {}
        bool await_ready() {
            value_.reset();
            done_ = false;
            if (detail::current_is_cancelled()) {
                return false;
            }
            detail::ServedWaiters served;
            std::lock_guard lock(this->channel_->mutex_);
            done_ = try_now(served);
            return done_ && !detail::spent();
        }
        void await_suspend(detail::Awaiting awaiting) {
            if (done_) {
                detail::requeue(awaiting);
            } else {
                this->wait_in(this->channel_->receivers_, awaiting, leaf,
                              [this](auto& served) { return try_now(served); });
            }
        }
        std::optional<T> await_resume() { return std::move(value_); }

    private:
        friend class ThreadChannel;
        bool try_now(detail::ServedWaiters& served) {
            return this->channel_->take(value_, served) || this->channel_->closed_;
        }
        static void poke(detail::Leaf& at, detail::Scope& scope) noexcept {
            auto& self = static_cast<Receive&>(at);
            self.leave(self.channel_->receivers_, scope);
        }
        static constexpr detail::LeafKind leaf{&poke, "thread_channel.receive"};
        std::optional<T> value_;
        bool done_ = false;
    };

    // Each moves its value first: when that throws, nobody has left a list.
    bool accept(T& value, detail::ServedWaiters& served) {
        if (detail::RemoteWaiter* waiter = receivers_.front()) {
            static_cast<Receive*>(waiter)->value_.emplace(std::move(value));
            receivers_.remove(*waiter);
            served.add(*waiter);
            return true;
        }
        if (values_.size() == capacity_) {
            return false;
        }
        values_.push(std::move(value));
        return true;
    }
    bool take(std::optional<T>& value, detail::ServedWaiters& served) {
        auto* const sender = static_cast<Send*>(senders_.front());
        if (values_.empty()) {
            if (sender == nullptr) {
                return false;
            }
            value.emplace(std::move(sender->value_));
        } else {
            values_.take_front(value);
            if (sender == nullptr || !let_in(*sender)) {
                return true;
            }
        }
        senders_.remove(*sender);
        sender->accepted_ = true;
        served.add(*sender);
        return true;
    }
    // The receiver has its value, so it does not hear of it when the sender's cannot be moved: the
    // sender waits on, until a receive takes its value.
    bool let_in(Send& sender) noexcept {
        try {
            values_.push(std::move(sender.value_));
            return true;
        } catch (...) {
            return false;
        }
    }

    std::mutex mutex_;
    detail::Ring<T> values_;
    std::size_t capacity_;
    bool closed_ = false;
    detail::RemoteWaitList senders_;
    detail::RemoteWaitList receivers_;
};

}  // namespace rondo
