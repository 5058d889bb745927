// SPDX-License-Identifier: Apache-2.0
#include "net/dns/flights.hpp"

#include <new>

#include "rondo/coro/describer.hpp"

namespace rondo::net::detail {

using rondo::detail::Leaf;
using rondo::detail::local;
using rondo::detail::Scope;

const rondo::detail::LeafKind Landing::leaf{&Landing::poke, "a name", &Landing::describe};

void Landing::await_suspend(rondo::detail::Awaiting frame) {
    scope = local.current;
    const bool stops = scope->has(Scope::cancelled);
    const bool fresh = !stops && flights_->join(*this);
    rondo::detail::park(*this, frame, leaf);
    if (stops) {
        return;
    }
    flight_->waiters.push(*this);
    ++flights_->waiting_;
    if (fresh) {
        flights_->send(*flight_);
    }
}

// One that has its answer keeps it, and is woken as before.
void Landing::poke(Leaf& at, Scope&) noexcept {
    auto& self = static_cast<Landing&>(at);
    if (Flight* const flight = std::exchange(self.flight_, nullptr)) {
        self.unlink();
        --self.flights_->waiting_;
        self.flights_->left(self, *flight);
    }
}

void Landing::describe(const Leaf& at, rondo::detail::Describer& out) {
    out.add(" ").add(static_cast<const Landing&>(at).question_.name);
}

Flights::Flights(EventLoop& loop, Cache& cache) : loop_(loop), cache_(cache) {
    NameAnswer answer;
    answer.status = NameStatus::no_memory;
    no_memory_ = std::make_shared<const NameAnswer>(std::move(answer));
}

// True: the flight was made for it.
bool Flights::join(Landing& landing) {
    const auto known = flights_.find(landing.question_);
    if (known != flights_.end()) {
        landing.flight_ = known->second.get();
        return false;
    }
    std::unique_ptr<Flight> made = make(landing.question_);
    landing.flight_ = made.get();
    flights_.emplace(landing.question_, std::move(made));
    return true;
}

void Flights::drop(Flight& flight) noexcept { flights_.erase(flights_.find(flight.question)); }

AnswerPtr Flights::share(NameAnswer&& answer) const noexcept {
    try {
        return std::make_shared<const NameAnswer>(std::move(answer));
    } catch (const std::bad_alloc&) {
        return no_memory_;
    }
}

void Flights::land(Flight& flight, NameAnswer answer) noexcept {
    const AnswerPtr shared = share(std::move(answer));
    cache_.put(flight.question, shared, loop_.now());
    while (rondo::detail::Waiter* const waiter = flight.waiters.pop()) {
        auto& landing = static_cast<Landing&>(*waiter);
        --waiting_;
        landing.flight_ = nullptr;
        landing.answer_ = shared;
        landed(landing);
    }
    drop(flight);
}

}  // namespace rondo::net::detail
