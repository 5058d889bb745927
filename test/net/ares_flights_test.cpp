// SPDX-License-Identifier: Apache-2.0
// Questions that wait for their turn, and servers that change meanwhile.
#include "net/dns/ares_flights.hpp"

#include <algorithm>

#include "net/dns_server.hpp"
#include "net/net_test.hpp"
#include "support/thread_time.hpp"

namespace rondo::test {
namespace {

using net::detail::AnswerPtr;
using net::detail::AresFlights;
using net::detail::AskOptions;
using net::detail::Cache;
using net::detail::CacheLimits;
using net::detail::Landing;
using net::detail::NameStatus;
using net::detail::Question;
using net::detail::RecordType;

using Answers = std::vector<std::string>;

Answers nothing(const DnsQuery&) { return {}; }
Answers an_address(const DnsQuery& query) { return {DnsReply(query).a("10.0.0.1").message()}; }

class AresFlightsTest : public NetTest {
protected:
    static AskOptions patient(std::size_t asked_max) {
        AskOptions options;
        options.timeout = 10s;  // of a machine that is busy
        options.asked_max = asked_max;
        return options;
    }

    /// True: there is an answer.
    static Task<bool> ask(AresFlights& flights, std::string name) {
        Landing landing(flights, Question(name, RecordType::a));
        const AnswerPtr answer = co_await landing;
        co_return answer->status == NameStatus::found;
    }

    /// Sets the one server `next` when `former` has been asked `times` times.
    static Task<> change_when_asked(AresFlights& flights, const DnsServer& former, int times,
                                    Address next) {
        while (former.asked() < times) {
            co_await yield();
        }
        flights.set_servers({next}, false);
    }

    Cache cache{CacheLimits()};
};

// The youngest is cancelled first, and is the last of the queue.
TEST_P(AresFlightsTest, many_that_wait_for_their_turn_are_cancelled_in_a_short_step) {
    constexpr std::size_t count = 20'000;
    DnsServer server(nothing);
    long waits = 0;
    const std::int64_t step = on_driver([&]() -> Task<std::int64_t> {
        AresFlights flights(current_loop(), cache, patient(1));
        flights.set_servers({server.address()}, false);
        auto ask_all = [&]() -> Task<> {
            std::vector<Task<bool>> questions;
            for (std::size_t i = 0; i < count; ++i) {
                questions.push_back(ask(flights, "h" + std::to_string(i) + ".example"));
            }
            co_await gather(std::move(questions));
        };
        auto asking = create_task(ask_all());
        while (flights.size() < count) {
            co_await yield();
        }
        const long waits_before = thread_waits();
        const std::int64_t before = thread_time();
        asking.cancel();
        const std::int64_t took = thread_time() - before;
        waits = thread_waits() - waits_before;
        EXPECT_LE(flights.size(), 1U);
        try {
            co_await asking;
        } catch (const Cancelled&) {
        }
        EXPECT_TRUE(asking.cancelled());
        EXPECT_EQ(flights.size(), 0U);
        co_return took;
    });
    EXPECT_LT(step, 200'000'000) << "200,000,000 steps of a search take longer";
    EXPECT_LT(waits, waits_max);
}

// ----------------------------------------------------------------------- other servers

TEST_P(AresFlightsTest, other_servers_take_over_what_is_on_its_way) {
    DnsServer silent(nothing);
    DnsServer good(an_address);
    on_driver([&]() -> Task<> {
        AresFlights flights(current_loop(), cache, patient(2));
        flights.set_servers({silent.address()}, false);
        auto ask_all = [&]() -> Task<> {
            std::vector<Task<bool>> questions;
            for (const char* name : {"a", "b", "c", "d"}) {
                questions.push_back(ask(flights, name));
            }
            const auto found = co_await gather(std::move(questions));
            EXPECT_EQ(std::count(found.begin(), found.end(), true), 4);
        };
        co_await gather(ask_all, change_when_asked(flights, silent, 2, good.address()));
        EXPECT_EQ(flights.size(), 0U);
    });
    EXPECT_EQ(silent.asked(), 2);
    EXPECT_EQ(good.asked(), 4);
}

TEST_P(AresFlightsTest, other_servers_have_failed_at_nothing_yet) {
    DnsServer lame(
        [](const DnsQuery& query) { return Answers{DnsReply(query, code_failed).message()}; });
    DnsServer silent(nothing);
    DnsServer good(an_address);
    on_driver([&]() -> Task<> {
        AresFlights flights(current_loop(), cache, patient(1));
        flights.set_servers({lame.address(), silent.address()}, false);
        auto [found, done] = co_await gather(ask(flights, "a.example"),
                                             change_when_asked(flights, silent, 1, good.address()));
        EXPECT_TRUE(found);
    });
    EXPECT_EQ(lame.asked(), 1);
}

TEST_P(AresFlightsTest, other_servers_may_know_what_the_former_did_not) {
    DnsServer public_one([](const DnsQuery& query) {
        return Answers{DnsReply(query, code_no_name).soa(3600).message()};
    });
    DnsServer inside(an_address);
    CacheLimits limits;
    limits.ttl_max = 1h;
    limits.negative_ttl_max = 1h;
    Cache keeping(limits);
    on_driver([&]() -> Task<> {
        AresFlights flights(current_loop(), keeping, patient(1));
        flights.set_servers({public_one.address()}, false);
        bool found = co_await ask(flights, "intranet.example");
        EXPECT_FALSE(found);
        flights.set_servers({public_one.address()}, true);
        EXPECT_EQ(keeping.size(), 1U) << "set again, they are the same";
        flights.set_servers({inside.address()}, false);
        EXPECT_EQ(keeping.size(), 0U);
        found = co_await ask(flights, "intranet.example");
        EXPECT_TRUE(found);
        EXPECT_EQ(keeping.size(), 1U);
    });
}

TEST_P(AresFlightsTest, other_servers_are_not_asked_what_nobody_waits_for) {
    DnsServer silent(nothing);
    DnsServer good(an_address);
    on_driver([&]() -> Task<> {
        AresFlights flights(current_loop(), cache, patient(2));
        flights.set_servers({silent.address()}, false);
        auto given_up = create_task(ask(flights, "a.example"));
        auto wanted = create_task(ask(flights, "b.example"));
        co_await change_when_asked(flights, silent, 2, silent.address());
        given_up.cancel();
        flights.set_servers({good.address()}, false);
        const bool found = co_await wanted;
        EXPECT_TRUE(found);
        EXPECT_TRUE(given_up.cancelled());
        EXPECT_EQ(flights.size(), 0U);
    });
    EXPECT_EQ(silent.asked(), 2) << "set again, they are the same";
    EXPECT_EQ(good.names(), Answers{"b.example"});
}

INSTANTIATE_TEST_SUITE_P(net, AresFlightsTest, testing::ValuesIn(real_drivers()), param_name);

}  // namespace
}  // namespace rondo::test
