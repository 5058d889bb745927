// SPDX-License-Identifier: Apache-2.0
/// From the names of hosts to addresses, and back.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rondo/base/time.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/net/address.hpp"

namespace rondo::net {

namespace detail {
class ResolverState;
}

/// Which addresses are wanted.
enum class Family : std::uint8_t { any, ipv4, ipv6 };

/// How a Resolver works. What is empty or unset is as the system's /etc/resolv.conf has it, which
/// is read again within five seconds when it has changed. Other servers in it end what is cached.
struct ResolverOptions {
    std::vector<Address> servers;  ///< name servers, asked in this order; port 0 is 53
    /// Each server is asked `tries` times, each time for `timeout`, before a lookup has timed out.
    Duration timeout = std::chrono::seconds(3);
    unsigned tries = 2;
    bool use_search = true;            ///< false: names are taken as they are
    std::vector<std::string> domains;  ///< what short names are completed with
    /// Names with fewer dots are completed before they are asked for as they are. Negative: as the
    /// system has it.
    int ndots = -1;
    bool rotate = false;  ///< begin with another server each time
    /// Asked before any server; empty: no file.
    std::string hosts_file = "/etc/hosts";
    /// Questions on their way at a time; further ones wait for their turn.
    std::size_t questions_max = 512;

    /// Answers kept; 0: none. One of more than 8 KiB, a hundred addresses, is given and not kept.
    std::size_t cache_size = 10'000;
    /// An answer is kept for as long as its server says, within these bounds; one that says 0 is
    /// not kept unless ttl_min is more.
    Duration ttl_min{0};
    Duration ttl_max = std::chrono::hours(24);
    /// The same for "no such host". Failures of servers are not kept.
    Duration negative_ttl_max = std::chrono::minutes(5);

    ResolverOptions() {}
};

/// A SRV record.
struct ServiceRecord {
    std::string host;
    std::uint16_t port = 0;
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
};

/// A MX record.
struct MailRecord {
    std::string host;
    std::uint16_t priority = 0;
};

/// Looks names up without blocking the loop: c-ares asks the name servers, on the loop's own
/// driver. Each loop has one (see resolve()); others are for other servers or limits.
///
/// Lookups of one name at the same time are one question to the servers. A cancelled lookup stops
/// at once; its question runs on for the others.
///
/// Errors of all lookups: Error with the host's name in it; `not_found` (no such host, or no record
/// of this kind), `timed_out`, `unreachable` (no name server), `refused`, `not_supported` (NOTIMP),
/// `protocol` (the question was not understood, the answer is malformed, or its aliases form a
/// loop), `invalid` (no name), `exhausted` (memory or descriptors ran out), `unexpected`
/// (SERVFAIL).
class Resolver {
public:
    /// Requires: inside run(); it is used on this loop only.
    explicit Resolver(ResolverOptions options = {});
    Resolver(Resolver&&) noexcept = default;
    Resolver& operator=(Resolver&&) noexcept = default;
    /// Lookups that still run go on.
    ~Resolver() = default;

    /// All addresses of `host`, at least one, in the order in which they should be tried (RFC
    /// 6724), each with `port`.
    ///
    /// Numeric hosts give themselves, also "[::1]" and "fe80::1%eth0". "localhost" and names below
    /// it are this machine, and are never asked for. Then the hosts file counts, and then the
    /// servers.
    Task<std::vector<Address>> resolve(std::string host, std::uint16_t port = 0,
                                       Family family = Family::any);

    /// The name of an address; one of this machine's own (127.0.0.1, ::1) is never asked for.
    Task<std::string> resolve_name(Address address);

    /// "_xmpp-client._tcp.example.com": lowest priority first; within one priority in an order
    /// drawn by weight, as RFC 2782 wants it.
    Task<std::vector<ServiceRecord>> resolve_service(std::string name);
    /// Lowest priority first.
    Task<std::vector<MailRecord>> resolve_mail(std::string domain);
    Task<std::vector<std::string>> resolve_text(std::string name);

    void clear_cache() noexcept;
    /// Answers that are kept.
    std::size_t cached() const noexcept;
    /// Questions on their way, also those that nobody waits for any more.
    std::size_t questions() const noexcept;

    // For connect().
    const std::shared_ptr<detail::ResolverState>& state() const noexcept { return state_; }

private:
    std::shared_ptr<detail::ResolverState> state_;
};

/// The current loop's own resolver, made with default options when it is first asked for.
Resolver& resolver();

/// As Resolver::resolve, by the current loop's own resolver.
Task<std::vector<Address>> resolve(std::string host, std::uint16_t port = 0,
                                   Family family = Family::any);

/// As Resolver::resolve_name, by the current loop's own resolver.
Task<std::string> resolve_name(Address address);

}  // namespace rondo::net
