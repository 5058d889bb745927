// SPDX-License-Identifier: Apache-2.0
/// The names that a simulated run can look up. No simulation asks the network.
///
///     rondo::sim::names().set("api.example", rondo::sim::Name({"127.0.0.1"}).latency(20ms));
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/base/time.hpp"
#include "rondo/loop/name_script.hpp"

namespace rondo::detail {
class SimNames;
}

namespace rondo::sim {

/// How a question for a name fails.
enum class NameFailure : std::uint8_t {
    no_such_host,
    server_failed,  ///< SERVFAIL
    refused,        ///< REFUSED
    malformed,      ///< the answer is no DNS message
    alias_loop,
    silence,  ///< no answer comes: the lookup times out
};

/// What a name has, and how its answers come.
class Name {
public:
    /// A name without any record.
    Name() = default;
    /// With numeric addresses of either family.
    ///
    /// Errors: Error (invalid) when one is none.
    Name(std::initializer_list<std::string_view> addresses);

    Name& address(std::string_view numeric);
    Name& text(std::string_view text);
    Name& mail(std::uint16_t priority, std::string_view host);
    Name& service(std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
                  std::string_view host);
    /// What resolve_name() gives, for the name of an address ("1.0.0.127.in-addr.arpa").
    Name& pointer(std::string_view host);

    /// How long answers hold, also those that say there is nothing. One minute unless it is set.
    Name& ttl(std::chrono::seconds ttl) noexcept;
    /// How long an answer takes: 1 ms unless it is set, drawn from the seed between two bounds.
    Name& latency(Duration always) noexcept { return latency(always, always); }
    Name& latency(Duration least, Duration most) noexcept;
    /// Of the question for IPv4, or for IPv6, addresses only.
    Name& ipv4_latency(Duration least, Duration most) noexcept;
    Name& ipv6_latency(Duration least, Duration most) noexcept;

    /// Every question fails; or only those for IPv4, or for IPv6, addresses.
    Name& fails(NameFailure how) noexcept;
    Name& ipv4_fails(NameFailure how) noexcept;
    Name& ipv6_fails(NameFailure how) noexcept;

private:
    friend class rondo::detail::SimNames;
    using RecordType = rondo::detail::RecordType;

    struct Manner {
        Duration least = std::chrono::milliseconds(1);
        Duration most = std::chrono::milliseconds(1);
        rondo::detail::NameStatus status = rondo::detail::NameStatus::found;
        bool silent = false;

        void fail(NameFailure how) noexcept;
    };
    struct Record {
        RecordType type;
        rondo::detail::NameRecord record;
    };

    Manner& manner_of(RecordType type) noexcept;
    Name& add(RecordType type, const rondo::detail::NameRecord& record);

    std::vector<Record> records_;
    std::uint32_t ttl_ = 60;
    std::array<Manner, 3> manners_;  ///< for IPv4, for IPv6, for all others
};

/// The names of the current simulated run; see names().
class Names {
public:
    virtual ~Names() = default;

    /// From now on. Names that were never set do not exist.
    virtual void set(std::string_view host, Name name) = 0;
    /// From `after` on, counted from now: names change, also maliciously (DNS rebinding).
    virtual void set_after(Duration after, std::string_view host, Name name) = 0;
    virtual void remove(std::string_view host) = 0;

    /// Questions that were asked about `host`, of any type.
    virtual std::size_t questions(std::string_view host) const = 0;
    virtual std::size_t questions() const = 0;
};

/// Requires: inside a simulated run.
Names& names();

}  // namespace rondo::sim
