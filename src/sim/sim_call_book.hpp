// SPDX-License-Identifier: Apache-2.0
/// Counts the calls to the simulated network by kind, and says which of them fail.
#pragma once

#include <cstdint>
#include <vector>

#include "rondo/sim/network_options.hpp"
#include "sim/sim_weather.hpp"

namespace rondo::detail {

class SimCallBook {
public:
    SimCallBook(const std::vector<sim::FailingCall>& failing, SimWeather& weather);

    /// A call of this kind is made. 0, or the errno with which it must fail.
    int enter(sim::Call call) noexcept {
        Page& page = pages_[static_cast<std::size_t>(call)];
        return ++page.made < page.next_failure ? 0 : decide(call, page);
    }

    std::uint64_t count(sim::Call call) const noexcept {
        return pages_[static_cast<std::size_t>(call)].made;
    }

    /// Of all kinds.
    std::uint64_t total() const noexcept;

    /// The `number`th call from now fails.
    void fail(sim::Call call, std::uint64_t number, int error);

private:
    struct Page {
        std::uint64_t made = 0;
        std::uint64_t next_failure = UINT64_MAX;  ///< the smallest of `ordered` and `drawn`
        std::uint64_t drawn = UINT64_MAX;
    };

    int decide(sim::Call call, Page& page) noexcept;
    void look_ahead(sim::Call call, Page& page) noexcept;
    void draw(sim::Call call, Page& page) noexcept;

    SimWeather& weather_;
    Page pages_[sim::calls_count];
    std::vector<sim::FailingCall> ordered_;
};

}  // namespace rondo::detail
