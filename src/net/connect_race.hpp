// SPDX-License-Identifier: Apache-2.0
/// Happy Eyeballs, RFC 8305: the addresses of a host race for a connection.
///
/// Addresses arrive by family. The first attempt begins with the first IPv6 address, or when IPv4
/// ones have waited resolution_delay for those; when both are known, with the one that the order of
/// addresses prefers. Then one follows the other, the families by turns, each attempt_delay after
/// the one before, or at once when an attempt has failed. The first to succeed wins; the others are
/// stopped, and what they had opened is closed, before run() ends. At most addresses_max are tried:
/// an answer of the DNS may hold thousands.
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
    using Queue = std::deque<Address>;

    void begin() override;
    void arrived(Family family, std::vector<Address> addresses) override;

    Task<> look();
    Task<> direct(TaskGroup& group);
    Task<> try_one(Address address);
    TimePoint ready_at() const noexcept;
    Queue& next_queue();
    Address take_next();
    bool has_pending() const noexcept {
        return attempts_ < addresses_max && (!ipv6_.empty() || !ipv4_.empty());
    }
    bool is_over() const noexcept;
    [[noreturn]] void throw_failure() const;

    const std::string target_;
    const Family family_;
    const Delays delays_;

    Queue ipv6_;
    Queue ipv4_;
    bool ipv6_is_known_ = false;  ///< for the name that is asked for now
    bool found_all_ = false;
    std::exception_ptr lookup_error_;
    TimePoint first_at_;  ///< when IPv4 addresses need not wait any longer
    TimePoint next_at_;
    std::size_t attempts_ = 0;
    std::size_t running_ = 0;
    bool last_was_ipv6_ = false;
    std::vector<Failure> failures_;
    std::optional<TcpStream> winner_;
    Event changed_{"connect"};
};

}  // namespace rondo::net::detail
