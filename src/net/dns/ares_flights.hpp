// SPDX-License-Identifier: Apache-2.0
/// Questions to name servers, by c-ares on the event loop.
///
/// c-ares is called from one place, AresFlights::turn(), which the loop runs soon after there is
/// something to tell: a question, an event on a socket, the timer. It never blocks, and its
/// callbacks only note what came. While somebody waits, questions that were given up run on, for
/// the cache; when nobody does, all end: an idle resolver has no socket, no timer and nothing in
/// the driver. The last who waits goes on only then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "loop/foreign_sockets.hpp"
#include "net/dns/ares_server.hpp"
#include "net/dns/flights.hpp"

namespace rondo::net::detail {

struct AskOptions {
    Duration timeout{0};        ///< of one try
    unsigned tries = 1;         ///< of each server
    std::size_t asked_max = 1;  ///< questions on their way at a time; the others wait
};

class AresFlights final : public Flights, rondo::detail::Callback, rondo::detail::ForeignSockets {
public:
    AresFlights(EventLoop& loop, Cache& cache, AskOptions options);
    ~AresFlights() override;

    /// From the next question on. Those that are on their way are asked again, of these. What other
    /// servers have answered is forgotten.
    void set_servers(std::vector<Address> servers, bool rotate);

private:
    /// How far a question got with the servers that there are.
    struct Course {
        bool failed = false;            ///< `failure` holds what a server, or silence, said
        std::size_t first = 0;          ///< the server that is asked first
        std::size_t attempts = 0;       ///< that were made
        std::uint64_t given_up_on = 0;  ///< a bit for each server that said it cannot answer
        NameAnswer failure;
    };
    struct AresFlight final : Flight {
        using Flight::Flight;
        AresFlight* next = nullptr;
        AresFlight** link = nullptr;  ///< what points to it; null: it is not in the queue
        Course course;
    };
    struct TurnTimer : rondo::detail::Timer {
        AresFlights* owner = nullptr;
        bool armed = false;
    };

    std::unique_ptr<Flight> make(Question question) override {
        return std::make_unique<AresFlight>(std::move(question), *this);
    }
    void send(Flight& flight) noexcept override;
    void left(Landing& waiter, Flight& flight) noexcept override;
    void landed(Landing& waiter) noexcept override;
    void announce() noexcept override;

    void turn() noexcept;
    void talk() noexcept;
    void ask_queued() noexcept;
    void ask(AresFlight& flight) noexcept;
    void ask_again(AresFlight& flight) noexcept;
    bool next_server(Course& course, std::size_t& server) const noexcept;
    void note_failure(Course& course, NameAnswer answer) noexcept;
    void cancel_all() noexcept;
    void apply_servers();
    void ask_anew() noexcept;
    void enqueue(AresFlight& flight) noexcept;
    void unqueue(AresFlight& flight) noexcept;
    void arm_timer() noexcept;
    void disarm() noexcept;
    void deliver() noexcept;
    static void on_answer(void* flight, int status, int timeouts, unsigned char* message, int size);

    const AskOptions options_;
    std::vector<Address> wanted_servers_;
    bool rotate_ = false;
    bool servers_changed_ = false;
    bool a_server_is_missing_ = false;  ///< its channel could not be made
    std::vector<std::unique_ptr<AresServer>> servers_;
    std::size_t next_first_ = 0;
    AresFlight* queue_ = nullptr;
    AresFlight** queue_end_ = &queue_;
    std::size_t asked_ = 0;  ///< questions in c-ares' hands
    rondo::detail::WaitList landed_;
    rondo::detail::WaitList stopping_;
    TurnTimer timer_;
    bool announced_ = false;
    bool timer_is_due_ = false;
    bool cancelling_ = false;  ///< who is waited for is asked again
};

}  // namespace rondo::net::detail
