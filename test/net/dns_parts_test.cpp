// SPDX-License-Identifier: Apache-2.0
// The parts of the resolver that need no loop: messages, names, the hosts file, the cache, the
// order of addresses.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "net/dns/address_order.hpp"
#include "net/dns/cache.hpp"
#include "net/dns/host_name.hpp"
#include "net/dns/hosts_file.hpp"
#include "net/dns/message.hpp"
#include "net/dns_message.hpp"
#include "rondo/base/error.hpp"

namespace rondo::test {
namespace {

using namespace net::detail;
using namespace std::chrono_literals;
using net::Address;

// ----------------------------------------------------------------------------- messages

DnsQuery query_for(const char* name, unsigned type) {
    DnsQuery query;
    query.id = 7;
    query.type = type;
    query.name = name;
    query.question = wire_name(name);
    add_two(query.question, type);
    add_two(query.question, 1);
    return query;
}

NameAnswer parse(const std::string& message, RecordType type = RecordType::a,
                 const char* name = "host.example") {
    return parse_answer(std::as_bytes(std::span(message.data(), message.size())),
                        Question(name, type));
}

TEST(DnsMessageTest, the_least_time_to_live_counts) {
    const DnsQuery query = query_for("host.example", type_a);
    const NameAnswer answer = parse(DnsReply(query)
                                        .cname("b.example", {}, 30)
                                        .a("10.0.0.1", 90, "B.Example")
                                        .a("10.0.0.2", 80, "b.example")
                                        .message());
    EXPECT_EQ(answer.status, NameStatus::found);
    EXPECT_EQ(answer.records.size(), 2U);
    EXPECT_EQ(answer.ttl, 30U);
}

TEST(DnsMessageTest, a_negative_answer_holds_for_as_long_as_its_soa_says) {
    const DnsQuery query = query_for("host.example", type_a);
    EXPECT_EQ(parse(DnsReply(query, code_no_name).soa(17).message()).ttl, 17U);
    EXPECT_EQ(parse(DnsReply(query).soa(18).message()).ttl, 18U);
    EXPECT_EQ(parse(DnsReply(query).cname("b.example", {}, 5).soa(18).message()).ttl, 5U);
    EXPECT_EQ(parse(DnsReply(query, code_no_name).message()).ttl, 0U);
}

TEST(DnsMessageTest, a_time_to_live_with_its_highest_bit_is_none) {
    const DnsQuery query = query_for("host.example", type_a);
    EXPECT_EQ(parse(DnsReply(query).a("10.0.0.1", 0x80000000).message()).ttl, 0U);
    EXPECT_EQ(parse(DnsReply(query).a("10.0.0.1", 0x7fffffff).message()).ttl, 0x7fffffffU);
}

TEST(DnsMessageTest, sixteen_aliases_are_followed_and_no_more) {
    for (const int count : {16, 17}) {
        DnsReply reply(query_for("n0.example", type_a));
        for (int i = 0; i < count; ++i) {
            reply.cname("n" + std::to_string(i + 1) + ".example",
                        "n" + std::to_string(i) + ".example");
        }
        reply.a("10.0.0.1", 60, "n" + std::to_string(count) + ".example");
        EXPECT_EQ(parse(reply.message(), RecordType::a, "n0.example").status,
                  count == 16 ? NameStatus::found : NameStatus::alias_loop);
    }
}

TEST(DnsMessageTest, a_question_is_no_answer) {
    std::string message = DnsReply(query_for("host.example", type_a)).a("10.0.0.1").message();
    message[2] = static_cast<char>(message[2] & 0x7f);
    EXPECT_EQ(parse(message).status, NameStatus::bad_answer);
}

TEST(DnsMessageTest, bytes_that_are_in_no_host_name_are_escaped) {
    const DnsQuery query = query_for("host.example", type_ptr);
    const std::string data = std::string("\4a.b\0", 5) + wire_name("x");
    const NameAnswer answer =
        parse(DnsReply(query).record(type_ptr, 60, data).message(), RecordType::ptr);
    ASSERT_EQ(answer.records.size(), 1U);
    EXPECT_EQ(answer.records[0].text, "a\\046b\\000.x");
}

TEST(DnsMessageTest, a_pointer_leads_backwards_only) {
    const DnsQuery query = query_for("host.example", type_a);
    for (const char* pointer : {"\xc0\xff", "\xff\xff", "\xc0\x2a"}) {
        const std::string message =
            DnsReply(query).record(type_cname, 60, std::string_view(pointer, 2)).message();
        EXPECT_EQ(parse(message).status, NameStatus::bad_answer);
    }
}

TEST(DnsMessageTest, a_pointer_to_the_header_is_another_name) {
    const std::string header_owner("\xc0\x00\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\2", 16);
    const NameAnswer answer = parse(DnsReply(query_for("host.example", type_a))
                                        .a("10.0.0.1", 60, "host.example")
                                        .raw(header_owner)
                                        .message());
    EXPECT_EQ(answer.status, NameStatus::found);
    EXPECT_EQ(answer.records.size(), 1U);
}

TEST(DnsMessageTest, more_aliases_than_are_followed_are_no_answer) {
    DnsReply reply(query_for("host.example", type_a));
    for (int i = 0; i < 17; ++i) {
        reply.cname("y", "o" + std::to_string(i));
    }
    reply.cname("b.example").a("10.0.0.1", 60, "b.example");
    EXPECT_EQ(parse(reply.message()).status, NameStatus::alias_loop);
}

// Each prefix of an answer, and each answer with a byte changed, is survived.
TEST(DnsMessageTest, broken_messages_are_survived) {
    DnsReply reply(query_for("host.example", type_a));
    reply.cname("b.example").a("10.0.0.1", 60, "b.example").soa(60);
    const std::string whole = reply.message();
    ASSERT_EQ(parse(whole).status, NameStatus::found);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_EQ(parse(whole.substr(0, size)).status, NameStatus::bad_answer) << size;
    }
    std::mt19937 random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::string message = whole;
        for (auto changes = 1 + random() % 4; changes > 0; --changes) {
            message[random() % message.size()] = static_cast<char>(random());
        }
        for (const RecordType type : {RecordType::a, RecordType::aaaa, RecordType::txt,
                                      RecordType::mx, RecordType::srv, RecordType::ptr}) {
            const NameAnswer answer = parse(message, type);
            EXPECT_EQ(answer.status == NameStatus::found, !answer.records.empty());
        }
    }
}

// ------------------------------------------------------------------------------- names

TEST(HostNameTest, names_are_completed_as_resolv_conf_has_it) {
    using Names = std::vector<std::string>;
    const Names domains{"One.Example", "two.example."};
    EXPECT_EQ(candidates(parse_host_name("web"), domains, 1),
              (Names{"web.one.example", "web.two.example", "web"}));
    EXPECT_EQ(candidates(parse_host_name("WEB.x"), domains, 1),
              (Names{"web.x", "web.x.one.example", "web.x.two.example"}));
    EXPECT_EQ(candidates(parse_host_name("web.x"), domains, 2),
              (Names{"web.x.one.example", "web.x.two.example", "web.x"}));
    EXPECT_EQ(candidates(parse_host_name("web."), domains, 1), (Names{"web"}));
    EXPECT_EQ(candidates(parse_host_name("web"), {}, 1), (Names{"web"}));
    EXPECT_EQ(candidates(parse_host_name("web"), domains, 0),
              (Names{"web", "web.one.example", "web.two.example"}));
}

TEST(HostNameTest, what_is_a_name) {
    const std::string label(63, 'a');
    for (const std::string& host :
         {std::string("a"), std::string("_x._tcp.a-b.c9"), label, "1.2.3.4.in-addr.arpa." + label,
          label + "." + label + "." + label + "." + std::string(61, 'b')}) {
        EXPECT_EQ(parse_host_name(host).text, host);
    }
    for (const std::string& host :
         {label + "a", label + "." + label + "." + label + "." + std::string(62, 'b'),
          std::string("a\0b", 3), std::string("*.example"), std::string("a.b..")}) {
        EXPECT_THROW(parse_host_name(host), Error) << host;
    }
}

TEST(HostNameTest, localhost_and_what_is_below_it) {
    EXPECT_TRUE(parse_host_name("localhost").is_localhost());
    EXPECT_TRUE(parse_host_name("a.LOCALHOST.").is_localhost());
    EXPECT_FALSE(parse_host_name("localhost.example").is_localhost());
    EXPECT_FALSE(parse_host_name("notlocalhost").is_localhost());
}

TEST(HostNameTest, zones_of_numeric_hosts) {
    const auto numbered = parse_numeric_host("fe80::1%7");
    ASSERT_TRUE(numbered.has_value());
    EXPECT_FALSE(*numbered == Address::parse("fe80::1", 0));
    EXPECT_TRUE(parse_numeric_host("fe80::1%lo").has_value());
    EXPECT_FALSE(parse_numeric_host("fe80::1%no-such-if").has_value());
    EXPECT_FALSE(parse_numeric_host("127.0.0.1%1").has_value());
    EXPECT_FALSE(parse_numeric_host("fe80::1%").has_value());
}

TEST(HostNameTest, addresses_of_this_machine) {
    EXPECT_TRUE(is_loopback(Address::parse("127.9.9.9", 1)));
    EXPECT_TRUE(is_loopback(Address::parse("::1", 1)));
    EXPECT_FALSE(is_loopback(Address::parse("128.0.0.1", 1)));
    EXPECT_FALSE(is_loopback(Address::parse("::2", 1)));
}

TEST(HostNameTest, reverse_names) {
    EXPECT_EQ(reverse_name(Address::parse("192.0.2.7:1")), "7.2.0.192.in-addr.arpa");
    EXPECT_EQ(reverse_name(Address::parse("[2001:db8::1]:1")),
              "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
}

// --------------------------------------------------------------------------- hosts file

TEST(HostsFileTest, lines_as_hosts_5_has_them) {
    const HostsTable table(
        "# a comment\n127.0.0.1\tlocalhost  Local # more\r\n\n::1 localhost\n"
        "nonsense host\n10.0.0.1\n10.0.0.2 host.\n10.0.0.3 host");
    EXPECT_EQ(table.find("localhost"),
              (std::vector<Address>{Address::parse("127.0.0.1", 0), Address::parse("::1", 0)}));
    EXPECT_EQ(table.find("local").size(), 1U);
    EXPECT_EQ(table.find("host").size(), 2U);
    EXPECT_TRUE(table.find("more").empty());
    EXPECT_EQ(table.name_of(Address::parse("127.0.0.1", 99)), "localhost");
    EXPECT_EQ(table.name_of(Address::parse("10.0.0.1", 0)), "");
}

/// The path of a file with one line, open for more as `fd`.
std::string make_hosts(int& fd) {
    char path[] = "/tmp/rondo_hosts_XXXXXX";
    fd = mkstemp(path);
    EXPECT_EQ(write(fd, "10.0.0.1 a\n", 11), 11);
    return path;
}

TEST(HostsFileTest, is_read_again_when_it_has_changed) {
    int fd = -1;
    const std::string path = make_hosts(fd);
    HostsFile file(path);
    const TimePoint start{1h};
    EXPECT_EQ(file.table(start).find("a").size(), 1U);
    ASSERT_EQ(write(fd, "10.0.0.2 b\n", 11), 11);
    EXPECT_EQ(file.table(start + 4s).find("b").size(), 0U);
    EXPECT_EQ(file.table(start + 5s).find("b").size(), 1U);
    close(fd);
    unlink(path.c_str());
    EXPECT_EQ(file.table(start + 10s).find("b").size(), 0U);
    EXPECT_TRUE(HostsFile("").table(start).find("a").empty());
}

TEST(HostsFileTest, one_that_cannot_be_read_for_a_moment_is_read_later) {
    int fd = -1;
    const std::string path = make_hosts(fd);
    HostsFile file(path);
    const TimePoint start{1h};
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const bool found = !file.table(start).find("a").empty();
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_FALSE(found);
    EXPECT_EQ(file.table(start + 5s).find("a").size(), 1U);
    ASSERT_EQ(write(fd, "10.0.0.2 b\n", 11), 11);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const bool kept = !file.table(start + 10s).find("a").empty();
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_TRUE(kept);
    EXPECT_EQ(file.table(start + 15s).find("b").size(), 1U);
    close(fd);
    unlink(path.c_str());
}

// ------------------------------------------------------------------------------ the cache

AnswerPtr answer_for(std::uint32_t ttl, NameStatus status = NameStatus::found) {
    NameAnswer answer;
    answer.status = status;
    answer.ttl = ttl;
    return std::make_shared<const NameAnswer>(answer);
}

CacheLimits some_limits() {
    CacheLimits limits;
    limits.ttl_max = 1h;
    limits.negative_ttl_max = 10s;
    return limits;
}

TEST(DnsCacheTest, an_answer_holds_exactly_as_long_as_it_says) {
    Cache cache(some_limits());
    const Question question("a", RecordType::a);
    const TimePoint start{1h};
    cache.put(question, answer_for(60), start);
    EXPECT_NE(cache.find(question, start + 59'999ms), nullptr);
    EXPECT_EQ(cache.find(Question("a", RecordType::aaaa), start), nullptr);
    EXPECT_EQ(cache.find(question, start + 60s), nullptr);
    EXPECT_EQ(cache.size(), 0U);
}

TEST(DnsCacheTest, bounds_of_times_to_live) {
    Cache cache(some_limits());
    const Question question("a", RecordType::a);
    const TimePoint start{1h};
    cache.put(question, answer_for(0x7fffffff), start);
    EXPECT_NE(cache.find(question, start + 3599s), nullptr);
    EXPECT_EQ(cache.find(question, start + 3600s), nullptr);
    cache.put(question, answer_for(1000, NameStatus::no_such_name), start);
    EXPECT_NE(cache.find(question, start + 9s), nullptr);
    EXPECT_EQ(cache.find(question, start + 10s), nullptr);
    cache.put(question, answer_for(0), start);
    EXPECT_EQ(cache.size(), 0U);
    for (const NameStatus failure : {NameStatus::server_failed, NameStatus::timed_out,
                                     NameStatus::bad_answer, NameStatus::refused}) {
        cache.put(question, answer_for(1000, failure), start);
        EXPECT_EQ(cache.size(), 0U);
    }
    CacheLimits least = some_limits();
    least.ttl_min = 5s;
    Cache keeping(least);
    keeping.put(question, answer_for(0), start);
    EXPECT_NE(keeping.find(question, start + 4s), nullptr);
}

TEST(DnsCacheTest, is_bounded_and_loses_what_was_used_longest_ago) {
    Cache cache(some_limits());
    const TimePoint start{1h};
    const auto name = [](int i) { return Question("n" + std::to_string(i), RecordType::a); };
    for (int i = 0; i < 10'000; ++i) {
        cache.put(name(i), answer_for(60), start);
    }
    EXPECT_NE(cache.find(name(0), start), nullptr);
    cache.put(name(10'000), answer_for(60), start);
    EXPECT_EQ(cache.size(), 10'000U);
    EXPECT_NE(cache.find(name(0), start), nullptr);
    EXPECT_EQ(cache.find(name(1), start), nullptr);
    cache.put(name(2), answer_for(0), start);
    EXPECT_EQ(cache.find(name(2), start), nullptr) << "what no longer holds is dropped";
}

// Some zone may have a thousand addresses for each of ten thousand names.
TEST(DnsCacheTest, what_is_large_is_not_kept) {
    Cache cache(some_limits());
    const TimePoint start{1h};
    const Question question("a", RecordType::a);
    NameAnswer answer;
    answer.ttl = 60;
    answer.records.resize(8192 / sizeof(NameRecord));
    cache.put(question, std::make_shared<const NameAnswer>(answer), start);
    EXPECT_EQ(cache.size(), 1U);
    answer.records.emplace_back();
    cache.put(question, std::make_shared<const NameAnswer>(answer), start);
    EXPECT_EQ(cache.size(), 0U) << "nor is what it replaces";
    answer.records.resize(1);
    answer.records.front().text.assign(8192, 'x');
    cache.put(question, std::make_shared<const NameAnswer>(answer), start);
    EXPECT_EQ(cache.size(), 0U);
}

// ------------------------------------------------------------------ the order of addresses

Destination destination(const char* to, const char* from) {
    return {Address::parse(to, 0),
            from != nullptr ? std::optional(Address::parse(from, 0)) : std::nullopt};
}

TEST(AddressOrderTest, the_examples_of_rfc_6724) {
    const auto before = [](const Destination& a, const Destination& b) {
        return comes_before(a, b) && !comes_before(b, a);
    };
    // Section 10.2.
    EXPECT_TRUE(before(destination("2001:db8:1::1", "2001:db8:1::2"),
                       destination("198.51.100.121", "169.254.13.78")));
    EXPECT_TRUE(before(destination("198.51.100.121", "198.51.100.117"),
                       destination("2001:db8:1::1", "fe80::1")));
    EXPECT_TRUE(
        before(destination("2001:db8:1::1", "2001:db8:1::2"), destination("10.1.2.3", "10.1.2.4")));
    EXPECT_TRUE(
        before(destination("fe80::1", "fe80::2"), destination("2001:db8:1::1", "2001:db8:1::2")));
    EXPECT_TRUE(before(destination("2001:db8:1::1", "2001:db8:1::2"),
                       destination("2001:db8:3ffe::1", "2001:db8:3f44::2")));
    EXPECT_TRUE(before(destination("2002:c633:6401::1", "2002:c633:6401::2"),
                       destination("2001:db8:1::1", "2002:c633:6401::2")));
    EXPECT_TRUE(before(destination("2001:db8:1::1", "2001:db8:1::2"),
                       destination("2002:c633:6401::1", "2002:c633:6401::2")));
}

TEST(AddressOrderTest, what_cannot_be_reached_is_last) {
    EXPECT_TRUE(comes_before(destination("10.0.0.1", "10.0.0.2"), destination("::1", nullptr)));
    EXPECT_TRUE(comes_before(destination("::1", "::1"), destination("127.0.0.1", "127.0.0.1")));
    EXPECT_FALSE(
        comes_before(destination("10.0.0.1", "10.0.0.9"), destination("10.0.0.2", "10.0.0.9")));
}

}  // namespace
}  // namespace rondo::test
