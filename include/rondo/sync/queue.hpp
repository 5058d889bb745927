// SPDX-License-Identifier: Apache-2.0
/// Queue, PriorityQueue and LifoQueue: asyncio's queues.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "rondo/base/assert.hpp"
#include "rondo/base/ring.hpp"
#include "rondo/coro/wait_list.hpp"

namespace rondo {

/// Thrown by a queue or channel that was closed: to put, and to get when nothing is left.
/// asyncio.QueueShutDown.
class QueueClosed : public std::exception {
public:
    const char* what() const noexcept override { return "the queue is closed"; }
};

namespace detail {

template <class T>
class LifoStore {
public:
    std::size_t size() const noexcept { return items_.size(); }
    void push(T&& item) { items_.push_back(std::move(item)); }
    void take_front(std::optional<T>& to) {
        to.emplace(std::move(items_.back()));
        drop_front();
    }
    void drop_front() noexcept { items_.pop_back(); }

private:
    std::vector<T> items_;
};

/// The least first; equal ones in order of arrival.
template <class T, class Less>
class HeapStore {
    struct Entry {
        T item;
        std::uint64_t arrival;
    };

public:
    std::size_t size() const noexcept { return entries_.size(); }
    void push(T&& item) {
        entries_.push_back(Entry{std::move(item), arrivals_++});
        std::push_heap(entries_.begin(), entries_.end(), after_);
    }
    void take_front(std::optional<T>& to) {
        std::pop_heap(entries_.begin(), entries_.end(), after_);
        to.emplace(std::move(entries_.back().item));
        entries_.pop_back();
    }
    void drop_front() noexcept {
        std::pop_heap(entries_.begin(), entries_.end(), after_);
        entries_.pop_back();
    }

private:
    struct After {
        bool operator()(const Entry& a, const Entry& b) const {
            if (Less()(b.item, a.item)) {
                return true;
            }
            return !Less()(a.item, b.item) && b.arrival < a.arrival;
        }
    };
    std::vector<Entry> entries_;
    std::uint64_t arrivals_ = 0;
    [[no_unique_address]] After after_;
};

/// Which queue, and what is in it: ` "jobs", 8 items in it`.
void describe_queue(Describer& out, const void* queue, const char* name, std::size_t items,
                    const char* what);

/// What the queues and Channel share; the store decides the order.
template <class T, class Store>
class BasicQueue {
public:
    /// At most `capacity` items wait in the queue; with 0 each put meets a get.
    explicit BasicQueue(std::size_t capacity, const char* name) noexcept
        : capacity_(capacity), room_(capacity), name_(name) {}
    BasicQueue(const BasicQueue&) = delete;
    BasicQueue& operator=(const BasicQueue&) = delete;
    /// Requires: nobody waits. Items that are left are destroyed.
    ~BasicQueue() {
        RONDO_REQUIRE(getters_.empty() && putters_.empty() && joiners_.empty(),
                      "a queue was destroyed while a task waits");
    }

    /// Waits for room and puts `item`. Errors: QueueClosed.
    /// Cancellation: the item was not put, and is destroyed with the awaitable.
    auto put(T item) { return Put(*this, std::move(item)); }

    /// Waits for an item and gives it. Errors: QueueClosed when closed and empty.
    auto get() noexcept { return Get(*this); }

    /// False when full; `item` is then as before. Errors: QueueClosed.
    bool try_put(T&& item) {
        check_open();
        return accept(item);
    }
    bool try_put(const T& item) { return try_put(T(item)); }

    /// An item, or nothing when empty. Errors: QueueClosed when closed and empty.
    std::optional<T> try_get() {
        std::optional<T> item;
        if (!take(item)) {
            check_open();
        }
        return item;
    }

    /// One item that was got is dealt with; see join(). Requires: one call for each item got.
    void task_done() noexcept {
        RONDO_REQUIRE(unfinished_ > 0, "task_done() was called more often than items were put");
        if (--unfinished_ == 0) {
            joiners_.wake_all();
        }
    }
    /// Waits until task_done() was called for every item ever put.
    auto join() noexcept { return Join(*this); }

    /// From now on put() throws, and get() too as soon as the queue is empty. asyncio's shutdown().
    /// With `discard`, what is in the queue goes at once and counts as done.
    void close(bool discard = false) {
        closed_ = true;
        room_ = 0;
        if (discard) {
            while (store_.size() != 0) {
                store_.drop_front();
                task_done();
            }
        }
        while (Waiter* putter = putters_.pop()) {
            wake(*putter->scope);
        }
        while (store_.size() == 0) {
            Waiter* getter = getters_.pop();
            if (getter == nullptr) {
                break;
            }
            wake(*getter->scope);
        }
    }
    bool closed() const noexcept { return closed_; }

    std::size_t size() const noexcept { return store_.size(); }
    bool empty() const noexcept { return store_.size() == 0; }
    bool full() const noexcept { return store_.size() >= capacity_; }
    const char* name() const noexcept { return name_; }

protected:
    class [[nodiscard]] Put : ListWaiter {
    public:
        Put(BasicQueue& queue, T&& item) : queue_(&queue), item_(std::move(item)) {}

        RONDO_INLINE bool await_ready() {
            RONDO_REQUIRE(answer_ != Answer::accepted, "a put was awaited twice");
            answer_ = Answer::none;
            if (current_is_cancelled()) [[unlikely]] {
                return false;
            }
            if (queue_->accept(item_)) {
                answer_ = Answer::accepted;
            } else if (queue_->closed_) [[unlikely]] {
                answer_ = Answer::refused;
            } else {
                return false;
            }
            return !spent();
        }
        RONDO_INLINE void await_suspend(Awaiting awaiting) noexcept {
            if (answer_ != Answer::none) [[unlikely]] {
                requeue(awaiting);
            } else {
                park_in(queue_->putters_, awaiting, leaf);
            }
        }
        void await_resume() {
            if (answer_ != Answer::accepted) [[unlikely]] {
                throw QueueClosed();
            }
        }

    private:
        friend class BasicQueue;
        enum class Answer : unsigned char { none, accepted, refused };
        static void describe(const Leaf& at, Describer& out) {
            const BasicQueue& queue = *static_cast<const Put&>(at).queue_;
            describe_queue(out, &queue, queue.name_, queue.size(), " items in it");
        }
        static constexpr LeafKind leaf{&ListWaiter::leave, "queue.put", &describe};
        BasicQueue* queue_;
        T item_;
        Answer answer_ = Answer::none;
    };

    class GetBase : ListWaiter {
    public:
        explicit GetBase(BasicQueue& queue) noexcept : queue_(&queue) {}

        RONDO_INLINE bool await_ready() {
            item_.reset();
            if (current_is_cancelled()) [[unlikely]] {
                return false;
            }
            return (queue_->take(item_) || queue_->closed_) && !spent();
        }
        RONDO_INLINE void await_suspend(Awaiting awaiting) noexcept {
            if (item_ || (queue_->closed_ && !current_is_cancelled())) [[unlikely]] {
                requeue(awaiting);
            } else {
                park_in(queue_->getters_, awaiting, leaf);
            }
        }

    protected:
        std::optional<T> item_;

    private:
        friend class BasicQueue;
        static void describe(const Leaf& at, Describer& out) {
            const BasicQueue& queue = *static_cast<const GetBase&>(at).queue_;
            out.add_object(queue.name_, &queue);
        }
        static constexpr LeafKind leaf{&ListWaiter::leave, "queue.get", &describe};
        BasicQueue* queue_;
    };

    class [[nodiscard]] Get : public GetBase {
    public:
        using GetBase::GetBase;
        T await_resume() {
            if (!this->item_) [[unlikely]] {
                throw QueueClosed();
            }
            return std::move(*this->item_);
        }
    };

    class [[nodiscard]] Join : ListWaiter {
    public:
        explicit Join(BasicQueue& queue) noexcept : queue_(&queue) {}
        bool await_ready() noexcept { return done() && !spent(); }
        void await_suspend(Awaiting awaiting) noexcept {
            if (done()) {
                requeue(awaiting);
            } else {
                park_in(queue_->joiners_, awaiting, leaf);
            }
        }
        void await_resume() noexcept {}

    private:
        bool done() const noexcept { return !current_is_cancelled() && queue_->unfinished_ == 0; }
        static void describe(const Leaf& at, Describer& out) {
            const BasicQueue& queue = *static_cast<const Join&>(at).queue_;
            describe_queue(out, &queue, queue.name_, queue.unfinished_, " items not done");
        }
        static constexpr LeafKind leaf{&ListWaiter::leave, "queue.join", &describe};
        BasicQueue* queue_;
    };

private:
    // A getter that waits means an empty store, and a queue that is open: it gets the item
    // directly. False: there is no room, or the queue is closed; `item` is as before.
    RONDO_INLINE bool accept(T& item) {
        if (!getters_.empty()) {
            auto& getter = *static_cast<GetBase*>(getters_.front());
            getter.item_.emplace(std::move(item));
            getters_.remove(getter);
            wake(*getter.scope);
        } else if (store_.size() < room_) {
            store_.push(std::move(item));
        } else {
            return false;
        }
        ++unfinished_;
        return true;
    }
    // A putter that waits means a full store: its item takes the place that got free. Where there
    // is none, it goes to the getter directly. False: there is no item.
    RONDO_INLINE bool take(std::optional<T>& item) {
        if (store_.size() != 0) {
            store_.take_front(item);
            if (!putters_.empty()) {
                let_in(*static_cast<Put*>(putters_.front()));
            }
            return true;
        }
        if (!putters_.empty()) [[unlikely]] {
            auto& putter = *static_cast<Put*>(putters_.front());
            item.emplace(std::move(putter.item_));
            accept_from(putter);
            return true;
        }
        return false;
    }
    // The getter has its item, so it does not hear of it when the putter's cannot be moved: the
    // putter waits on, until a get takes its item.
    RONDO_INLINE void let_in(Put& putter) noexcept {
        try {
            store_.push(std::move(putter.item_));
        } catch (...) {
            return;
        }
        accept_from(putter);
    }
    RONDO_INLINE void accept_from(Put& putter) noexcept {
        putters_.remove(putter);
        ++unfinished_;
        putter.answer_ = Put::Answer::accepted;
        wake(*putter.scope);
    }
    void check_open() const {
        if (closed_) {
            throw QueueClosed();
        }
    }

    Store store_;
    std::size_t capacity_;
    std::size_t room_;  ///< capacity_, and 0 once closed
    std::size_t unfinished_ = 0;
    bool closed_ = false;
    WaitList getters_;
    WaitList putters_;
    WaitList joiners_;
    const char* name_;
};

}  // namespace detail

namespace detail {

constexpr std::size_t bound_of(std::size_t capacity) noexcept {
    return capacity == 0 ? static_cast<std::size_t>(-1) : capacity;
}

}  // namespace detail

/// First in, first out. asyncio.Queue; close() is its shutdown(). Moves items in and out; waiters
/// are served in order of arrival, and no item is lost to a cancellation.
template <class T>
class Queue : public detail::BasicQueue<T, detail::Ring<T>> {
public:
    /// At most `capacity` items; 0: no bound.
    explicit Queue(std::size_t capacity = 0, const char* name = nullptr) noexcept
        : detail::BasicQueue<T, detail::Ring<T>>(detail::bound_of(capacity), name) {}
};

/// The least item first (`Less`), equal ones in order of arrival. asyncio.PriorityQueue.
///
/// Requires: neither `Less` nor a move of T throws.
template <class T, class Less = std::less<T>>
class PriorityQueue : public detail::BasicQueue<T, detail::HeapStore<T, Less>> {
public:
    /// At most `capacity` items; 0: no bound.
    explicit PriorityQueue(std::size_t capacity = 0, const char* name = nullptr) noexcept
        : detail::BasicQueue<T, detail::HeapStore<T, Less>>(detail::bound_of(capacity), name) {}
};

/// Last in, first out. asyncio.LifoQueue.
template <class T>
class LifoQueue : public detail::BasicQueue<T, detail::LifoStore<T>> {
public:
    /// At most `capacity` items; 0: no bound.
    explicit LifoQueue(std::size_t capacity = 0, const char* name = nullptr) noexcept
        : detail::BasicQueue<T, detail::LifoStore<T>>(detail::bound_of(capacity), name) {}
};

}  // namespace rondo
