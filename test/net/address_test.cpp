// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/address.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "rondo/base/error.hpp"

namespace rondo::test {
namespace {

using net::Address;

TEST(AddressTest, the_default_is_any_address_and_any_port) {
    EXPECT_EQ(Address().to_string(), "0.0.0.0:0");
    EXPECT_EQ(Address().size(), sizeof(sockaddr_in));
}

TEST(AddressTest, reads_back_what_it_prints) {
    for (const char* text : {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:8080",
                             "[fe80::1]:1", "[::ffff:1.2.3.4]:5", "[fe80::1%7]:80"}) {
        EXPECT_EQ(Address::parse(text).to_string(), text);
    }
}

TEST(AddressTest, has_the_parts_it_was_made_of) {
    const Address ipv4 = Address::parse("127.0.0.1", 80);
    EXPECT_EQ(ipv4.host(), "127.0.0.1");
    EXPECT_EQ(ipv4.port(), 80);
    EXPECT_FALSE(ipv4.is_ipv6());
    EXPECT_EQ(ipv4.family(), AF_INET);
    const Address ipv6 = Address::parse("::1", 443);
    EXPECT_EQ(ipv6.host(), "::1");
    EXPECT_EQ(ipv6.to_string(), "[::1]:443");
    EXPECT_TRUE(ipv6.is_ipv6());
    EXPECT_EQ(ipv6.size(), sizeof(sockaddr_in6));
    EXPECT_EQ(Address::parse("[::1]", 443), ipv6);
    EXPECT_EQ(ipv4.with_port(81).to_string(), "127.0.0.1:81");
    EXPECT_EQ(Address::loopback(80), ipv4);
}

TEST(AddressTest, equality_is_of_host_port_and_family) {
    EXPECT_EQ(Address::parse("::1", 1), Address::parse("0:0::1", 1));
    EXPECT_NE(Address::parse("::1", 1), Address::parse("::1", 2));
    EXPECT_NE(Address::parse("::1", 1), Address::parse("::2", 1));
    EXPECT_NE(Address::parse("127.0.0.1", 1), Address::parse("127.0.0.2", 1));
    EXPECT_NE(Address::parse("0.0.0.0", 0), Address::parse("::", 0));
    EXPECT_NE(Address::parse("fe80::1%1", 1), Address::parse("fe80::1%2", 1));
    EXPECT_EQ(Address::parse("fe80::1%2", 1), Address::parse("[fe80::1%2]:1"));
    EXPECT_EQ(Address::parse("fe80::1%2", 1).host(), "fe80::1%2");
}

TEST(AddressTest, refuses_what_is_no_numeric_address) {
    using namespace std::string_view_literals;
    for (const std::string_view host :
         {"localhost"sv, ""sv, std::string_view(), "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv,
          "127.0.0.1\0x"sv, ":::"sv, "127.0.0.1%1"sv, "fe80::1%"sv, "fe80::1%0"sv, "fe80::1%eth0"sv,
          "fe80::1%4294967296"sv, "%1"sv, "[127.0.0.1]"sv, "[::1"sv, " 127.0.0.1"sv,
          "01.02.03.04x"sv, "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
        EXPECT_FALSE(Address::try_parse(host, 80).has_value()) << host;
    }
    for (const std::string_view text :
         {"127.0.0.1"sv, "127.0.0.1:"sv, ":80"sv, "127.0.0.1:65536"sv, "127.0.0.1:-1"sv,
          "127.0.0.1:80x"sv, "127.0.0.1: 80"sv, "::1:80"sv, "[::1]80"sv, ""sv}) {
        EXPECT_FALSE(Address::try_parse(text).has_value()) << text;
    }
}

TEST(AddressTest, an_error_names_the_text) {
    try {
        Address::parse("localhost", 80);
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), Errc::invalid);
        EXPECT_STREQ(error.what(), "address localhost: not an IPv4 or IPv6 address");
    }
    EXPECT_THROW(Address::parse("localhost:80"), Error);
}

TEST(AddressTest, is_made_of_what_the_system_has) {
    const Address address = Address::parse("10.1.2.3", 4);
    EXPECT_EQ(Address::from(address.data(), address.size()), address);
    EXPECT_FALSE(Address::from(address.data(), 1).has_value());
    EXPECT_FALSE(Address::from(address.data(), sizeof(sockaddr_in) - 1).has_value());
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    EXPECT_FALSE(
        Address::from(reinterpret_cast<const sockaddr*>(&local), sizeof local).has_value());
}

}  // namespace
}  // namespace rondo::test
