// SPDX-License-Identifier: Apache-2.0
// Names of hosts: those that never are asked for, and those that are known, from a hosts file or,
// in the simulation, from its script. See hosts(5), RFC 6761 for localhost, RFC 1123 for names.
#include <fstream>

#include "conformance/over_streams.hpp"
#include "rondo/net/connect.hpp"
#include "rondo/net/resolver.hpp"
#include "rondo/sim/names.hpp"
#include "support/temporary_folder.hpp"

namespace rondo::test {
namespace {

using net::Family;
using net::Resolver;
using net::ResolverOptions;

// A resolver that knows host.example, and asks nobody.
class KnownNames {
public:
    KnownNames() {
        if (current_loop().driver().names() != nullptr) {
            sim::names().set("host.example", {"10.0.0.1", "fd00::1"});
        }
        std::ofstream(folder_ / "hosts") << "10.0.0.1 host.example other.example # a comment\n"
                                            "fd00::1 Host.Example\n";
    }

    Resolver resolver() const {
        ResolverOptions options;
        options.servers = {Address::loopback(9)};
        options.use_search = false;
        options.hosts_file = folder_ / "hosts";
        return Resolver(options);
    }

private:
    TemporaryFolder folder_;
};

// The hosts, joined, or the error.
Task<std::string> outcome_of_lookup(Resolver& resolver, std::string host,
                                    Family family = Family::any) {
    auto look_up = [&]() -> Task<std::string> {
        const std::vector<Address> found = co_await resolver.resolve(host, 0, family);
        std::string text;
        for (const Address& address : found) {
            text += (text.empty() ? "" : " ") + address.host();
        }
        co_return text;
    };
    std::string seen = co_await outcome(look_up);
    co_return seen;
}

RONDO_BEHAVIOUR(name, "numeric hosts are their own addresses", "192.0.2.7, 2001:db8::1, ::1") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    const std::string ipv4 = co_await outcome_of_lookup(resolver, "192.0.2.7");
    const std::string ipv6 = co_await outcome_of_lookup(resolver, "2001:db8::1");
    const std::string brackets = co_await outcome_of_lookup(resolver, "[::1]");
    co_return in_order(ipv4, ipv6, brackets);
}

RONDO_BEHAVIOUR(name, "a numeric host of the other family is not found", "not_found") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    co_return co_await outcome_of_lookup(resolver, "::1", Family::ipv4);
}

// RFC 6761, 6.3: localhost and all below it are this machine.
RONDO_BEHAVIOUR(name, "localhost and names below it are this machine",
                "127.0.0.1, ::1, 127.0.0.1") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    const std::string ipv4 = co_await outcome_of_lookup(resolver, "localhost", Family::ipv4);
    const std::string ipv6 = co_await outcome_of_lookup(resolver, "LocalHost.", Family::ipv6);
    const std::string below = co_await outcome_of_lookup(resolver, "a.localhost", Family::ipv4);
    co_return in_order(ipv4, ipv6, below);
}

RONDO_BEHAVIOUR(name, "the port is that of the call", "127.0.0.1:80") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    const std::vector<Address> found = co_await resolver.resolve("localhost", 80, Family::ipv4);
    co_return found.at(0).to_string();
}

RONDO_BEHAVIOUR(name, "what is no name is invalid", "invalid, invalid, invalid, invalid") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    const std::string empty = co_await outcome_of_lookup(resolver, "");
    const std::string space = co_await outcome_of_lookup(resolver, "a b");
    const std::string dots = co_await outcome_of_lookup(resolver, "a..b");
    const std::string part = co_await outcome_of_lookup(resolver, "127.1");
    co_return in_order(empty, space, dots, part);
}

// RFC 1035, 2.3.4: labels have 63 bytes at most.
RONDO_BEHAVIOUR(name, "a label of 64 bytes is invalid", "invalid") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    co_return co_await outcome_of_lookup(resolver, std::string(64, 'x') + ".example");
}

RONDO_BEHAVIOUR(name, "a known name has its addresses, by family", "10.0.0.1, fd00::1") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    const std::string ipv4 = co_await outcome_of_lookup(resolver, "host.example", Family::ipv4);
    const std::string ipv6 = co_await outcome_of_lookup(resolver, "host.example", Family::ipv6);
    co_return in_order(ipv4, ipv6);
}

RONDO_BEHAVIOUR(name, "names are known in any case, with a dot at the end too",
                "10.0.0.1, 10.0.0.1") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    const std::string loud = co_await outcome_of_lookup(resolver, "HOST.Example", Family::ipv4);
    const std::string dot = co_await outcome_of_lookup(resolver, "host.example.", Family::ipv4);
    co_return in_order(loud, dot);
}

RONDO_BEHAVIOUR(name, "lookups of one name at once all get it", "20") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    std::vector<Task<std::string>> lookups;
    for (int i = 0; i < 20; ++i) {
        lookups.push_back(outcome_of_lookup(resolver, "host.example", Family::ipv4));
    }
    const std::vector<std::string> found = co_await gather(std::move(lookups));
    co_return observed(std::count(found.begin(), found.end(), "10.0.0.1"));
}

RONDO_BEHAVIOUR(name, "a lookup that is cancelled leaves the next one alone", "10.0.0.1, 0") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    TaskHandle<std::string> first = create_task(outcome_of_lookup(resolver, "host.example"));
    co_await yield();
    first.cancel();
    co_await ended(first);
    const std::string seen = co_await outcome_of_lookup(resolver, "host.example", Family::ipv4);
    co_return in_order(seen, resolver.questions());
}

RONDO_BEHAVIOUR(name, "the loopback address is called localhost", "localhost") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    co_return co_await resolver.resolve_name(Address::loopback(80));
}

RONDO_BEHAVIOUR_REAL(name, "further names of a line of the hosts file count", "10.0.0.1",
                     "its names are scripted") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    co_return co_await outcome_of_lookup(resolver, "other.example", Family::ipv4);
}

RONDO_BEHAVIOUR_REAL(name, "what stands after # in the hosts file does not count", "true",
                     "its names are scripted") {
    const KnownNames names;
    Resolver resolver = names.resolver();
    const std::string seen = co_await outcome_of_lookup(resolver, "comment", Family::ipv4);
    co_return observed(seen != "10.0.0.1");
}

// ------------------------------------------------------------------------------ connecting

Task<> connect_and_drop(std::string host, std::uint16_t port) {
    TcpStream stream = co_await net::connect(host, port);
    stream.close();
}

RONDO_BEHAVIOUR(name, "connect by name reaches who listens", "127.0.0.1") {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    TcpStream stream = co_await net::connect("localhost", listener.local_address().port());
    co_return stream.peer_address().host();
}

RONDO_BEHAVIOUR(name, "connect to where nobody listens is refused", "refused") {
    TcpListener listener = TcpListener::listen(Address::loopback(0));
    const std::uint16_t port = listener.local_address().port();
    listener.close();
    co_return co_await outcome([port] { return connect_and_drop("127.0.0.1", port); });
}

RONDO_BEHAVIOUR(name, "connect to no name is invalid", "invalid") {
    co_return co_await outcome([] { return connect_and_drop("a b", 80); });
}

}  // namespace
}  // namespace rondo::test
