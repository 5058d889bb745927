// SPDX-License-Identifier: Apache-2.0
/// Lookups against a DnsServer, on the real drivers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "net/dns_server.hpp"
#include "net/net_test.hpp"
#include "rondo/net/resolver.hpp"

namespace rondo::test {

using net::Family;
using net::Resolver;
using net::ResolverOptions;

using Answers = std::vector<std::string>;

class ResolverTest : public NetTest {
protected:
    static ResolverOptions options_for(const DnsServer& server) {
        ResolverOptions options;
        options.servers = {server.address()};
        options.timeout = 10s;  // of a machine that is busy
        options.tries = 1;
        options.use_search = false;
        options.hosts_file.clear();
        return options;
    }

    /// Where silence is expected.
    static ResolverOptions impatient_for(const DnsServer& server) {
        ResolverOptions options = options_for(server);
        options.timeout = 100ms;
        return options;
    }

    /// The addresses, or what the error says after the name.
    static Task<std::string> outcome(Resolver& resolver, std::string host,
                                     Family family = Family::ipv4) {
        std::string text;
        try {
            const std::vector<Address> addresses = co_await resolver.resolve(host, 0, family);
            for (const Address& address : addresses) {
                text += (text.empty() ? "" : " ") + address.host();
            }
        } catch (const Error& error) {
            const std::string what = error.what();
            const std::string prefix = "resolve " + host + ": ";
            EXPECT_TRUE(what.starts_with(prefix)) << what;
            text = std::string(to_string(error.code())) + ": " + what.substr(prefix.size());
        }
        co_return text;
    }

    std::string look_up(const ResolverOptions& options, std::string host = "host.example",
                        Family family = Family::ipv4) {
        return on_driver([&]() -> Task<std::string> {
            Resolver resolver(options);
            std::string text = co_await outcome(resolver, host, family);
            EXPECT_EQ(resolver.questions(), 0U);
            co_return text;
        });
    }
    std::string look_up(const DnsServer& server, std::string host = "host.example") {
        return look_up(options_for(server), std::move(host));
    }

    /// What a lookup gives when the server answers with what `answer` makes of the question.
    template <class F>
    std::string answered(F answer) {
        DnsServer server([&](const DnsQuery& query) { return Answers{answer(query)}; });
        return look_up(server);
    }
};

}  // namespace rondo::test
