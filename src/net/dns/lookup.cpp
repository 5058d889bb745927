// SPDX-License-Identifier: Apache-2.0
#include "net/dns/lookup.hpp"

#include <netinet/in.h>

#include <cstring>
#include <utility>

#include "rondo/base/error.hpp"
#include "rondo/coro/gather.hpp"

namespace rondo::net::detail {
namespace {

bool wants(Family wanted, Family family) noexcept {
    return wanted == Family::any || wanted == family;
}

Address address_from(const NameRecord& record, RecordType type) noexcept {
    if (type == RecordType::a) {
        sockaddr_in ipv4{};
        ipv4.sin_family = AF_INET;
        std::memcpy(&ipv4.sin_addr, record.address.data(), 4);
        return *Address::from(reinterpret_cast<const sockaddr*>(&ipv4), sizeof ipv4);
    }
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    std::memcpy(&ipv6.sin6_addr, record.address.data(), 16);
    return *Address::from(reinterpret_cast<const sockaddr*>(&ipv6), sizeof ipv6);
}

/// Tells what is known without asking anybody. False: nothing of the wanted family.
bool tell(const std::vector<Address>& addresses, Family wanted, Arrivals& to) {
    std::vector<Address> of_family[2];
    for (const Address& address : addresses) {
        of_family[address.is_ipv6() ? 1 : 0].push_back(address);
    }
    if (wants(wanted, Family::ipv6)) {
        to.arrived(Family::ipv6, of_family[1]);
    }
    if (wants(wanted, Family::ipv4)) {
        to.arrived(Family::ipv4, of_family[0]);
    }
    return (wants(wanted, Family::ipv6) && !of_family[1].empty()) ||
           (wants(wanted, Family::ipv4) && !of_family[0].empty());
}

/// How a name did in all that was asked of it.
struct Verdict {
    bool found = false;
    bool exists = false;                     ///< but may have nothing
    NameStatus failure = NameStatus::found;  ///< `found`: none

    void add(NameStatus status) noexcept {
        found |= status == NameStatus::found;
        exists |= status == NameStatus::found || status == NameStatus::no_data;
        const bool negative = status == NameStatus::no_data || status == NameStatus::no_such_name;
        if (status != NameStatus::found && !negative && failure == NameStatus::found) {
            failure = status;
        }
    }
    NameStatus status() const noexcept {
        if (found) {
            return NameStatus::found;
        }
        if (failure != NameStatus::found) {
            return failure;
        }
        return exists ? NameStatus::no_data : NameStatus::no_such_name;
    }
};

Task<> ask_family(ResolverState& state, std::string name, Family family, Arrivals& to,
                  Verdict& verdict) {
    const RecordType type = family == Family::ipv6 ? RecordType::aaaa : RecordType::a;
    Question question(name, type);
    const AnswerPtr answer = co_await state.ask(std::move(question));
    verdict.add(answer->status);
    std::vector<Address> addresses;
    if (answer->status == NameStatus::found) {
        addresses.reserve(answer->records.size());
        for (const NameRecord& record : answer->records) {
            addresses.push_back(address_from(record, type));
        }
    }
    to.arrived(family, std::move(addresses));
}

Task<> ask_both(ResolverState& state, std::string name, Family wanted, Arrivals& to,
                Verdict& verdict) {
    to.begin();
    if (wanted != Family::any) {
        co_await ask_family(state, name, wanted, to, verdict);
        co_return;
    }
    co_await gather(ask_family(state, name, Family::ipv6, to, verdict),
                    ask_family(state, name, Family::ipv4, to, verdict));
}

// A server that failed for one name may know the next; silence is not waited for again.
Task<> ask_names(ResolverState& state, const std::string& host, const HostName& parsed,
                 Family wanted, Arrivals& to) {
    Verdict all;
    const std::vector<std::string> names = state.names_for(parsed);
    for (const std::string& name : names) {
        Verdict one;
        co_await ask_both(state, name, wanted, to, one);
        if (one.found) {
            co_return;
        }
        all.add(one.status());
        if (one.failure == NameStatus::timed_out || one.failure == NameStatus::no_server) {
            break;
        }
    }
    throw_answer(all.status(), host, "address");
}

}  // namespace

Task<> look_up(std::shared_ptr<ResolverState> state, std::string host, Family family,
               Arrivals& to) {
    state->require_this_loop();
    if (const auto numeric = parse_numeric_host(host)) {
        if (!tell({*numeric}, family, to)) {
            throw Error(Errc::not_found, "resolve", host, "an address of the other family");
        }
        co_return;
    }
    const HostName name = parse_host_name(host);
    const std::vector<Address>& known = state->hosts().find(name.text);
    if (!known.empty() && tell(known, family, to)) {
        co_return;
    }
    if (name.is_localhost()) {
        tell({Address::parse("::1", 0), Address::loopback(0)}, family, to);
        co_return;
    }
    co_await ask_names(*state, host, name, family, to);
}

}  // namespace rondo::net::detail
