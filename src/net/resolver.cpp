// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/resolver.hpp"

#include <algorithm>
#include <utility>

#include "net/dns/address_order.hpp"
#include "net/dns/lookup.hpp"
#include "net/dns/resolver_state.hpp"
#include "net/dns/sort_stably.hpp"
#include "rondo/loop/loop_local.hpp"

namespace rondo::net {

using detail::AnswerPtr;
using detail::NameRecord;
using detail::NameStatus;
using detail::Question;
using detail::RecordType;
using detail::ResolverState;

namespace {

/// Keeps what arrives.
class Collected final : public detail::Arrivals {
public:
    std::vector<Address> addresses;

    void begin() override { addresses.clear(); }
    void arrived(Family, std::vector<Address> more) override {
        addresses.insert(addresses.end(), more.begin(), more.end());
    }
};

Task<std::vector<Address>> resolve_by(std::shared_ptr<ResolverState> state, std::string host,
                                      std::uint16_t port, Family family) {
    Collected collected;
    co_await detail::look_up(state, std::move(host), family, collected);
    std::vector<Address> addresses =
        detail::in_order(std::move(collected.addresses), state->loop().driver());
    for (Address& address : addresses) {
        address = address.with_port(port);
    }
    co_return addresses;
}

/// The records of one type; the name is taken as it is.
Task<AnswerPtr> records_of(std::shared_ptr<ResolverState> state, std::string name, RecordType type,
                           const char* what) {
    state->require_this_loop();
    Question question(detail::parse_host_name(name).text, type);
    AnswerPtr answer = co_await state->ask(std::move(question));
    if (answer->status != NameStatus::found) {
        detail::throw_answer(answer->status, name, what);
    }
    co_return answer;
}

Task<std::string> name_by(std::shared_ptr<ResolverState> state, Address address) {
    state->require_this_loop();
    std::string known = state->hosts().name_of(address);
    if (!known.empty()) {
        co_return known;
    }
    if (detail::is_loopback(address)) {
        co_return std::string("localhost");
    }
    Question question(detail::reverse_name(address), RecordType::ptr);
    const AnswerPtr answer = co_await state->ask(std::move(question));
    if (answer->status != NameStatus::found) {
        detail::throw_answer(answer->status, address.host(), "name");
    }
    co_return answer->records.front().text;
}

// RFC 2782: within one priority each is drawn with a chance in proportion to its weight.
void draw_by_weight(std::vector<ServiceRecord>& records, Driver& driver) {
    detail::sort_stably(records,
                        [](const auto& a, const auto& b) { return a.priority < b.priority; });
    for (auto next = records.begin(); next != records.end(); ++next) {
        const auto end = std::find_if(next, records.end(), [&](const ServiceRecord& record) {
            return record.priority != next->priority;
        });
        std::uint64_t sum = 0;
        for (auto at = next; at != end; ++at) {
            sum += at->weight;
        }
        if (end - next == 1 || sum == 0) {
            continue;
        }
        std::uint64_t drawn = driver.entropy() % sum;
        auto chosen = next;
        while (drawn >= chosen->weight) {
            drawn -= chosen->weight;
            ++chosen;
        }
        std::rotate(next, chosen, chosen + 1);
    }
}

Task<std::vector<ServiceRecord>> services_by(std::shared_ptr<ResolverState> state,
                                             std::string name) {
    const AnswerPtr answer = co_await records_of(state, name, RecordType::srv, "SRV record");
    std::vector<ServiceRecord> services;
    for (const NameRecord& record : answer->records) {
        services.push_back({record.text, record.port, record.priority, record.weight});
    }
    draw_by_weight(services, state->loop().driver());
    co_return services;
}

Task<std::vector<MailRecord>> mail_by(std::shared_ptr<ResolverState> state, std::string domain) {
    const AnswerPtr answer = co_await records_of(state, domain, RecordType::mx, "MX record");
    std::vector<MailRecord> servers;
    for (const NameRecord& record : answer->records) {
        servers.push_back({record.text, record.priority});
    }
    detail::sort_stably(servers,
                        [](const auto& a, const auto& b) { return a.priority < b.priority; });
    co_return servers;
}

Task<std::vector<std::string>> text_by(std::shared_ptr<ResolverState> state, std::string name) {
    const AnswerPtr answer = co_await records_of(state, name, RecordType::txt, "TXT record");
    std::vector<std::string> texts;
    for (const NameRecord& record : answer->records) {
        texts.push_back(record.text);
    }
    co_return texts;
}

}  // namespace

Resolver::Resolver(ResolverOptions options)
    : state_(std::make_shared<ResolverState>(std::move(options))) {}

Task<std::vector<Address>> Resolver::resolve(std::string host, std::uint16_t port, Family family) {
    return resolve_by(state_, std::move(host), port, family);
}

Task<std::string> Resolver::resolve_name(Address address) { return name_by(state_, address); }

Task<std::vector<ServiceRecord>> Resolver::resolve_service(std::string name) {
    return services_by(state_, std::move(name));
}

Task<std::vector<MailRecord>> Resolver::resolve_mail(std::string domain) {
    return mail_by(state_, std::move(domain));
}

Task<std::vector<std::string>> Resolver::resolve_text(std::string name) {
    return text_by(state_, std::move(name));
}

void Resolver::clear_cache() noexcept { state_->cache().clear(); }

std::size_t Resolver::cached() const noexcept { return state_->cache().size(); }

std::size_t Resolver::questions() const noexcept { return state_->questions(); }

Resolver& resolver() { return rondo::detail::loop_local<Resolver>(); }

Task<std::vector<Address>> resolve(std::string host, std::uint16_t port, Family family) {
    return resolver().resolve(std::move(host), port, family);
}

Task<std::string> resolve_name(Address address) { return resolver().resolve_name(address); }

}  // namespace rondo::net
