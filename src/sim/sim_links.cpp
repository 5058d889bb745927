// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_links.hpp"

#include <algorithm>

#include "driver/monotonic.hpp"
#include "sim/sim_weather.hpp"

namespace rondo::detail {
namespace {

constexpr std::int64_t send_again = nanoseconds_per_second / 5;

bool takes_time(const sim::Link& spec) noexcept {
    return spec.latency.count() > 0 || spec.jitter.count() > 0 || spec.tail.count() > 0 ||
           spec.bandwidth > 0 || spec.loss > 0;
}

}  // namespace

SimLink::Time SimLink::free_from() const noexcept {
    const std::uint64_t rate = spec.bandwidth;
    return rate == 0 ? busy_from
                     : busy_from + static_cast<Time>(busy_bytes * nanoseconds_per_second / rate);
}

void SimLink::become(const sim::Link& other) noexcept {
    busy_from = free_from();
    busy_bytes = 0;
    spec = other;
}

SimLink& SimLinks::between(const SimHost& from, const SimHost& to) {
    const auto [at, is_new] = links_.try_emplace({from, to});
    if (is_new) {
        at->second.spec = weather_.draw_link(usual_);
        review(at->first, at->second);
    }
    return at->second;
}

// True: it is cut now, and was not.
bool SimLinks::review(const Way& way, SimLink& link) noexcept {
    const bool was_cut = link.cut;
    link.cut = link.partitioned || link.drawn_until != 0 ||
               state(way.first) == HostState::vanished || state(way.second) == HostState::vanished;
    link.plain = link.is_open() && !takes_time(link.spec);
    return link.cut && !was_cut;
}

void SimLinks::set(const SimHost& from, const SimHost& to, const sim::Link& spec) {
    SimLink& link = between(from, to);
    link.become(spec);
    link.is_set = true;
    review({from, to}, link);
}

void SimLinks::set_all(const sim::Link& spec) {
    usual_ = spec;
    for (auto& [way, link] : links_) {
        if (!link.is_set) {
            link.become(spec);
            review(way, link);
        }
    }
}

bool SimLinks::partition(const SimHost& from, const SimHost& to) {
    SimLink& link = between(from, to);
    link.partitioned = true;
    return review({from, to}, link);
}

bool SimLinks::partition_until(const SimHost& from, const SimHost& to, Time until) {
    SimLink& link = between(from, to);
    link.drawn_until = std::max(link.drawn_until, until);
    return review({from, to}, link);
}

bool SimLinks::end_drawn(const SimHost& from, const SimHost& to, Time now) {
    SimLink& link = between(from, to);
    if (link.drawn_until == 0 || now < link.drawn_until) {
        return false;
    }
    link.drawn_until = 0;
    review({from, to}, link);
    return true;
}

void SimLinks::heal(const Way& way, SimLink& link) noexcept {
    link.partitioned = false;
    link.drawn_until = 0;
    review(way, link);
}

void SimLinks::heal(const SimHost& from, const SimHost& to) { heal({from, to}, between(from, to)); }

void SimLinks::heal_all() {
    for (auto& [way, link] : links_) {
        heal(way, link);
    }
}

void SimLinks::clog(const SimHost& from, const SimHost& to, bool on) {
    SimLink& link = between(from, to);
    link.clogged = on;
    review({from, to}, link);
}

void SimLinks::set_state(const SimHost& host, HostState state) {
    hosts_[host] = state;
    for (auto& [way, link] : links_) {
        review(way, link);
    }
}

SimLinks::HostState SimLinks::state(const SimHost& host) const noexcept {
    const auto at = hosts_.find(host);
    return at != hosts_.end() ? at->second : HostState::well;
}

// Counted from the beginning of a busy time, so that rounding does not add up.
SimLinks::Time SimLinks::transmitted(SimLink& link, std::size_t size, Time now) noexcept {
    constexpr std::uint64_t much = 1'000'000'000;
    if (link.spec.bandwidth == 0) {
        return now;
    }
    if (const Time free = link.free_from(); free <= now || link.busy_bytes > much) {
        link.busy_from = std::max(free, now);
        link.busy_bytes = 0;
    }
    link.busy_bytes += size;
    return link.free_from();
}

SimLinks::Time SimLinks::arrival(SimLink& link, std::size_t size, Time now) noexcept {
    const auto up_to = [&](Duration most) {
        return most.count() > 0
                   ? static_cast<Time>(dice_.below(static_cast<std::size_t>(most.count()) + 1))
                   : 0;
    };
    Time time = transmitted(link, size, now) + link.spec.latency.count() + up_to(link.spec.jitter);
    if (link.spec.tail.count() > 0 && dice_.one_in(1000)) {
        time += up_to(link.spec.tail);
    }
    Time wait = send_again;
    for (int i = 0; link.spec.loss > 0 && i < 8 && dice_.below(1'000'000) < link.spec.loss; ++i) {
        time += wait;
        wait *= 2;
    }
    return time;
}

}  // namespace rondo::detail
