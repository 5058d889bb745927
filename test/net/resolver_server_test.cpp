// SPDX-License-Identifier: Apache-2.0
// Lookups against a name server that misbehaves: each way has an outcome of its own.
#include <algorithm>

#include "net/resolver_fixture.hpp"

namespace rondo::test {
namespace {

class ResolverServerTest : public ResolverTest {};

// ------------------------------------------------------------------- what a server says

TEST_P(ResolverServerTest, an_address) {
    EXPECT_EQ(
        answered([](const DnsQuery& query) { return DnsReply(query).a("10.1.2.3").message(); }),
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
    ResolverOptions options = impatient_for(server);
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
    EXPECT_EQ(
        answered([](const DnsQuery& query) {
            return DnsReply(query).cname("b.example").cname("host.example", "b.example").message();
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
    EXPECT_EQ(look_up(impatient_for(server)), "timed_out: no name server answered in time");
}

TEST_P(ResolverServerTest, an_answer_from_a_wrong_port_is_none) {
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.6.6.6").message()}; });
    server.answer_from_elsewhere();
    EXPECT_EQ(look_up(impatient_for(server)), "timed_out: no name server answered in time");
}

TEST_P(ResolverServerTest, an_answer_to_a_wrong_question_is_none) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{DnsReply(query).question("other.example", type_a).a("10.6.6.6").message()};
    });
    EXPECT_EQ(look_up(impatient_for(server)), "timed_out: no name server answered in time");
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
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).truncated().message()}; });
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
        DnsServer lame(
            [&](const DnsQuery& query) { return Answers{DnsReply(query, code).message()}; });
        DnsServer good(
            [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.0.0.1").message()}; });
        ResolverOptions options = options_for(lame);
        options.servers.push_back(good.address());
        EXPECT_EQ(look_up(options), "10.0.0.1") << code;
        EXPECT_EQ(lame.asked(), 1);
    }
}

TEST_P(ResolverServerTest, a_silent_server_and_a_good_one) {
    DnsServer silent([](const DnsQuery&) { return Answers(); });
    DnsServer good(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.0.0.1").message()}; });
    ResolverOptions options = impatient_for(silent);
    options.tries = 20;
    options.servers.push_back(good.address());
    EXPECT_EQ(look_up(options), "10.0.0.1");
}

TEST_P(ResolverServerTest, what_a_server_said_is_told_rather_than_the_silence_of_another) {
    DnsServer silent([](const DnsQuery&) { return Answers(); });
    DnsServer refuses(
        [](const DnsQuery& query) { return Answers{DnsReply(query, code_refused).message()}; });
    ResolverOptions options = impatient_for(silent);
    options.servers.push_back(refuses.address());
    options.tries = 2;
    EXPECT_EQ(look_up(options), "refused: the name server refused to answer (REFUSED)");
    EXPECT_EQ(silent.asked(), 2);
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

INSTANTIATE_TEST_SUITE_P(net, ResolverServerTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
