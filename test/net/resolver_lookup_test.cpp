// SPDX-License-Identifier: Apache-2.0
// What a resolver asks for, what it keeps, and what a cancelled lookup leaves: nothing.
#include <algorithm>
#include <climits>
#include <cstdio>
#include <optional>
#include <thread>

#include "net/resolver_fixture.hpp"
#include "rondo/base/config.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/no_descriptor_left.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_time.hpp"
#include "support/waited_on.hpp"

namespace rondo::test {
namespace {

class ResolverLookupTest : public ResolverTest {
protected:
    /// What a lookup comes to when no descriptor is left, and when some were closed just before.
    Answers look_up_at_the_limit(const ResolverOptions& options) {
        Answers outcomes;
        on_driver([&]() -> Task<> {
            Resolver resolver(options);
            std::vector<net::UnixStream> streams = co_await waited_on(2);
            std::optional<NoDescriptorLeft> full(std::in_place);
            const std::string without = co_await outcome(resolver, "host.example");
            streams.clear();
            const std::string with = co_await outcome(resolver, "host.example");
            full.reset();
            outcomes = {without, with};
        });
        return outcomes;
    }

    /// Cancels a lookup; how many turns it takes to stop.
    static Task<int> stop(TaskHandle<std::string> lookup) {
        lookup.cancel();
        int turns = 0;
        for (; !lookup.done(); ++turns) {
            co_await yield();
        }
        EXPECT_TRUE(lookup.cancelled());
        co_return turns;
    }
};

// ------------------------------------------------------------------- what it needs for that

TEST_P(ResolverLookupTest, a_descriptor_that_was_just_closed_is_free_for_a_question) {
    if (RONDO_ASAN) {
        GTEST_SKIP() << "UBSan takes descriptors itself, to look at objects";
    }
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.0.0.1").message()}; });
    EXPECT_EQ(look_up_at_the_limit(options_for(server)),
              (Answers{"unreachable: no name server could be reached", "10.0.0.1"}));
}

TEST_P(ResolverLookupTest, a_descriptor_that_was_just_closed_is_free_for_the_hosts_file) {
    if (RONDO_ASAN) {
        GTEST_SKIP() << "UBSan takes descriptors itself, to look at objects";
    }
    const TemporaryFolder folder;
    make_file(folder / "hosts", "10.0.0.2 host.example\n");
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.0.0.1").message()}; });
    ResolverOptions options = options_for(server);
    options.hosts_file = folder / "hosts";
    EXPECT_EQ(look_up_at_the_limit(options),
              (Answers{"unreachable: no name server could be reached", "10.0.0.2"}));
}

// ------------------------------------------------------------------------- what is asked

TEST_P(ResolverLookupTest, short_names_are_completed) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{query.name == "web.lan.example" ? DnsReply(query).a("10.0.0.1").message()
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

TEST_P(ResolverLookupTest, this_machine_and_numbers_are_never_asked_for) {
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.6.6.6").message()}; });
    EXPECT_EQ(look_up(server, "localhost"), "127.0.0.1");
    EXPECT_EQ(look_up(server, "app.LocalHost."), "127.0.0.1");
    EXPECT_EQ(look_up(server, "192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(look_up(options_for(server), "[2001:db8::1]", Family::any), "2001:db8::1");
    EXPECT_EQ(look_up(server, "::1"), "not_found: an address of the other family");
    EXPECT_EQ(server.asked(), 0);
}

TEST_P(ResolverLookupTest, what_is_no_name_is_never_asked_for) {
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.6.6.6").message()}; });
    for (const char* host : {"", ".", "a..b", "1.2.3", "0x7f.1", "127.1", "a b", "a\\046b", "h\n",
                             "stra\xc3\x9f"
                             "e.example",
                             "a/b", "host:80"}) {
        on_driver([&]() -> Task<> {
            Resolver resolver(options_for(server));
            auto lookup = [&]() -> Task<> { co_await resolver.resolve(host); };
            const std::string error = co_await error_of(lookup);
            EXPECT_EQ(error, "invalid") << host;
        });
    }
    EXPECT_EQ(server.asked(), 0);
}

TEST_P(ResolverLookupTest, lookups_of_one_name_are_one_question) {
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.0.0.1", 0).message()}; });
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

TEST_P(ResolverLookupTest, answers_are_kept_unless_they_say_no) {
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
        return Answers{
            DnsReply(query).a("10.0.0.1", query.name == "zero.example" ? 0 : 60).message()};
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

TEST_P(ResolverLookupTest, other_records) {
    DnsServer server([](const DnsQuery& query) {
        const auto number = [](unsigned value) {
            std::string bytes;
            add_two(bytes, value);
            return bytes;
        };
        DnsReply reply(query);
        if (query.name == "7.2.0.192.in-addr.arpa") {
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
        const int asked = server.asked();
        const std::string own = co_await resolver.resolve_name(Address::parse("[::1]:1"));
        EXPECT_EQ(own, "localhost");
        EXPECT_EQ(server.asked(), asked);
        const auto texts = co_await resolver.resolve_text("t.example");
        EXPECT_EQ(texts, (Answers{"onetwo", "x"}));
        const auto mail = co_await resolver.resolve_mail("m.example");
        EXPECT_EQ(mail.size(), 2U);
        EXPECT_EQ(mail[0].host, "a.example");
        const auto services = co_await resolver.resolve_service("_x._tcp.example");
        EXPECT_EQ(services.size(), 2U);
        EXPECT_EQ(services[0].host, "a.example");
        EXPECT_EQ(services[0].port, 81);
        auto none = [&]() -> Task<> {
            co_await resolver.resolve_name(Address::parse("[2001:db8::1]:1"));
        };
        const std::string error = co_await error_of(none);
        EXPECT_EQ(error, "not_found");
    });
}

// --------------------------------------------------------------------------- cancelling

// The server has the question, and never answers. The turns are those that the driver takes to let
// go of the socket.
TEST_P(ResolverLookupTest, a_cancelled_lookup_stops_at_once_and_leaves_nothing) {
    DnsServer server([](const DnsQuery&) { return Answers(); });
    on_driver([&]() -> Task<> {
        Resolver resolver(options_for(server));
        auto lookup = create_task(outcome(resolver, "host.example"));
        while (server.asked() == 0) {
            co_await yield();
        }
        const int turns = co_await stop(std::move(lookup));
        EXPECT_LE(turns, 20);
        EXPECT_EQ(resolver.questions(), 0U);
        expect_idle(current_loop().stats());
    });
}

TEST_P(ResolverLookupTest, the_question_of_a_cancelled_lookup_runs_on_for_the_others) {
    DnsServer server([](const DnsQuery& query) {
        return query.name == "slow.example" ? Answers()
                                            : Answers{DnsReply(query).a("10.0.0.1").message()};
    });
    on_driver([&]() -> Task<> {
        ResolverOptions options = impatient_for(server);
        options.tries = 2;
        Resolver resolver(options);
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
}

TEST_P(ResolverLookupTest, a_resolver_may_go_while_its_lookups_run) {
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.0.0.1").message()}; });
    on_driver([&]() -> Task<> {
        auto lookup = Resolver(options_for(server)).resolve("host.example", 80, Family::ipv4);
        const std::vector<Address> addresses = co_await std::move(lookup);
        EXPECT_EQ(addresses.at(0), Address::parse("10.0.0.1:80"));
    });
}

TEST_P(ResolverLookupTest, the_end_of_the_loop_finds_lookups_on_their_way) {
    DnsServer server([](const DnsQuery&) { return Answers(); });
    on_driver([&]() -> Task<> {
        auto resolver = std::make_shared<Resolver>(options_for(server));
        for (int i = 0; i < 20; ++i) {
            create_task(
                [](std::shared_ptr<Resolver> own, int number) -> Task<> {
                    co_await own->resolve("host" + std::to_string(number) + ".example");
                },
                resolver, i)
                .detach();
        }
        co_await sleep(5ms);
    });
}

TEST_P(ResolverLookupTest, cancelled_everywhere) {
    DnsServer server(
        [](const DnsQuery& query) { return Answers{DnsReply(query).a("10.0.0.1", 0).message()}; });
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

TEST_P(ResolverLookupTest, cancelled_lookups_close_what_they_opened_by_tcp) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{query.tcp ? DnsReply(query).a("10.0.0.1", 0).message()
                                 : DnsReply(query).truncated().message()};
    });
    on_driver([&]() -> Task<> {
        Resolver resolver(options_for(server));
        std::size_t found = 0;
        for (int i = 0; i < 100; ++i) {
            const Duration patience = std::chrono::microseconds(i * 40);
            const auto text = co_await move_on_after(patience, outcome(resolver, "host.example"));
            found += text.has_value() ? 1 : 0;
            EXPECT_EQ(text.value_or("10.0.0.1"), "10.0.0.1");
            EXPECT_EQ(current_loop().stats().operations, 0U);
        }
        EXPECT_LT(found, 100U);
    });
    EXPECT_TRUE(server.saw_all_leave());
}

// --------------------------------------------------------------------------- many at once

/// What went by between two turns of a task that only takes turns, so that the driver never waits.
struct Steps {
    std::int64_t longest = 0;  ///< of processor time
    long waits = 0;            ///< of them all

    bool are_short() const;
    void expect_short(const char* what) const;
};

Task<> watch_steps(Steps& steps) {
    const long before = thread_waits();
    for (std::int64_t last = thread_time();;) {
        co_await yield();
        const std::int64_t now = thread_time();
        steps.longest = std::max(steps.longest, now - last);
        steps.waits = thread_waits() - before;
        last = now;
    }
}

Task<> stop_watching(TaskHandle<>& watcher) {
    watcher.cancel();
    co_await watcher.wait();
}

// Of a build without optimisation or with a sanitizer nothing is promised.
constexpr std::int64_t step_max =
#if defined(__OPTIMIZE__) && !RONDO_ASAN && !defined(__SANITIZE_THREAD__)
    10'000'000;
#else
    200'000'000;
#endif

bool Steps::are_short() const { return longest < step_max && waits < waits_max; }

void Steps::expect_short(const char* what) const {
    std::printf("%s: longest step %.2f ms of processor time, %ld waits\n", what,
                static_cast<double>(longest) / 1e6, waits);
    EXPECT_LT(longest, step_max);
    EXPECT_LT(waits, waits_max) << "something blocks the loop's thread";
}

// What the two tests below would see of a resolver that blocks.
TEST_P(ResolverLookupTest, steps_that_block_are_seen) {
    on_driver([&]() -> Task<> {
        Steps steps;
        auto watcher = create_task(watch_steps(steps));
        for (long i = 0; i < 2 * waits_max; ++i) {
            std::this_thread::sleep_for(100us);
            co_await yield();
        }
        co_await stop_watching(watcher);
        EXPECT_GT(steps.waits, waits_max);
    });
}

TEST_P(ResolverLookupTest, a_thousand_at_once_in_short_steps) {
    DnsServer server([](const DnsQuery& query) {
        return Answers{query.type == type_a ? DnsReply(query).a("10.0.0.1").message()
                                            : DnsReply(query).message()};
    });
    ResolverOptions options = options_for(server);
    options.timeout = 2s;
    options.tries = 5;
    Steps best{INT64_MAX, LONG_MAX};
    for (int attempt = 0; attempt < 3 && !best.are_short(); ++attempt) {
        const Steps steps = on_driver([&]() -> Task<Steps> {
            Resolver resolver(options);
            Steps seen;
            auto watcher = create_task(watch_steps(seen));
            std::vector<Task<std::string>> lookups;
            for (int i = 0; i < 1'000; ++i) {
                lookups.push_back(
                    outcome(resolver, "h" + std::to_string(i) + ".example", Family::any));
            }
            const std::vector<std::string> texts = co_await gather(std::move(lookups));
            EXPECT_EQ(std::count(texts.begin(), texts.end(), "10.0.0.1"), 1'000);
            co_await stop_watching(watcher);
            co_return seen;
        });
        best.longest = std::min(best.longest, steps.longest);
        best.waits = std::min(best.waits, steps.waits);
    }
    best.expect_short("1000 lookups");
}

TEST_P(ResolverLookupTest, a_hundred_that_hang_do_not_block_the_loop) {
    DnsServer server([](const DnsQuery&) { return Answers(); });
    ResolverOptions options = options_for(server);
    options.timeout = 50ms;
    options.tries = 2;
    const Steps steps = on_driver([&]() -> Task<Steps> {
        Resolver resolver(options);
        Steps seen;
        auto watcher = create_task(watch_steps(seen));
        std::vector<Task<std::string>> lookups;
        for (int i = 0; i < 100; ++i) {
            lookups.push_back(outcome(resolver, "h" + std::to_string(i) + ".example"));
        }
        const std::vector<std::string> texts = co_await gather(std::move(lookups));
        const std::string late = "timed_out: no name server answered in time";
        EXPECT_EQ(std::count(texts.begin(), texts.end(), late), 100);
        co_await stop_watching(watcher);
        co_return seen;
    });
    steps.expect_short("100 hang");
}

INSTANTIATE_TEST_SUITE_P(net, ResolverLookupTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
