// SPDX-License-Identifier: Apache-2.0
/// The hosts of the simulated network and the ways between them.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "rondo/sim/network_options.hpp"
#include "sim/random.hpp"
#include "sim/sim_address.hpp"

namespace rondo::detail {

class SimWeather;

/// The way from one host to another. Its address is good until the network ends.
struct SimLink {
    using Time = std::int64_t;

    sim::Link spec;
    bool is_set = false;       ///< the program did
    bool plain = true;         ///< what is sent arrives at once
    bool partitioned = false;  ///< the program did
    Time drawn_until = 0;      ///< by the weather; 0: it is not
    bool clogged = false;
    bool cut = false;              ///< partitioned, or one of its hosts has vanished
    Time busy_from = 0;            ///< since then without a pause
    std::uint64_t busy_bytes = 0;  ///< so much was transmitted

    bool is_open() const noexcept { return !cut && !clogged; }
    /// When all is transmitted that was sent so far.
    Time free_from() const noexcept;
    /// Holds for what is sent from now on.
    void become(const sim::Link& other) noexcept;
};

class SimLinks {
public:
    using Time = SimLink::Time;
    enum class HostState : std::uint8_t { well, refusing, unreachable, vanished };

    SimLinks(const sim::Link& usual, std::uint64_t seed, SimWeather& weather) noexcept
        : usual_(usual), dice_(seed), weather_(weather) {}

    SimLink& between(const SimHost& from, const SimHost& to);

    void set(const SimHost& from, const SimHost& to, const sim::Link& spec);
    void set_all(const sim::Link& spec);
    /// True: it is cut now, and was not.
    bool partition(const SimHost& from, const SimHost& to);
    /// The same for a while, unless it is healed before.
    bool partition_until(const SimHost& from, const SimHost& to, Time until);
    /// Ends that while, if it is over. True: there was one.
    bool end_drawn(const SimHost& from, const SimHost& to, Time now);
    void heal(const SimHost& from, const SimHost& to);
    void heal_all();
    void clog(const SimHost& from, const SimHost& to, bool on);

    void add_host(const SimHost& host) { hosts_.emplace(host, HostState::well); }
    bool is_host(const SimHost& host) const {
        return host.is_loopback() || host.is_private() || hosts_.contains(host);
    }
    void set_state(const SimHost& host, HostState state);
    HostState state(const SimHost& host) const noexcept;

    /// When `size` bytes arrive that are sent over an open link at `now`, by what is transmitted
    /// already, bandwidth, latency and draws.
    Time arrival(SimLink& link, std::size_t size, Time now) noexcept;
    /// The same of a confirmation, which waits for no bytes and is never late.
    static Time answer(const SimLink& link, Time now) noexcept {
        return now + link.spec.latency.count();
    }

private:
    using Way = std::pair<SimHost, SimHost>;

    bool review(const Way& way, SimLink& link) noexcept;
    void heal(const Way& way, SimLink& link) noexcept;
    Time transmitted(SimLink& link, std::size_t size, Time now) noexcept;

    sim::Link usual_;
    SimRandom dice_;
    SimWeather& weather_;
    std::map<Way, SimLink> links_;
    std::map<SimHost, HostState> hosts_;
};

}  // namespace rondo::detail
