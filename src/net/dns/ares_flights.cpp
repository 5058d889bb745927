// SPDX-License-Identifier: Apache-2.0
#include "net/dns/ares_flights.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "rondo/base/assert.hpp"

namespace rondo::net::detail {
namespace {

constexpr std::size_t servers_max = 64;
constexpr std::size_t asks_per_turn = 64;

// Others may know better: a server that answers, but not this question.
bool says_it_cannot(NameStatus status) noexcept {
    return status == NameStatus::server_failed || status == NameStatus::refused ||
           status == NameStatus::not_implemented || status == NameStatus::not_understood;
}

bool may_be_better_elsewhere(NameStatus status) noexcept {
    return says_it_cannot(status) || status == NameStatus::timed_out ||
           status == NameStatus::no_server || status == NameStatus::bad_answer;
}

// Which of two failures is told: what a server said rather than its silence.
int weight_of(NameStatus status) noexcept {
    switch (status) {
        case NameStatus::no_server: return 0;
        case NameStatus::timed_out: return 1;
        case NameStatus::bad_answer: return 2;
        default: return 3;
    }
}

}  // namespace

AresFlights::AresFlights(EventLoop& loop, Cache& cache, AskOptions options)
    : Flights(loop, cache), ForeignSockets(loop.driver()), options_(options) {
    run = [](Callback& callback) noexcept { static_cast<AresFlights&>(callback).turn(); };
    timer_.owner = this;
    timer_.fire = [](rondo::detail::Timer& timer) noexcept {
        auto& self = static_cast<TurnTimer&>(timer);
        self.armed = false;
        self.owner->timer_is_due_ = true;
        self.owner->announce();
    };
}

AresFlights::~AresFlights() {
    RONDO_ASSERT(tasks_waiting() == 0 && asked_ == 0 && !announced_ && !timer_.armed,
                 "a resolver died with questions on their way");
    servers_.clear();
}

void AresFlights::set_servers(std::vector<Address> servers, bool rotate) {
    servers.resize(std::min(servers.size(), servers_max));
    rotate_ = rotate;
    if (servers == wanted_servers_) {
        return;
    }
    wanted_servers_ = std::move(servers);
    servers_changed_ = true;
    forget_answers();
    if (tasks_waiting() > 0) {
        announce();
    }
}

// A server whose channel cannot be made is left out until no question is on its way; without any,
// questions end as no_server.
void AresFlights::apply_servers() {
    rondo::detail::ForeignSockets& sockets = *this;
    servers_changed_ = false;
    a_server_is_missing_ = false;
    servers_.clear();
    next_first_ = 0;
    for (const Address& address : wanted_servers_) {
        try {
            servers_.push_back(std::make_unique<AresServer>(sockets, address, options_.timeout));
        } catch (const std::exception&) {
            a_server_is_missing_ = true;
        }
    }
}

// What the former servers did not answer is the new ones' to answer, from the beginning.
void AresFlights::ask_anew() noexcept {
    cancel_all();
    for (AresFlight* flight = queue_; flight != nullptr; flight = flight->next) {
        flight->course = Course();
    }
}

// ------------------------------------------------------------------------ who waits

void AresFlights::announce() noexcept {
    if (!announced_) {
        announced_ = true;
        loop_.call_soon(*this);
    }
}

void AresFlights::send(Flight& flight) noexcept {
    enqueue(static_cast<AresFlight&>(flight));
    announce();
}

void AresFlights::landed(Landing& waiter) noexcept { landed_.push(waiter); }

void AresFlights::left(Landing& waiter, Flight& flight) noexcept {
    auto& self = static_cast<AresFlight&>(flight);
    if (self.link != nullptr && self.waiters.empty()) {
        unqueue(self);
        drop(self);
    }
    if (tasks_waiting() > 0) {
        rondo::detail::local.push_stop(*waiter.scope);
        return;
    }
    stopping_.push(waiter);
    announce();
}

// ------------------------------------------------------------------------- one turn

void AresFlights::turn() noexcept {
    announced_ = false;
    if (tasks_waiting() > 0) {
        talk();
    }
    if (tasks_waiting() == 0) {
        cancel_all();
    }
    arm_timer();
    settle();
    deliver();
}

void AresFlights::talk() noexcept {
    loop_.driver().finish_closes();  // c-ares opens sockets
    ask_queued();
    tell_events([](int fd, unsigned events, void* server) {
        static_cast<AresServer*>(server)->process(fd, events);
    });
    if (std::exchange(timer_is_due_, false)) {
        for (const auto& server : servers_) {
            server->process_timeouts();
        }
    }
    ask_queued();
    for (const auto& server : servers_) {
        server->cancel_starved();
    }
}

void AresFlights::cancel_all() noexcept {
    cancelling_ = true;
    for (const auto& server : servers_) {
        server->cancel_all();
    }
    cancelling_ = false;
    timer_is_due_ = false;
}

void AresFlights::deliver() noexcept {
    const bool last = tasks_waiting() == 0;
    announce_when_left(last);
    if (last && leaving() != 0) {
        return;
    }
    landed_.wake_all();
    while (rondo::detail::Waiter* const waiter = stopping_.pop()) {
        rondo::detail::local.push_stop(*waiter->scope);
    }
}

void AresFlights::arm_timer() noexcept {
    disarm();
    std::int64_t least = -1;
    for (const auto& server : servers_) {
        const std::int64_t left = server->next_timeout();
        if (left >= 0 && (least < 0 || left < least)) {
            least = left;
        }
    }
    if (least >= 0) {
        timer_.armed = true;
        loop_.arm_after(timer_, std::max<std::int64_t>(least, 1));
    }
}

void AresFlights::disarm() noexcept {
    if (std::exchange(timer_.armed, false)) {
        loop_.disarm(timer_);
    }
}

// -------------------------------------------------------------------- the questions

void AresFlights::enqueue(AresFlight& flight) noexcept {
    flight.next = nullptr;
    flight.link = queue_end_;
    *queue_end_ = &flight;
    queue_end_ = &flight.next;
}

void AresFlights::unqueue(AresFlight& flight) noexcept {
    *flight.link = flight.next;
    (flight.next != nullptr ? flight.next->link : queue_end_) = flight.link;
    flight.link = nullptr;
}

void AresFlights::ask_queued() noexcept {
    if (servers_changed_) {
        ask_anew();
        apply_servers();
    } else if (a_server_is_missing_ && asked_ == 0) {
        apply_servers();
    }
    for (std::size_t i = 0; i < asks_per_turn; ++i) {
        if (queue_ == nullptr || asked_ >= options_.asked_max) {
            return;
        }
        AresFlight& flight = *queue_;
        unqueue(flight);
        ask(flight);
    }
    if (queue_ != nullptr) {
        announce();
    }
}

bool AresFlights::next_server(Course& course, std::size_t& server) const noexcept {
    while (course.attempts < options_.tries * servers_.size()) {
        server = (course.first + course.attempts++) % servers_.size();
        if ((course.given_up_on >> server & 1) == 0) {
            return true;
        }
    }
    return false;
}

void AresFlights::ask(AresFlight& flight) noexcept {
    Course& course = flight.course;
    if (course.attempts == 0 && rotate_ && !servers_.empty()) {
        course.first = next_first_++ % servers_.size();
    }
    std::size_t server = 0;
    if (!next_server(course, server)) {
        if (!course.failed) {
            course.failure.status = NameStatus::no_server;
        }
        land(flight, std::move(course.failure));
        return;
    }
    ++asked_;
    servers_[server]->ask(flight.question, &AresFlights::on_answer, &flight);
}

void AresFlights::on_answer(void* flight, int status, int, unsigned char* message, int size) {
    auto& self = *static_cast<AresFlight*>(flight);
    auto& flights = static_cast<AresFlights&>(self.owner);
    --flights.asked_;
    if (flights.cancelling_) {
        flights.ask_again(self);
        return;
    }
    const std::span bytes(reinterpret_cast<const std::byte*>(message),
                          message != nullptr ? static_cast<std::size_t>(size) : 0);
    NameAnswer answer;
    try {
        answer = answer_of(status, bytes, self.question);
    } catch (const std::bad_alloc&) {
        answer.status = NameStatus::no_memory;
    }
    if (may_be_better_elsewhere(answer.status)) {
        flights.note_failure(self.course, std::move(answer));
        flights.ask_again(self);
    } else {
        flights.land(self, std::move(answer));
    }
}

// Unless nobody waits for it any more.
void AresFlights::ask_again(AresFlight& flight) noexcept {
    if (flight.waiters.empty()) {
        drop(flight);
    } else {
        enqueue(flight);
    }
}

void AresFlights::note_failure(Course& course, NameAnswer answer) noexcept {
    if (says_it_cannot(answer.status)) {
        const std::size_t server = (course.first + course.attempts - 1) % servers_.size();
        course.given_up_on |= std::uint64_t{1} << server;
    }
    if (!course.failed || weight_of(answer.status) > weight_of(course.failure.status)) {
        course.failed = true;
        course.failure = std::move(answer);
    }
}

}  // namespace rondo::net::detail
