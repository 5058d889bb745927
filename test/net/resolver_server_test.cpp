// SPDX-License-Identifier: Apache-2.0
// Lookups against a name server that misbehaves: each way has an outcome of its own.
#include <algorithm>
#include <ctime>

#include "net/dns_server.hpp"
#include "net/net_test.hpp"
#include "rondo/net/resolver.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using net::Family;
using net::Resolver;
using net::ResolverOptions;

using Answers = std::vector<std::string>;

class ResolverServerTest : public NetTest {
protected:
    static ResolverOptions options_for(const DnsServer& server) {
        ResolverOptions options;
        options.servers = {server.address()};
        options.timeout = 100ms;
        options.tries = 1;
        options.use_search = false;
        options.hosts_file.clear();
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

// ------------------------------------------------------------------- what a server says

TEST_P(ResolverServerTest, an_address) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query).a("10.1.2.3").message();
              }),
              "10.1.2.3");
}

TEST_P(ResolverServerTest, no_such_name) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query, code_no_name).soa(60).message();
              }),
              "not_found: no such host");
}

TEST_P(ResolverServerTest, a_name_without_addresses) {
    EXPECT_EQ(answered([](const DnsQuery& query) { return DnsReply(query).message(); }),
              "not_found: the name has no address");
}

TEST_P(ResolverServerTest, a_server_that_fails) {
    EXPECT_EQ(
        answered([](const DnsQuery& query) { return DnsReply(query, code_failed).message(); }),
        "unexpected: the name server failed (SERVFAIL)");
}

TEST_P(ResolverServerTest, a_server_that_refuses) {
    EXPECT_EQ(
        answered([](const DnsQuery& query) { return DnsReply(query, code_refused).message(); }),
        "refused: the name server refused to answer (REFUSED)");
}

TEST_P(ResolverServerTest, a_server_that_cannot) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query, code_not_implemented).message();
              }),
              "not_supported: the name server cannot answer this (NOTIMP)");
}

TEST_P(ResolverServerTest, a_server_that_does_not_understand) {
    EXPECT_EQ(
        answered([](const DnsQuery& query) { return DnsReply(query, code_format).message(); }),
        "protocol: the name server did not understand (FORMERR)");
}

TEST_P(ResolverServerTest, a_server_that_says_nothing) {
    DnsServer server([](const DnsQuery&) { return Answers(); });
    ResolverOptions options = options_for(server);
    options.tries = 2;
    EXPECT_EQ(look_up(options), "timed_out: no name server answered in time");
    EXPECT_EQ(server.asked(), 2);
}

TEST_P(ResolverServerTest, no_server_at_all) {
    ResolverOptions options;
    {
        DnsServer gone([](const DnsQuery&) { return Answers(); });
        options = options_for(gone);
    }
    EXPECT_EQ(look_up(options), "unreachable: no name server could be reached");
}

// -------------------------------------------------------------------- answers that are odd

TEST_P(ResolverServerTest, a_chain_of_aliases) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query)
                      .cname("b.example")
                      .a("10.0.0.9", 60, "d.example")
                      .cname("c.example", "b.example")
                      .a("10.0.0.1", 60, "c.example")
                      .message();
              }),
              "10.0.0.1");
}

TEST_P(ResolverServerTest, aliases_in_a_circle) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query)
                      .cname("b.example")
                      .cname("host.example", "b.example")
                      .message();
              }),
              "protocol: its aliases form a loop");
}

TEST_P(ResolverServerTest, a_name_that_points_at_itself) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  const auto self = static_cast<char>(12 + query.question.size() + 12);
                  const std::string pointer{'\xc0', self};
                  return DnsReply(query).record(type_cname, 60, pointer).message();
              }),
              "protocol: the answer is malformed");
}

TEST_P(ResolverServerTest, an_address_of_five_bytes) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query).record(type_a, 60, "12345").message();
              }),
              "protocol: the answer is malformed");
}

TEST_P(ResolverServerTest, an_answer_that_is_cut_off) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  const std::string whole = DnsReply(query).a("10.0.0.1").message();
                  return whole.substr(0, whole.size() - 3);
              }),
              "protocol: the answer is malformed");
}

TEST_P(ResolverServerTest, more_answers_announced_than_there_are) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query).a("10.0.0.1").raw("", 5).message();
              }),
              "protocol: the answer is malformed");
}

TEST_P(ResolverServerTest, addresses_of_other_names_do_not_count) {
    EXPECT_EQ(answered([](const DnsQuery& query) {
                  return DnsReply(query).a("10.6.6.6", 60, "other.example").message();
              }),
              "not_found: the name has no address");
}

TEST_P(ResolverServerTest, an_answer_with_a_wrong_id_is_none) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).id(query.id ^ 1).a("10.6.6.6").message()};
    });
    EXPECT_EQ(look_up(server), "timed_out: no name server answered in time");
}

TEST_P(ResolverServerTest, an_answer_from_a_wrong_port_is_none) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).a("10.6.6.6").message()};
    });
    server.answer_from_elsewhere();
    EXPECT_EQ(look_up(server), "timed_out: no name server answered in time");
}

TEST_P(ResolverServerTest, an_answer_to_a_wrong_question_is_none) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{
            DnsReply(query).question("other.example", type_a).a("10.6.6.6").message()};
    });
    EXPECT_EQ(look_up(server), "timed_out: no name server answered in time");
}

TEST_P(ResolverServerTest, a_true_answer_counts_after_false_ones) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).id(query.id ^ 1).a("10.6.6.6").message(), "rubbish",
                       DnsReply(query).question("x.example", type_a).a("10.6.6.6").message(),
                       DnsReply(query).a("10.0.0.1").message()};
    });
    EXPECT_EQ(look_up(server), "10.0.0.1");
}

TEST_P(ResolverServerTest, a_long_answer_comes_by_tcp) {
    DnsServer server([](const DnsQuery& query) {
        if (!query.tcp) {
            return Answers{DnsReply(query).truncated().message()};
        }
        DnsReply reply(query);
        for (int i = 0; i < 100; ++i) {
            reply.a("10.0.0." + std::to_string(i + 1));
        }
        return Answers{reply.message()};
    });
    const std::string text = look_up(server);
    EXPECT_EQ(std::count(text.begin(), text.end(), ' '), 99);
    EXPECT_EQ(server.asked_by_tcp(), 1);
}

TEST_P(ResolverServerTest, a_server_that_closes_tcp) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).truncated().message()};
    });
    server.close_tcp();
    EXPECT_EQ(look_up(server), "unreachable: no name server could be reached");
}

// A message holds 65535 bytes.
TEST_P(ResolverServerTest, as_many_addresses_as_a_message_holds) {
    constexpr int count = 4'000;
    DnsServer server([](const DnsQuery& query) {
        if (!query.tcp) {
            return Answers{DnsReply(query).truncated().message()};
        }
        DnsReply reply(query);
        for (int i = 0; i < count; ++i) {
            reply.a("10.0." + std::to_string(i / 200) + "." + std::to_string(i % 200));
        }
        return Answers{reply.message()};
    });
    const std::string text = look_up(server);
    EXPECT_EQ(std::count(text.begin(), text.end(), ' '), count - 1);
}

TEST_P(ResolverServerTest, both_families_are_asked_for) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{query.type == type_aaaa ? DnsReply(query).aaaa("::1").message()
                                               : DnsReply(query).a("127.0.0.7").message()};
    });
    EXPECT_EQ(look_up(options_for(server), "host.example", Family::any), "::1 127.0.0.7");
    EXPECT_EQ(server.asked(), 2);
}

TEST_P(ResolverServerTest, a_host_of_ipv6_only) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{query.type == type_aaaa ? DnsReply(query).aaaa("::1").message()
                                               : DnsReply(query).message()};
    });
    EXPECT_EQ(look_up(options_for(server), "six.example", Family::any), "::1");
    EXPECT_EQ(look_up(options_for(server), "six.example", Family::ipv6), "::1");
    EXPECT_EQ(look_up(server, "six.example"), "not_found: the name has no address");
}

// ---------------------------------------------------------------------- several servers

TEST_P(ResolverServerTest, a_lame_server_and_a_good_one) {
    for (const unsigned code :
         {code_failed + 0U, code_refused + 0U, code_not_implemented + 0U, code_format + 0U}) {
        DnsServer lame([&](const DnsQuery& query) {
            return Answers{DnsReply(query, code).message()};
        });
        DnsServer good([](const DnsQuery& query) {
            return Answers{DnsReply(query).a("10.0.0.1").message()};
        });
        ResolverOptions options = options_for(lame);
        options.servers.push_back(good.address());
        EXPECT_EQ(look_up(options), "10.0.0.1") << code;
        EXPECT_EQ(lame.asked(), 1);
    }
}

TEST_P(ResolverServerTest, a_silent_server_and_a_good_one) {
    DnsServer silent([](const DnsQuery&) { return Answers(); });
    DnsServer good([](const DnsQuery& query) {
        return Answers{DnsReply(query).a("10.0.0.1").message()};
    });
    ResolverOptions options = options_for(silent);
    options.servers.push_back(good.address());
    EXPECT_EQ(look_up(options), "10.0.0.1");
}

TEST_P(ResolverServerTest, what_a_server_said_is_told_rather_than_the_silence_of_another) {
    DnsServer silent([](const DnsQuery&) { return Answers(); });
    DnsServer refuses([](const DnsQuery& query) {
        return Answers{DnsReply(query, code_refused).message()};
    });
    ResolverOptions options = options_for(silent);
    options.servers.push_back(refuses.address());
    options.tries = 2;
    EXPECT_EQ(look_up(options), "refused: the name server refused to answer (REFUSED)");
    EXPECT_EQ(silent.asked(), 2);
    EXPECT_EQ(refuses.asked(), 1);
}

TEST_P(ResolverServerTest, rotation_begins_with_another_server_each_time) {
    const auto answer = [](const DnsQuery& query) {
        return Answers{DnsReply(query).a("10.0.0.1", 0).message()};
    };
    DnsServer first(answer);
    DnsServer second(answer);
    ResolverOptions options = options_for(first);
    options.servers.push_back(second.address());
    options.rotate = true;
    on_driver([&]() -> Task<> {
        Resolver resolver(options);
        for (int i = 0; i < 4; ++i) {
            const std::string text = co_await outcome(resolver, "host.example");
            EXPECT_EQ(text, "10.0.0.1");
        }
    });
    EXPECT_EQ(first.asked(), 2);
    EXPECT_EQ(second.asked(), 2);
}

// ------------------------------------------------------------------------- what is asked

TEST_P(ResolverServerTest, short_names_are_completed) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{query.name == "web.lan.example"
                           ? DnsReply(query).a("10.0.0.1").message()
                           : DnsReply(query, code_no_name).message()};
    });
    ResolverOptions options = options_for(server);
    options.use_search = true;
    options.domains = {"corp.example", "lan.example"};
    options.ndots = 1;
    EXPECT_EQ(look_up(options, "web"), "10.0.0.1");
    EXPECT_EQ(server.names(), (Answers{"web.corp.example", "web.lan.example"}));
    EXPECT_EQ(look_up(options, "web."), "not_found: no such host");
    EXPECT_EQ(look_up(options, "web.x"), "not_found: no such host");
    EXPECT_EQ(server.names(), (Answers{"web.corp.example", "web.lan.example", "web", "web.x",
                                       "web.x.corp.example", "web.x.lan.example"}));
}

TEST_P(ResolverServerTest, this_machine_and_numbers_are_never_asked_for) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).a("10.6.6.6").message()};
    });
    EXPECT_EQ(look_up(server, "localhost"), "127.0.0.1");
    EXPECT_EQ(look_up(server, "app.LocalHost."), "127.0.0.1");
    EXPECT_EQ(look_up(server, "192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(look_up(options_for(server), "[2001:db8::1]", Family::any), "2001:db8::1");
    EXPECT_EQ(look_up(server, "::1"), "not_found: an address of the other family");
    EXPECT_EQ(server.asked(), 0);
}

TEST_P(ResolverServerTest, what_is_no_name_is_never_asked_for) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).a("10.6.6.6").message()};
    });
    for (const char* host : {"", ".", "a..b", "1.2.3", "0x7f.1", "127.1", "a b", "a\\046b", "h\n",
                             "stra\xc3\x9f" "e.example", "a/b", "host:80"}) {
        on_driver([&]() -> Task<> {
            Resolver resolver(options_for(server));
            auto lookup = [&]() -> Task<> { co_await resolver.resolve(host); };
            const std::string error = co_await error_of(lookup);
            EXPECT_EQ(error, "invalid") << host;
        });
    }
    EXPECT_EQ(server.asked(), 0);
}

TEST_P(ResolverServerTest, lookups_of_one_name_are_one_question) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).a("10.0.0.1", 0).message()};
    });
    on_driver([&]() -> Task<> {
        Resolver resolver(options_for(server));
        std::vector<Task<std::string>> lookups;
        for (int i = 0; i < 100; ++i) {
            lookups.push_back(outcome(resolver, "host.example"));
        }
        const std::vector<std::string> texts = co_await gather(std::move(lookups));
        for (const std::string& text : texts) {
            EXPECT_EQ(text, "10.0.0.1");
        }
    });
    EXPECT_EQ(server.asked(), 1);
}

TEST_P(ResolverServerTest, answers_are_kept_unless_they_say_no) {
    DnsServer server([](const DnsQuery& query) {
        if (query.name == "none.example") {
            return Answers{DnsReply(query, code_no_name).soa(60).message()};
        }
        if (query.name == "bare.example") {
            return Answers{DnsReply(query, code_no_name).message()};
        }
        if (query.name == "fails.example") {
            return Answers{DnsReply(query, code_failed).message()};
        }
        return Answers{DnsReply(query).a("10.0.0.1", query.name == "zero.example" ? 0 : 60).message()};
    });
    on_driver([&]() -> Task<> {
        Resolver resolver(options_for(server));
        int asked = 0;
        const std::pair<const char*, int> names[] = {{"host.example", 1},
                                                     {"none.example", 1},
                                                     {"bare.example", 3},
                                                     {"fails.example", 3},
                                                     {"zero.example", 3}};
        for (const auto& [name, questions] : names) {
            for (int i = 0; i < 3; ++i) {
                co_await outcome(resolver, name);
            }
            EXPECT_EQ(server.asked() - asked, questions) << name;
            asked = server.asked();
        }
        EXPECT_EQ(resolver.cached(), 2U);
        resolver.clear_cache();
        EXPECT_EQ(resolver.cached(), 0U);
    });
}

TEST_P(ResolverServerTest, other_records) {
    DnsServer server([](const DnsQuery& query) {
        const auto number = [](unsigned value) {
            std::string bytes;
            add_two(bytes, value);
            return bytes;
        };
        DnsReply reply(query);
        if (query.type == type_ptr) {
            EXPECT_EQ(query.name, "7.2.0.192.in-addr.arpa");
            reply.record(type_ptr, 60, wire_name("Seven.Example"));
        } else if (query.type == type_txt) {
            reply.record(type_txt, 60, std::string("\3one\3two", 8)).record(type_txt, 60, "\1x");
        } else if (query.type == type_mx) {
            reply.record(type_mx, 60, number(20) + wire_name("b.example"));
            reply.record(type_mx, 60, number(10) + wire_name("a.example"));
        } else if (query.type == type_srv) {
            reply.record(type_srv, 60, number(2) + number(1) + number(80) + wire_name("b.example"));
            reply.record(type_srv, 60, number(1) + number(5) + number(81) + wire_name("a.example"));
        }
        return Answers{reply.message()};
    });
    on_driver([&]() -> Task<> {
        Resolver resolver(options_for(server));
        const std::string name = co_await resolver.resolve_name(Address::parse("192.0.2.7", 80));
        EXPECT_EQ(name, "seven.example");
        const auto texts = co_await resolver.resolve_text("t.example");
        EXPECT_EQ(texts, (Answers{"onetwo", "x"}));
        const auto mail = co_await resolver.resolve_mail("m.example");
        EXPECT_EQ(mail.size(), 2U);
        EXPECT_EQ(mail[0].host, "a.example");
        const auto services = co_await resolver.resolve_service("_x._tcp.example");
        EXPECT_EQ(services.size(), 2U);
        EXPECT_EQ(services[0].host, "a.example");
        EXPECT_EQ(services[0].port, 81);
        auto none = [&]() -> Task<> { co_await resolver.resolve_name(Address::parse("[::1]:1")); };
        const std::string error = co_await error_of(none);
        EXPECT_EQ(error, "not_found");
    });
}

// --------------------------------------------------------------------------- cancelling

TEST_P(ResolverServerTest, a_cancelled_lookup_stops_at_once_and_leaves_nothing) {
    DnsServer server([](const DnsQuery&) { return Answers(); });
    ResolverOptions options = options_for(server);
    options.timeout = 1h;
    on_driver([&]() -> Task<> {
        Resolver resolver(options);
        const TimePoint before = now();
        const auto result = co_await move_on_after(20ms, resolver.resolve("host.example"));
        EXPECT_FALSE(result.has_value());
        EXPECT_LT(now() - before, 10s);
        EXPECT_EQ(resolver.questions(), 0U);
        expect_idle(current_loop().stats());
    });
}

TEST_P(ResolverServerTest, the_question_of_a_cancelled_lookup_runs_on_for_the_others) {
    DnsServer server([](const DnsQuery& query) {
        return query.name == "slow.example"
                   ? Answers()
                   : Answers{DnsReply(query).a("10.0.0.1").message()};
    });
    on_driver([&]() -> Task<> {
        Resolver resolver(options_for(server));
        auto first = create_task(outcome(resolver, "host.example"));
        auto second = create_task(outcome(resolver, "host.example"));
        auto slow = create_task(outcome(resolver, "slow.example"));
        co_await yield();
        first.cancel();
        const std::string text = co_await second;
        EXPECT_EQ(text, "10.0.0.1");
        EXPECT_TRUE(first.cancelled());
        const std::string late = co_await slow;
        EXPECT_EQ(late, "timed_out: no name server answered in time");
    });
    EXPECT_EQ(server.asked(), 2);
}

TEST_P(ResolverServerTest, a_resolver_may_go_while_its_lookups_run) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).a("10.0.0.1").message()};
    });
    on_driver([&]() -> Task<> {
        auto lookup = Resolver(options_for(server)).resolve("host.example", 80, Family::ipv4);
        const std::vector<Address> addresses = co_await std::move(lookup);
        EXPECT_EQ(addresses.at(0), Address::parse("10.0.0.1:80"));
    });
}

TEST_P(ResolverServerTest, the_end_of_the_loop_finds_lookups_on_their_way) {
    DnsServer server([](const DnsQuery&) { return Answers(); });
    on_driver([&]() -> Task<> {
        auto resolver = std::make_shared<Resolver>(options_for(server));
        for (int i = 0; i < 20; ++i) {
            create_task([](std::shared_ptr<Resolver> own, int number) -> Task<> {
                co_await own->resolve("host" + std::to_string(number) + ".example");
            }, resolver, i).detach();
        }
        co_await sleep(5ms);
    });
}

TEST_P(ResolverServerTest, cancelled_everywhere) {
    DnsServer server([](const DnsQuery& query) {
        return query.tcp || query.type == type_a
                   ? Answers{DnsReply(query).a("10.0.0.1", 0).message()}
                   : Answers{DnsReply(query).truncated().message()};
    });
    Everywhere where;
    where.driver = GetParam().driver;
    const auto report = cancel_everywhere(
        [&]() -> Task<> {
            Resolver resolver(options_for(server));
            co_await gather(outcome(resolver, "a.example", Family::any),
                            outcome(resolver, "a.example"), outcome(resolver, "b.example"));
        },
        where);
    EXPECT_GT(report.stopped, 3U);
}

// --------------------------------------------------------------------------- many at once

std::int64_t thread_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

/// The most processor time that went by between two turns of a task that only takes turns.
Task<> watch_steps(std::int64_t& longest) {
    for (std::int64_t last = thread_time();;) {
        co_await yield();
        const std::int64_t now = thread_time();
        longest = std::max(longest, now - last);
        last = now;
    }
}

// Of a build without optimisation or with a sanitizer nothing is promised.
constexpr std::int64_t step_max =
#if defined(__OPTIMIZE__) && !RONDO_ASAN && !defined(__SANITIZE_THREAD__)
    10'000'000;
#else
    200'000'000;
#endif

TEST_P(ResolverServerTest, a_thousand_at_once_in_short_steps) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{query.type == type_a ? DnsReply(query).a("10.0.0.1").message()
                                            : DnsReply(query).message()};
    });
    ResolverOptions options = options_for(server);
    options.timeout = 2s;
    options.tries = 5;
    std::int64_t best = INT64_MAX;
    for (int attempt = 0; attempt < 3 && best >= step_max; ++attempt) {
        const std::int64_t longest = on_driver([&]() -> Task<std::int64_t> {
            Resolver resolver(options);
            std::int64_t step = 0;
            auto watcher = create_task(watch_steps(step));
            std::vector<Task<std::string>> lookups;
            for (int i = 0; i < 1'000; ++i) {
                lookups.push_back(
                    outcome(resolver, "h" + std::to_string(i) + ".example", Family::any));
            }
            const std::vector<std::string> texts = co_await gather(std::move(lookups));
            EXPECT_EQ(std::count(texts.begin(), texts.end(), "10.0.0.1"), 1'000);
            co_return step;
        });
        best = std::min(best, longest);
    }
    std::printf("1000 lookups: longest step %.2f ms of processor time\n",
                static_cast<double>(best) / 1e6);
    EXPECT_LT(best, step_max);
}

TEST_P(ResolverServerTest, a_hundred_that_hang_do_not_block_the_loop) {
    DnsServer server([](const DnsQuery&) { return Answers(); });
    ResolverOptions options = options_for(server);
    options.timeout = 50ms;
    options.tries = 2;
    const std::int64_t longest = on_driver([&]() -> Task<std::int64_t> {
        Resolver resolver(options);
        std::int64_t step = 0;
        auto watcher = create_task(watch_steps(step));
        std::vector<Task<std::string>> lookups;
        for (int i = 0; i < 100; ++i) {
            lookups.push_back(outcome(resolver, "h" + std::to_string(i) + ".example"));
        }
        const std::vector<std::string> texts = co_await gather(std::move(lookups));
        const std::string late = "timed_out: no name server answered in time";
        EXPECT_EQ(std::count(texts.begin(), texts.end(), late), 100);
        co_return step;
    });
    std::printf("100 hang: longest step %.2f ms of processor time\n",
                static_cast<double>(longest) / 1e6);
    EXPECT_LT(longest, step_max);
}

INSTANTIATE_TEST_SUITE_P(net, ResolverServerTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
