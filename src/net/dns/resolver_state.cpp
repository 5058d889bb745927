// SPDX-License-Identifier: Apache-2.0
#include "net/dns/resolver_state.hpp"

#include <algorithm>
#include <utility>

#include "base/small_file.hpp"
#include "net/dns/ares_flights.hpp"
#include "net/dns/script_flights.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"

namespace rondo::net::detail {
namespace {

constexpr char system_config[] = "/etc/resolv.conf";

ResolverOptions checked(ResolverOptions options) {
    RONDO_REQUIRE(options.tries > 0, "ResolverOptions::tries is 0");
    RONDO_REQUIRE(options.timeout > Duration::zero(), "ResolverOptions::timeout is not positive");
    RONDO_REQUIRE(options.questions_max > 0, "ResolverOptions::questions_max is 0");
    for (Address& server : options.servers) {
        constexpr std::uint16_t usual_port = 53;
        server = server.port() != 0 ? server : server.with_port(usual_port);
    }
    return options;
}

CacheLimits limits_of(const ResolverOptions& options) noexcept {
    CacheLimits limits;
    limits.entries = options.cache_size;
    limits.ttl_min = options.ttl_min;
    limits.ttl_max = options.ttl_max;
    limits.negative_ttl_max = options.negative_ttl_max;
    return limits;
}

Duration patience_of(const ResolverOptions& options) noexcept {
    std::int64_t patience = 0;
    for (unsigned i = 0; i < options.tries; ++i) {
        patience = rondo::detail::add_saturating(patience, options.timeout.count());
    }
    return Duration(patience);
}

}  // namespace

ResolverState::ResolverState(ResolverOptions options)
    : loop_(current_loop()),
      options_(checked(std::move(options))),
      cache_(limits_of(options_)),
      hosts_(loop_.driver().names() == nullptr ? options_.hosts_file : std::string()) {
    if (rondo::detail::NameScript* const script = loop_.driver().names()) {
        flights_ = std::make_unique<ScriptFlights>(loop_, cache_, *script, patience_of(options_));
        return;
    }
    AskOptions ask;
    ask.timeout = options_.timeout;
    ask.tries = options_.tries;
    ask.asked_max = options_.questions_max;
    auto ares = std::make_unique<AresFlights>(loop_, cache_, ask);
    ares_ = ares.get();
    flights_ = std::move(ares);
    if (!options_.servers.empty()) {
        ares_->set_servers(options_.servers, options_.rotate);
    }
}

void ResolverState::require_this_loop() const noexcept {
    RONDO_REQUIRE(rondo::detail::local.loop == &loop_, "a Resolver was used outside its loop");
}

// The system's file is read when it is first needed, and again when it has changed. c-ares takes
// one that it cannot open for one that is not there, also when it was a descriptor that was
// missing.
void ResolverState::refresh_config() {
    constexpr Duration between_looks = std::chrono::seconds(5);
    const TimePoint now = loop_.now();
    if (ares_ == nullptr || (config_looked_at_ && now - *config_looked_at_ < between_looks)) {
        return;
    }
    loop_.driver().finish_closes();  // what reads the file needs a descriptor
    const std::uint64_t stamp = rondo::detail::file_stamp(system_config);
    const bool known = stamp == config_stamp_;
    int error = 0;
    if (!known && !rondo::detail::read_small_file(system_config, &error) &&
        errc_of(error) == Errc::exhausted) {
        return;  // the next one looks again
    }
    config_looked_at_ = now;
    if (known) {
        return;
    }
    config_ = read_name_config();
    config_stamp_ = stamp;
    if (options_.servers.empty()) {
        ares_->set_servers(config_.servers, options_.rotate || config_.rotate);
    }
}

std::vector<std::string> ResolverState::names_for(const HostName& host) {
    if (!options_.use_search) {
        return {host.text};
    }
    refresh_config();
    const auto& domains = options_.domains.empty() ? config_.domains : options_.domains;
    const unsigned ndots =
        options_.ndots >= 0 ? static_cast<unsigned>(options_.ndots) : config_.ndots;
    return candidates(host, domains, ndots);
}

const HostsTable& ResolverState::hosts() {
    const TimePoint now = loop_.now();
    if (!hosts_.is_fresh(now)) {
        loop_.driver().finish_closes();
    }
    return hosts_.table(now);
}

Task<AnswerPtr> ResolverState::ask(Question question) {
    if (options_.servers.empty()) {
        refresh_config();
    }
    if (AnswerPtr known = cache_.find(question, loop_.now())) {
        co_return known;
    }
    Landing landing(*flights_, std::move(question));
    AnswerPtr answer = co_await landing;
    co_return answer;
}

void throw_answer(NameStatus status, std::string_view name, std::string_view what) {
    const auto fail = [&](Errc code, std::string_view why) -> Error {
        return Error(code, "resolve", name, why);
    };
    switch (status) {
        case NameStatus::found:
        case NameStatus::no_data:
            throw fail(Errc::not_found, std::string("the name has no ").append(what));
        case NameStatus::no_such_name: throw fail(Errc::not_found, "no such host");
        case NameStatus::server_failed:
            throw fail(Errc::unexpected, "the name server failed (SERVFAIL)");
        case NameStatus::refused:
            throw fail(Errc::refused, "the name server refused to answer (REFUSED)");
        case NameStatus::not_implemented:
            throw fail(Errc::not_supported, "the name server cannot answer this (NOTIMP)");
        case NameStatus::not_understood:
            throw fail(Errc::protocol, "the name server did not understand (FORMERR)");
        case NameStatus::bad_answer: throw fail(Errc::protocol, "the answer is malformed");
        case NameStatus::alias_loop: throw fail(Errc::protocol, "its aliases form a loop");
        case NameStatus::timed_out: throw fail(Errc::timed_out, "no name server answered in time");
        case NameStatus::no_server:
            throw fail(Errc::unreachable, "no name server could be reached");
        case NameStatus::invalid_name:
            throw fail(Errc::invalid, "not a name that can be asked for");
        case NameStatus::no_memory: throw fail(Errc::exhausted, "out of memory");
    }
    throw fail(Errc::unexpected, "an unknown failure");
}

}  // namespace rondo::net::detail
