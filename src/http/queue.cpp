// SPDX-License-Identifier: Apache-2.0
#include "http/queue.hpp"

#include <utility>

namespace rondo::http::detail {

Place::Host::Host(const std::string& name) : key(name) {
    Hosts one{{0, this}};
    node = one.extract(one.begin());
}

template <class F>
void Queue::update(Place::Host& host, F&& change) {
    if (may_start(host)) {
        host.node = startable_.extract(host.first->ticket);
    }
    std::forward<F>(change)();
    if (may_start(host)) {
        host.node.key() = host.first->ticket;
        startable_.insert(std::move(host.node));
    } else if (host.active == 0 && host.first == nullptr) {
        hosts_.erase(hosts_.find(host.key));
    }
}

void Queue::unlink(Place& place) noexcept {
    Place::Host& host = *place.host;
    (place.previous != nullptr ? place.previous->next : host.first) = place.next;
    (place.next != nullptr ? place.next->previous : host.last) = place.previous;
    --waiting_;
}

void Queue::enter(Place& place, const std::string& host) {
    place.host = &hosts_.try_emplace(host, host).first->second;
    update(*place.host, [&] {
        Place::Host& at = *place.host;
        place.ticket = next_ticket_++;
        place.next = nullptr;
        place.previous = at.last;
        (at.last != nullptr ? at.last->next : at.first) = &place;
        at.last = &place;
        ++waiting_;
    });
}

Place* Queue::next() {
    if (active_ >= limit_ || startable_.empty()) {
        return nullptr;
    }
    Place::Host& host = *startable_.begin()->second;
    Place* const place = host.first;
    update(host, [&] {
        unlink(*place);
        ++host.active;
    });
    ++active_;
    return place;
}

void Queue::leave(Place& place) {
    update(*place.host, [&] { unlink(place); });
}

void Queue::done(Place& place) {
    update(*place.host, [&] { --place.host->active; });
    --active_;
}

}  // namespace rondo::http::detail
