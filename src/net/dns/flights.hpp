// SPDX-License-Identifier: Apache-2.0
/// Questions that are being asked, each once however many tasks wait for its answer.
///
/// A Flight belongs to its Flights and not to a task: a cancelled task leaves it, and the answer,
/// when it comes, touches nothing of the task's. Who carries the questions out derives from
/// Flights: AresFlights asks name servers, ScriptFlights the simulation.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>

#include "net/dns/cache.hpp"
#include "rondo/coro/wait_list.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::net::detail {

class Flights;

/// One question on its way.
struct Flight {
    const Question question;
    Flights& owner;
    rondo::detail::WaitList waiters;

    Flight(Question asked, Flights& flights) : question(std::move(asked)), owner(flights) {}
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    virtual ~Flight() = default;
};

/// `co_await` gives the answer, whatever it is.
class [[nodiscard]] Landing : rondo::detail::Waiter {
public:
    Landing(Flights& flights, Question question)
        : flights_(&flights), question_(std::move(question)) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(rondo::detail::Awaiting frame);
    AnswerPtr await_resume() noexcept { return std::move(answer_); }

private:
    friend class Flights;
    friend class AresFlights;
    friend class ScriptFlights;
    static void poke(rondo::detail::Leaf& at, rondo::detail::Scope& scope) noexcept;
    static void describe(const rondo::detail::Leaf& at, rondo::detail::Describer& out);
    static const rondo::detail::LeafKind leaf;

    Flights* flights_;
    Question question_;
    Flight* flight_ = nullptr;  ///< while it waits
    AnswerPtr answer_;
};

class Flights {
public:
    Flights(EventLoop& loop, Cache& cache);
    Flights(const Flights&) = delete;
    Flights& operator=(const Flights&) = delete;
    /// Requires: nobody waits.
    virtual ~Flights() = default;

    EventLoop& loop() noexcept { return loop_; }
    /// Questions on their way, also those that nobody waits for any more.
    std::size_t size() const noexcept { return flights_.size(); }

protected:
    friend class Landing;

    virtual std::unique_ptr<Flight> make(Question question) = 0;
    /// Sends the question of a new flight.
    virtual void send(Flight& flight) noexcept = 0;
    /// `waiter`, whose scope was cancelled, has left its flight: pushes its stop, now or later.
    virtual void left(Landing& waiter, Flight& flight) noexcept = 0;
    /// `waiter` has its answer: wakes it, now or later.
    virtual void landed(Landing& waiter) noexcept = 0;

    /// The answer of `flight` has come. It dies here.
    void land(Flight& flight, NameAnswer answer) noexcept;
    /// Tasks that wait for an answer.
    std::size_t tasks_waiting() const noexcept { return waiting_; }
    /// Forgets a flight that nobody waits for.
    void drop(Flight& flight) noexcept;
    /// Those that were kept do not hold any more.
    void forget_answers() noexcept { cache_.clear(); }

    EventLoop& loop_;

private:
    bool join(Landing& landing);
    AnswerPtr share(NameAnswer&& answer) const noexcept;

    Cache& cache_;
    AnswerPtr no_memory_;  ///< the answer where there is none for an answer
    std::unordered_map<Question, std::unique_ptr<Flight>, QuestionHash> flights_;
    std::size_t waiting_ = 0;
};

}  // namespace rondo::net::detail
