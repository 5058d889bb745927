// SPDX-License-Identifier: Apache-2.0
/// Questions to the names of a simulation: answered by its script, on virtual time.
#pragma once

#include <cstddef>
#include <memory>

#include "net/dns/flights.hpp"

namespace rondo::net::detail {

class ScriptFlights final : public Flights {
public:
    /// A question that the script leaves without an answer ends after `patience`.
    ScriptFlights(EventLoop& loop, Cache& cache, rondo::detail::NameScript& script,
                  Duration patience) noexcept
        : Flights(loop, cache), script_(script), patience_(patience) {}

private:
    struct ScriptFlight final : Flight, rondo::detail::Timer {
        using Flight::Flight;
        NameAnswer answer;
    };

    std::unique_ptr<Flight> make(Question question) override {
        return std::make_unique<ScriptFlight>(std::move(question), *this);
    }
    void send(Flight& flight) noexcept override;
    void left(Landing& waiter, Flight& flight) noexcept override;
    void landed(Landing& waiter) noexcept override;
    static void arrive(rondo::detail::Timer& timer) noexcept;

    rondo::detail::NameScript& script_;
    Duration patience_;
};

}  // namespace rondo::net::detail
