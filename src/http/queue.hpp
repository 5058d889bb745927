// SPDX-License-Identifier: Apache-2.0
/// Who may start: first come, first served, within a limit for all and one for each host.
///
/// Rondo queues itself: a transfer that curl holds back has started its clock already, so its
/// timeout would run while it waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace rondo::http::detail {

class Queue;

/// Somebody who waits for a place, or has one.
struct Place {
    struct Host;
    using Hosts = std::map<std::uint64_t, Host*>;

    Place* next = nullptr;
    Place* previous = nullptr;
    Host* host = nullptr;
    std::uint64_t ticket = 0;
};

/// The requests to one scheme, host and port.
struct Place::Host {
    explicit Host(const std::string& name);

    std::string key;
    Hosts::node_type node;  ///< of itself in Queue::startable_, while it is not there
    std::size_t active = 0;
    Place* first = nullptr;
    Place* last = nullptr;
};

class Queue {
public:
    Queue(std::size_t limit, std::size_t limit_per_host) noexcept
        : limit_(limit), limit_per_host_(limit_per_host) {}

    /// `place` waits for its turn at `host`. All memory is taken here.
    void enter(Place& place, const std::string& host);
    /// The next one that may start, which has a place from now on; null: nobody may.
    Place* next();
    /// Gives up waiting.
    void leave(Place& place);
    /// Gives back the place that next() gave.
    void done(Place& place);

    std::size_t active() const noexcept { return active_; }
    std::size_t waiting() const noexcept { return waiting_; }

private:
    bool may_start(const Place::Host& host) const noexcept {
        return host.first != nullptr && host.active < limit_per_host_;
    }
    void unlink(Place& place) noexcept;
    /// Runs `change`, and keeps `startable_` as it should be for `host`.
    template <class F>
    void update(Place::Host& host, F&& change);

    std::size_t limit_;
    std::size_t limit_per_host_;
    std::size_t active_ = 0;
    std::size_t waiting_ = 0;
    std::uint64_t next_ticket_ = 0;
    std::unordered_map<std::string, Place::Host> hosts_;
    Place::Hosts startable_;  ///< by the ticket of the first who waits
};

}  // namespace rondo::http::detail
