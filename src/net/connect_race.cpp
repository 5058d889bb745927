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

// Of a family that is not wanted it is known that none come.
void ConnectRace::begin() {
    ipv6_.is_known = family_ == Family::ipv4;
    ipv4_.is_known = family_ == Family::ipv6;
}

void ConnectRace::arrived(Family family, std::vector<Address> addresses) {
    const std::vector<Address> sorted = in_order(std::move(addresses));
    Side& side = family == Family::ipv6 ? ipv6_ : ipv4_;
    side.addresses.insert(side.addresses.end(), sorted.begin(), sorted.end());
    side.is_known = true;
    if (family == Family::ipv4) {
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

bool ConnectRace::may_try(const Side& side, const Side& other) const noexcept {
    const bool other_may_have = !other.addresses.empty() || (!other.is_known && !found_all_);
    const std::size_t most = other_may_have ? addresses_max / 2 : addresses_max;
    return !side.addresses.empty() && side.attempts < most && attempts() < addresses_max;
}

// By turns; the first is the one that the order of addresses prefers.
ConnectRace::Side& ConnectRace::next_side() {
    const bool may_ipv6 = may_try(ipv6_, ipv4_);
    if (!may_ipv6 || !may_try(ipv4_, ipv6_)) {
        return may_ipv6 ? ipv6_ : ipv4_;
    }
    bool ipv6 = !last_was_ipv6_;
    if (attempts() == 0) {
        ipv6 = in_order({ipv6_.addresses.front(), ipv4_.addresses.front()}).front().is_ipv6();
    }
    return ipv6 ? ipv6_ : ipv4_;
}

Address ConnectRace::take_next() {
    Side& side = next_side();
    const Address address = side.addresses.front();
    side.addresses.pop_front();
    ++side.attempts;
    last_was_ipv6_ = address.is_ipv6();
    return address;
}

// ----------------------------------------------------------------------- the attempts

TimePoint ConnectRace::ready_at() const noexcept {
    if (attempts() > 0) {
        return next_at_;
    }
    const bool ipv6_may_come = !ipv6_.is_known && !found_all_;
    return ipv6_may_come ? first_at_ : TimePoint();
}

bool ConnectRace::is_over() const noexcept {
    const bool was_last = found_all_ || attempts() == addresses_max;
    return winner_.has_value() || (was_last && running_ == 0 && !has_pending());
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
            ++running_;
            group.spawn(try_one(take_next()));
        }
    }
    group.cancel();
}

Task<TcpStream> ConnectRace::run() {
    begin();
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
