// SPDX-License-Identifier: Apache-2.0
#include "net/dns/script_flights.hpp"

#include <algorithm>

namespace rondo::net::detail {

void ScriptFlights::send(Flight& flight) noexcept {
    auto& self = static_cast<ScriptFlight&>(flight);
    auto [answer, after] = script_.ask(self.question.name, self.question.type);
    self.answer = std::move(answer);
    if (after > patience_.count()) {
        after = patience_.count();
        self.answer = NameAnswer();
        self.answer.status = NameStatus::timed_out;
    }
    self.fire = &arrive;
    loop_.arm_after(self, std::max<std::int64_t>(after, 1));
}

void ScriptFlights::arrive(rondo::detail::Timer& timer) noexcept {
    auto& self = static_cast<ScriptFlight&>(timer);
    static_cast<ScriptFlights&>(self.owner).land(self, std::move(self.answer));
}

void ScriptFlights::left(Landing& waiter, Flight& flight) noexcept {
    if (flight.waiters.empty()) {
        loop_.disarm(static_cast<ScriptFlight&>(flight));
        drop(flight);
    }
    rondo::detail::local.push_stop(*waiter.scope);
}

void ScriptFlights::landed(Landing& waiter) noexcept { rondo::detail::wake(*waiter.scope); }

}  // namespace rondo::net::detail
