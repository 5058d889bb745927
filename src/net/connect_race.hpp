// SPDX-License-Identifier: Apache-2.0
/// Happy Eyeballs, RFC 8305: the addresses of a host race for a connection.
///
/// Addresses arrive by family. The first attempt begins with the first IPv6 address, or when IPv4
/// ones have waited resolution_delay for those; when both are known, with the one that the order of
/// addresses prefers. Then one follows the other, the families by turns, each attempt_delay after
/// the one before, or at once when an attempt has failed. The first to succeed wins; the others are
/// stopped, and what they had opened is closed, before run() ends. At most addresses_max are tried,
/// for an answer of the DNS may hold thousands; half of them are kept for the other family as long
/// as that may have an address.
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/dns/lookup.hpp"
#include "rondo/base/error.hpp"
#include "rondo/coro/task_group.hpp"
#include "rondo/net/connect.hpp"
#include "rondo/sync/event.hpp"

namespace rondo::net::detail {

class ConnectRace : protected Arrivals {
public:
    static constexpr std::size_t addresses_max = 64;
    struct Delays {
        Duration attempt{0};
        Duration resolution{0};
    };

    /// `target` is for errors: "example.com:80".
    ConnectRace(std::string target, Family family, Delays delays)
        : target_(std::move(target)), family_(family), delays_(delays) {}

    /// The connection. Errors: see connect().
    Task<TcpStream> run();

protected:
    /// Ends when no more addresses can come.
    virtual Task<> find_addresses(Arrivals& to) = 0;
    virtual Task<TcpStream> attempt(Address address) = 0;
    /// The order in which they are to be tried: of one family, or of the first of each.
    virtual std::vector<Address> in_order(std::vector<Address> addresses) = 0;

private:
    struct Failure {
        Address address;
        Error error;
    };
    /// One of the families.
    struct Side {
        std::deque<Address> addresses;  ///< that were not tried
        std::size_t attempts = 0;
        bool is_known = false;  ///< of the name that is asked for now, no more come
    };

    void begin() override;
    void arrived(Family family, std::vector<Address> addresses) override;

    Task<> look();
    Task<> direct(TaskGroup& group);
    Task<> try_one(Address address);
    TimePoint ready_at() const noexcept;
    bool may_try(const Side& side, const Side& other) const noexcept;
    Side& next_side();
    Address take_next();
    std::size_t attempts() const noexcept { return ipv6_.attempts + ipv4_.attempts; }
    bool has_pending() const noexcept { return may_try(ipv6_, ipv4_) || may_try(ipv4_, ipv6_); }
    bool is_over() const noexcept;
    [[noreturn]] void throw_failure() const;

    const std::string target_;
    const Family family_;
    const Delays delays_;

    Side ipv6_;
    Side ipv4_;
    bool found_all_ = false;
    std::exception_ptr lookup_error_;
    TimePoint first_at_;  ///< when IPv4 addresses need not wait any longer
    TimePoint next_at_;
    std::size_t running_ = 0;
    bool last_was_ipv6_ = false;
    std::vector<Failure> failures_;
    std::optional<TcpStream> winner_;
    Event changed_{"connect"};
};

}  // namespace rondo::net::detail
