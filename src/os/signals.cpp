// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/signals.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "loop/signals.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"

namespace rondo::os {
namespace detail {

/// What a Signals has received, and who waits for more.
class SignalQueue : rondo::detail::SignalReceiver {
public:
    explicit SignalQueue(std::vector<int> numbers)
        : inbox_(current_loop().shared_inbox()),
          numbers_(std::move(numbers)),
          watches_(std::make_unique<rondo::detail::SignalWatch[]>(numbers_.size())) {
        on_signals = [](SignalReceiver& receiver) noexcept {
            static_cast<SignalQueue&>(receiver).serve();
        };
        for (; watched_ < numbers_.size(); ++watched_) {
            watches_[watched_].inbox = inbox_.get();
            const int error = rondo::detail::watch_signal(numbers_[watched_], watches_[watched_]);
            if (error != 0) {
                unwatch();
                throw Error("receive", "signal " + std::to_string(numbers_[watched_]), -error);
            }
        }
        current_loop().add(*this);
    }
    SignalQueue(const SignalQueue&) = delete;
    SignalQueue& operator=(const SignalQueue&) = delete;
    ~SignalQueue() {
        RONDO_REQUIRE(waiters_.empty(), "a Signals was destroyed while a task waits for it");
        EventLoop::remove(*this);
        unwatch();
    }

    /// In turn, so that none starves another.
    bool take(ReceivedSignal& into) noexcept {
        for (std::size_t i = 0; i < numbers_.size(); ++i) {
            const std::size_t at = turn_;
            turn_ = (turn_ + 1) % numbers_.size();
            if (const unsigned count = watches_[at].count.exchange(0); count != 0) {
                into = {numbers_[at], count};
                return true;
            }
        }
        return false;
    }

    rondo::detail::WaitList& waiters() noexcept { return waiters_; }

private:
    void serve() noexcept {
        ReceivedSignal received;
        while (!waiters_.empty() && take(received)) {
            auto& waiter = static_cast<NextSignal&>(*waiters_.pop());
            waiter.received_ = received;
            rondo::detail::wake(*waiter.scope);
        }
    }
    void unwatch() noexcept {
        while (watched_ > 0) {
            --watched_;
            rondo::detail::unwatch_signal(numbers_[watched_], watches_[watched_]);
        }
    }

    std::shared_ptr<rondo::detail::Inbox> inbox_;
    std::vector<int> numbers_;
    std::unique_ptr<rondo::detail::SignalWatch[]> watches_;
    std::size_t watched_ = 0;
    std::size_t turn_ = 0;
    rondo::detail::WaitList waiters_;
};

Task<int> wait_for_signal(Signals signals) {
    const ReceivedSignal received = co_await signals.next();
    co_return received.number;
}

}  // namespace detail

const rondo::detail::LeafKind NextSignal::leaf{&leave, "a signal"};

bool NextSignal::await_ready() noexcept {
    received_ = {};  // what an await before this one told
    return !rondo::detail::current_is_cancelled() && queue_->waiters().empty() &&
           queue_->take(received_) && !rondo::detail::spent();
}

void NextSignal::await_suspend(rondo::detail::Awaiting frame) noexcept {
    if (received_.count != 0) {
        rondo::detail::requeue(frame);
    } else {
        park_in(queue_->waiters(), frame, leaf);
    }
}

Signals::Signals(std::initializer_list<int> numbers) {
    RONDO_REQUIRE(numbers.size() > 0, "signals() of none");
    std::vector<int> all(numbers);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    queue_ = std::make_unique<detail::SignalQueue>(std::move(all));
}

Signals::Signals(Signals&&) noexcept = default;
Signals& Signals::operator=(Signals&&) noexcept = default;
Signals::~Signals() = default;

}  // namespace rondo::os
