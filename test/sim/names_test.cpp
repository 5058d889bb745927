// SPDX-License-Identifier: Apache-2.0
// Names of the simulation, and what the resolver makes of them on virtual time.
#include "rondo/sim/names.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rondo/coro/gather.hpp"
#include "rondo/loop/timeout.hpp"
#include "rondo/net/connect.hpp"
#include "rondo/net/tcp_listener.hpp"
#include "rondo/sim/determinism.hpp"
#include "rondo/sim/gtest.hpp"
#include "support/cancel_everywhere.hpp"

namespace rondo::test {
namespace {

using net::Address;
using net::Family;
using sim::Name;
using sim::NameFailure;
using sim::names;

/// The addresses, or what the error says.
Task<std::string> look_up(std::string host, Family family = Family::any) {
    std::string text;
    try {
        const std::vector<Address> addresses = co_await net::resolve(host, 0, family);
        for (const Address& address : addresses) {
            text += (text.empty() ? "" : " ") + address.host();
        }
    } catch (const Error& error) {
        text = error.what();
    }
    co_return text;
}

RONDO_TEST(SimNames, a_name_has_the_addresses_it_was_given) {
    names().set("Api.Example", Name({"10.0.0.1", "2001:db8::1", "10.0.0.2"}));
    const std::string all = co_await look_up("api.example");
    EXPECT_EQ(all, "2001:db8::1 10.0.0.1 10.0.0.2");
    const std::string ipv4 = co_await look_up("api.example.", Family::ipv4);
    EXPECT_EQ(ipv4, "10.0.0.1 10.0.0.2");
    const std::string none = co_await look_up("none.example");
    EXPECT_EQ(none, "resolve none.example: no such host");
    names().set("bare.example", Name());
    const std::string bare = co_await look_up("bare.example");
    EXPECT_EQ(bare, "resolve bare.example: the name has no address");
}

RONDO_TEST(SimNames, an_answer_takes_its_time) {
    names().set("slow.example",
                Name({"10.0.0.1", "::1"}).ipv4_latency(300ms, 300ms).ipv6_latency(70ms, 70ms));
    const TimePoint start = now();
    co_await look_up("slow.example", Family::ipv6);
    EXPECT_EQ(now() - start, 70ms);
    co_await look_up("slow.example");
    EXPECT_EQ(now() - start, 370ms);
}

RONDO_TEST(SimNames, latency_is_drawn_between_its_bounds) {
    Duration least = 1h;
    Duration most{0};
    for (int i = 0; i < 100; ++i) {
        const std::string host = "h" + std::to_string(i) + ".example";
        names().set(host, Name({"10.0.0.1"}).latency(10ms, 50ms));
        const TimePoint start = now();
        co_await look_up(host, Family::ipv4);
        least = std::min(least, now() - start);
        most = std::max(most, now() - start);
    }
    EXPECT_GE(least, 10ms);
    EXPECT_LE(most, 51ms);
    EXPECT_GT(most - least, 20ms);
}

RONDO_TEST(SimNames, each_failure_is_told) {
    const std::pair<NameFailure, const char*> failures[] = {
        {NameFailure::no_such_host, "no such host"},
        {NameFailure::server_failed, "the name server failed (SERVFAIL)"},
        {NameFailure::refused, "the name server refused to answer (REFUSED)"},
        {NameFailure::malformed, "the answer is malformed"},
        {NameFailure::alias_loop, "its aliases form a loop"},
        {NameFailure::silence, "no name server answered in time"},
    };
    for (const auto& [failure, text] : failures) {
        names().set("x.example", Name().fails(failure).ttl(0s));
        const TimePoint start = now();
        const std::string told = co_await look_up("x.example");
        EXPECT_EQ(told, "resolve x.example: " + std::string(text));
        EXPECT_EQ(now() - start, failure == NameFailure::silence ? 6s : Duration(1ms));
    }
}

RONDO_TEST(SimNames, one_family_may_fail) {
    names().set("x.example", Name({"10.0.0.1"}).ipv6_fails(NameFailure::server_failed));
    const std::string text = co_await look_up("x.example");
    EXPECT_EQ(text, "10.0.0.1");
    const std::string ipv6 = co_await look_up("x.example", Family::ipv6);
    EXPECT_EQ(ipv6, "resolve x.example: the name server failed (SERVFAIL)");
    names().set("y.example", Name({"::1"}).ipv4_fails(NameFailure::silence));
    const std::string slow = co_await look_up("y.example");
    EXPECT_EQ(slow, "::1");
}

RONDO_TEST(SimNames, answers_hold_for_their_time_to_live) {
    names().set("x.example", Name({"10.0.0.1"}).ttl(30s));
    for (int i = 0; i < 3; ++i) {
        co_await look_up("x.example", Family::ipv4);
        co_await sleep(14s);
    }
    EXPECT_EQ(names().questions("x.example"), 1U);
    co_await look_up("x.example", Family::ipv4);
    EXPECT_EQ(names().questions("x.example"), 2U);
    names().set("none.example", Name().fails(NameFailure::no_such_host).ttl(20s));
    for (int i = 0; i < 4; ++i) {
        co_await look_up("none.example", Family::ipv4);
        co_await sleep(9s);
    }
    EXPECT_EQ(names().questions("none.example"), 2U);
}

RONDO_TEST(SimNames, names_change) {
    names().set("x.example", Name({"10.0.0.1"}).ttl(10s));
    names().set_after(5s, "x.example", Name({"127.0.0.1"}).ttl(10s));
    const std::string before = co_await look_up("x.example");
    EXPECT_EQ(before, "10.0.0.1");
    co_await sleep(6s);
    const std::string kept = co_await look_up("x.example");
    EXPECT_EQ(kept, "10.0.0.1");
    co_await sleep(5s);
    const std::string after = co_await look_up("x.example");
    EXPECT_EQ(after, "127.0.0.1");
    names().remove("x.example");
    net::resolver().clear_cache();
    const std::string gone = co_await look_up("x.example");
    EXPECT_EQ(gone, "resolve x.example: no such host");
}

RONDO_TEST(SimNames, lookups_at_the_same_time_are_one_question) {
    names().set("x.example", Name({"10.0.0.1"}).ttl(0s).latency(5ms));
    std::vector<Task<std::string>> lookups;
    for (int i = 0; i < 50; ++i) {
        lookups.push_back(look_up("x.example", Family::ipv4));
    }
    const auto texts = co_await gather(std::move(lookups));
    EXPECT_EQ(texts.back(), "10.0.0.1");
    EXPECT_EQ(names().questions("x.example"), 1U);
}

RONDO_TEST(SimNames, other_records) {
    names().set("x.example", Name().text("hello").mail(5, "m.example"));
    names().set("_s._tcp.example", Name().service(1, 0, 80, "s.example"));
    names().set("1.0.0.10.in-addr.arpa", Name().pointer("one.example"));
    const auto texts = co_await net::resolver().resolve_text("x.example");
    EXPECT_EQ(texts, std::vector<std::string>{"hello"});
    const auto mail = co_await net::resolver().resolve_mail("x.example");
    EXPECT_EQ(mail.at(0).host, "m.example");
    const auto services = co_await net::resolver().resolve_service("_s._tcp.example");
    EXPECT_EQ(services.at(0).port, 80);
    const std::string name = co_await net::resolve_name(Address::parse("10.0.0.1:5"));
    EXPECT_EQ(name, "one.example");
}

RONDO_TEST(SimNames, services_are_drawn_by_weight) {
    names().set("_s._tcp.example", Name()
                                       .service(2, 100, 80, "last.example")
                                       .service(1, 90, 80, "heavy.example")
                                       .service(1, 10, 80, "light.example"));
    int heavy = 0;
    for (int i = 0; i < 200; ++i) {
        const auto services = co_await net::resolver().resolve_service("_s._tcp.example");
        EXPECT_EQ(services.at(2).host, "last.example");
        heavy += services.at(0).host == "heavy.example" ? 1 : 0;
    }
    EXPECT_GT(heavy, 150);
    EXPECT_LT(heavy, 200);
}

RONDO_TEST_SEEDS(SimNames, a_cancelled_lookup_stops_at_once, 20) {
    names().set("x.example", Name().fails(NameFailure::silence));
    const TimePoint start = now();
    const auto text = co_await move_on_after(10ms, look_up("x.example"));
    EXPECT_FALSE(text.has_value());
    EXPECT_EQ(now() - start, 10ms);
    EXPECT_EQ(net::resolver().questions(), 0U);
}

RONDO_TEST_SEEDS(SimNames, a_connection_to_a_name, 20) {
    net::TcpListener listener = net::TcpListener::listen(Address::loopback(0));
    const std::uint16_t port = listener.local_address().port();
    names().set("web.example", Name({"127.0.0.1", "::1"}).latency(1ms, 90ms));
    net::TcpStream stream = co_await net::connect("web.example", port);
    EXPECT_EQ(stream.peer_address(), Address::loopback(port));
}

RONDO_TEST(SimNames, a_connection_to_no_name) {
    std::string failure;
    try {
        co_await net::connect("none.example", 80);
    } catch (const Error& error) {
        failure = error.what();
    }
    EXPECT_EQ(failure, "resolve none.example: no such host");
}

// The backlog of the IPv6 listener is full: it answers nothing.
RONDO_TEST(SimNames, a_silent_address_is_overtaken_after_its_delay) {
    net::ListenOptions small;
    small.backlog = 0;
    net::TcpListener silent = net::TcpListener::listen(Address::parse("[::1]:8080"), small);
    net::TcpListener good = net::TcpListener::listen(Address::parse("127.0.0.1:8080"));
    net::TcpStream fills = co_await net::TcpStream::connect(Address::parse("[::1]:8080"));
    names().set("web.example", Name({"127.0.0.1", "::1"}).latency(3ms));
    const TimePoint start = now();
    net::TcpStream stream = co_await net::connect("web.example", 8080);
    EXPECT_FALSE(stream.peer_address().is_ipv6());
    EXPECT_EQ(now() - start, 253ms);
}

TEST(SimNamesRun, equal_seeds_give_equal_runs) {
    const auto scenario = []() -> Task<> {
        for (int i = 0; i < 20; ++i) {
            const std::string host = "h" + std::to_string(i) + ".example";
            names().set(host, Name({"127.0.0.1"}).latency(1ms, 90ms));
        }
        std::vector<Task<std::string>> lookups;
        for (int i = 0; i < 20; ++i) {
            lookups.push_back(look_up("h" + std::to_string(i) + ".example"));
        }
        co_await gather(std::move(lookups));
    };
    const auto same = sim::check_determinism(scenario, sim::Options(Schedule::random, 5));
    EXPECT_TRUE(same) << same.difference;
    sim::Report one;
    sim::Report other;
    sim::run(scenario, sim::Options(Schedule::fifo, 1), one);
    sim::run(scenario, sim::Options(Schedule::fifo, 2), other);
    EXPECT_NE(one.trace_hash, other.trace_hash);
    EXPECT_FALSE(one.leaked());
}

TEST(SimNamesRun, lookups_cancelled_everywhere) {
    for (const std::uint64_t seed : {0U, 1U, 2U, 3U}) {
        Everywhere where;
        where.seed = seed;
        cancel_everywhere(
            []() -> Task<> {
                names().set("x.example", Name({"10.0.0.1", "::1"}).ttl(0s).ipv4_latency(5ms, 5ms));
                names().set("y.example", Name().fails(NameFailure::silence));
                co_await gather(look_up("x.example"), look_up("x.example"), look_up("y.example"));
                co_await move_on_after(1s, look_up("y.example"));
            },
            where);
    }
}

}  // namespace
}  // namespace rondo::test
