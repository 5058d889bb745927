// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_names.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::sim {

using rondo::detail::NameRecord;
using rondo::detail::NameStatus;

// --------------------------------------------------------------------------- a name

Name::Name(std::initializer_list<std::string_view> addresses) {
    for (const std::string_view each : addresses) {
        address(each);
    }
}

Name& Name::add(RecordType type, const NameRecord& record) {
    records_.push_back({type, record});
    return *this;
}

Name& Name::address(std::string_view numeric) {
    NameRecord record;
    const std::string text(numeric);
    if (inet_pton(AF_INET, text.c_str(), record.address.data()) == 1) {
        return add(RecordType::a, record);
    }
    if (inet_pton(AF_INET6, text.c_str(), record.address.data()) == 1) {
        return add(RecordType::aaaa, record);
    }
    throw Error(Errc::invalid, "sim::Name", numeric, "not an IPv4 or IPv6 address");
}

Name& Name::text(std::string_view text) {
    NameRecord record;
    record.text = text;
    return add(RecordType::txt, record);
}

Name& Name::mail(std::uint16_t priority, std::string_view host) {
    NameRecord record;
    record.priority = priority;
    record.text = host;
    return add(RecordType::mx, record);
}

Name& Name::service(std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
                    std::string_view host) {
    NameRecord record;
    record.priority = priority;
    record.weight = weight;
    record.port = port;
    record.text = host;
    return add(RecordType::srv, record);
}

Name& Name::pointer(std::string_view host) {
    NameRecord record;
    record.text = host;
    return add(RecordType::ptr, record);
}

Name& Name::ttl(std::chrono::seconds ttl) noexcept {
    ttl_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(ttl.count(), 0, 0x7fffffff));
    return *this;
}

Name::Manner& Name::manner_of(RecordType type) noexcept {
    return manners_[type == RecordType::a ? 0 : type == RecordType::aaaa ? 1 : 2];
}

namespace {

constexpr auto every_kind = {rondo::detail::RecordType::a, rondo::detail::RecordType::aaaa,
                             rondo::detail::RecordType::txt};

}  // namespace

Name& Name::latency(Duration least, Duration most) noexcept {
    for (const RecordType type : every_kind) {
        manner_of(type).least = least;
        manner_of(type).most = most;
    }
    return *this;
}

Name& Name::ipv4_latency(Duration least, Duration most) noexcept {
    manner_of(RecordType::a).least = least;
    manner_of(RecordType::a).most = most;
    return *this;
}

Name& Name::ipv6_latency(Duration least, Duration most) noexcept {
    manner_of(RecordType::aaaa).least = least;
    manner_of(RecordType::aaaa).most = most;
    return *this;
}

void Name::Manner::fail(NameFailure how) noexcept {
    silent = how == NameFailure::silence;
    switch (how) {
        case NameFailure::no_such_host: status = NameStatus::no_such_name; break;
        case NameFailure::server_failed: status = NameStatus::server_failed; break;
        case NameFailure::refused: status = NameStatus::refused; break;
        case NameFailure::malformed: status = NameStatus::bad_answer; break;
        case NameFailure::alias_loop: status = NameStatus::alias_loop; break;
        case NameFailure::silence: status = NameStatus::timed_out; break;
    }
}

Name& Name::fails(NameFailure how) noexcept {
    for (const RecordType type : every_kind) {
        manner_of(type).fail(how);
    }
    return *this;
}

Name& Name::ipv4_fails(NameFailure how) noexcept {
    manner_of(RecordType::a).fail(how);
    return *this;
}

Name& Name::ipv6_fails(NameFailure how) noexcept {
    manner_of(RecordType::aaaa).fail(how);
    return *this;
}

Names& names() {
    auto* const names = dynamic_cast<Names*>(current_loop().driver().names());
    RONDO_REQUIRE(names != nullptr, "sim::names() outside of the simulation");
    return *names;
}

}  // namespace rondo::sim

namespace rondo::detail {

// ------------------------------------------------------------------------ the script

namespace {

std::string key_of(std::string_view host) {
    std::string key(host);
    if (key.ends_with('.')) {
        key.pop_back();
    }
    std::transform(key.begin(), key.end(), key.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return key;
}

}  // namespace

void SimNames::set(std::string_view host, sim::Name name) {
    set_after(Duration::zero(), host, std::move(name));
}

void SimNames::set_after(Duration after, std::string_view host, sim::Name name) {
    const std::int64_t from = add_saturating(clock_, std::max<std::int64_t>(after.count(), 0));
    names_[key_of(host)].insert_or_assign(from, std::move(name));
}

void SimNames::remove(std::string_view host) { names_.erase(key_of(host)); }

std::size_t SimNames::questions(std::string_view host) const {
    const auto found = counts_.find(key_of(host));
    return found != counts_.end() ? found->second : 0;
}

const sim::Name* SimNames::find(std::string_view name) const noexcept {
    const auto found = names_.find(name);
    if (found == names_.end()) {
        return nullptr;
    }
    const auto later = found->second.upper_bound(clock_);
    return later != found->second.begin() ? &std::prev(later)->second : nullptr;
}

NameScript::Reply SimNames::ask(std::string_view name, RecordType type) {
    ++asked_;
    ++counts_[std::string(name)];
    sim::Name known;
    if (const sim::Name* const found = find(name)) {
        known = *found;
    } else {
        known.fails(sim::NameFailure::no_such_host);
    }
    const sim::Name::Manner& manner = known.manner_of(type);
    const std::int64_t range = std::max<std::int64_t>((manner.most - manner.least).count(), 0);
    const std::int64_t drawn =
        range > 0 ? static_cast<std::int64_t>(dice_.below(static_cast<std::size_t>(range) + 1)) : 0;
    Reply reply;
    reply.after = manner.silent ? std::numeric_limits<std::int64_t>::max()
                                : add_saturating(manner.least.count(), drawn);
    reply.answer.status = manner.status;
    reply.answer.ttl = known.ttl_;
    if (manner.status == NameStatus::found) {
        for (const auto& [its_type, record] : known.records_) {
            if (its_type == type) {
                reply.answer.records.push_back(record);
                reply.answer.records.back().ttl = known.ttl_;
            }
        }
        if (reply.answer.records.empty()) {
            reply.answer.status = NameStatus::no_data;
        }
    }
    witness_.saw(witness_.who, name, type, reply.after);
    return reply;
}

}  // namespace rondo::detail
