// SPDX-License-Identifier: Apache-2.0
// Names of hosts: which are names at all, numeric hosts, and what names are completed to.
#include "net/dns/host_name.hpp"

#include "fuzz/target.hpp"

namespace rondo::test {
namespace {

using namespace net::detail;

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

void try_name(std::string_view text) {
    const HostName name = parse_host_name(text);
    RONDO_ASSERT(!name.text.empty() && name.text.size() <= 253, "a name has 1 to 253 letters");
    RONDO_ASSERT(name.text.find_first_not_of(letters) == std::string::npos, "of these only");
    RONDO_ASSERT(name.text.size() + (name.absolute ? 1 : 0) == text.size(), "all of it");
    RONDO_ASSERT(parse_host_name(name.text).text == name.text, "a name is a name again");
    RONDO_ASSERT(!parse_numeric_host(text), "no name is an address");
    std::size_t label = 0;
    for (const char letter : name.text + ".") {
        label = letter == '.' ? 0 : label + 1;
        RONDO_ASSERT(label <= 63, "a label has at most 63 letters");
    }
    const std::vector<std::string> domains{"one.example", std::string(200, 'd'), "Two.Example."};
    for (const unsigned dots : {0U, 1U, 3U}) {
        const std::vector<std::string> names = candidates(name, domains, dots);
        RONDO_ASSERT(std::find(names.begin(), names.end(), name.text) != names.end(), "itself");
        RONDO_ASSERT(!name.absolute || names.size() == 1, "nothing is added after a dot");
        for (const std::string& each : names) {
            RONDO_ASSERT(each.size() <= 253 && !each.ends_with('.'), "each can be asked for");
        }
    }
}

void try_numeric(std::string_view text) {
    const auto address = parse_numeric_host(text);
    if (!address) {
        return;
    }
    RONDO_ASSERT(address->port() == 0, "no port");
    const auto again = parse_numeric_host(address->host());
    RONDO_ASSERT(again && again->host() == address->host(), "its text is one");
    RONDO_ASSERT(text.find('%') != text.npos || *again == *address, "the same, without a zone");
    const std::string reverse = reverse_name(*address);
    RONDO_ASSERT(parse_host_name(reverse).text == reverse, "its reverse name is a name");
    RONDO_ASSERT(
        is_loopback(*address) == (address->host() == "::1" || address->host().starts_with("127.")),
        "of this machine");
}

}  // namespace

void try_input(std::string_view input) {
    if (!refuses([&] { parse_host_name(input); })) {
        try_name(input);
    }
    try_numeric(input);
}

}  // namespace rondo::test
