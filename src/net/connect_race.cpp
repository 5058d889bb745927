// SPDX-License-Identifier: Apache-2.0
#include "net/connect_race.hpp"

#include <string_view>

#include "rondo/loop/timeout.hpp"

namespace rondo::net::detail {
namespace {

// What an Error says beside its operation and object.
std::string reason_of(const Error& error) {
    const std::string text = error.what();
    const std::string object = error.object().empty() ? "" : " " + error.object();
    const std::string known = error.operation() + object + ": ";
    return text.starts_with(known) ? text.substr(known.size()) : text;
}

}  // namespace

// ---------------------------------------------------------------------- the addresses

void ConnectRace::begin() { ipv6_is_known_ = false; }

void ConnectRace::arrived(Family family, std::vector<Address> addresses) {
    const bool ipv6 = family == Family::ipv6;
    const std::vector<Address> sorted = in_order(std::move(addresses));
    Queue& queue = ipv6 ? ipv6_ : ipv4_;
    queue.insert(queue.end(), sorted.begin(), sorted.end());
    if (ipv6) {
        ipv6_is_known_ = true;
    } else {
        first_at_ = rondo::detail::add_saturating(now(), delays_.resolution);
    }
    changed_.set();
}

Task<> ConnectRace::look() {
    try {
        co_await find_addresses(*this);
    } catch (const Error&) {
        lookup_error_ = std::current_exception();
    }
    found_all_ = true;
    changed_.set();
}

// By turns; the first is the one that the order of addresses prefers.
ConnectRace::Queue& ConnectRace::next_queue() {
    if (ipv6_.empty() || ipv4_.empty()) {
        return ipv6_.empty() ? ipv4_ : ipv6_;
    }
    bool ipv6 = !last_was_ipv6_;
    if (attempts_ == 0) {
        ipv6 = in_order({ipv6_.front(), ipv4_.front()}).front().is_ipv6();
    }
    return ipv6 ? ipv6_ : ipv4_;
}

Address ConnectRace::take_next() {
    Queue& queue = next_queue();
    const Address address = queue.front();
    queue.pop_front();
    last_was_ipv6_ = address.is_ipv6();
    return address;
}

// ----------------------------------------------------------------------- the attempts

TimePoint ConnectRace::ready_at() const noexcept {
    if (attempts_ > 0) {
        return next_at_;
    }
    const bool ipv6_may_come = family_ == Family::any && !ipv6_is_known_ && !found_all_;
    return ipv6_may_come ? first_at_ : TimePoint();
}

bool ConnectRace::is_over() const noexcept {
    return winner_.has_value() || (found_all_ && running_ == 0 && !has_pending());
}

Task<> ConnectRace::try_one(Address address) {
    try {
        TcpStream stream = co_await attempt(address);
        if (!winner_) {
            winner_ = std::move(stream);
        }
    } catch (const Error& error) {
        failures_.push_back({address, error});
        next_at_ = now();
    }
    --running_;
    changed_.set();
}

Task<> ConnectRace::direct(TaskGroup& group) {
    group.spawn(look());
    while (!is_over()) {
        changed_.clear();
        if (!has_pending()) {
            co_await changed_.wait();
        } else if (const TimePoint when = ready_at(); when > now()) {
            co_await move_on_at(when, changed_.wait());
        } else {
            next_at_ = rondo::detail::add_saturating(now(), delays_.attempt);
            const Address next = take_next();
            ++attempts_;
            ++running_;
            group.spawn(try_one(next));
        }
    }
    group.cancel();
}

Task<TcpStream> ConnectRace::run() {
    co_await task_group([this](TaskGroup& group) { return direct(group); });
    if (!winner_) {
        throw_failure();
    }
    co_return std::move(*winner_);
}

void ConnectRace::throw_failure() const {
    if (failures_.empty()) {
        if (lookup_error_) {
            std::rethrow_exception(lookup_error_);
        }
        throw Error(Errc::not_found, "connect", target_, "no address of the wanted family");
    }
    const Failure& first = failures_.front();
    if (failures_.size() == 1 && first.address.to_string() == target_) {
        throw first.error;
    }
    std::string all;
    for (const Failure& failure : failures_) {
        all += (all.empty() ? "" : "; ") + failure.address.to_string() + ": " +
               reason_of(failure.error);
    }
    throw Error(first.error.code(), "connect", target_, all);
}

}  // namespace rondo::net::detail
