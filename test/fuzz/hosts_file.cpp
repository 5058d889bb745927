// SPDX-License-Identifier: Apache-2.0
// /etc/hosts, against a reader that takes it apart word by word.
#include "net/dns/hosts_file.hpp"

#include <sstream>

#include "fuzz/target.hpp"
#include "net/dns/host_name.hpp"

namespace rondo::test {
namespace {

using net::Address;
using net::detail::HostsTable;

std::string in_lower_case(std::string word) {
    for (char& letter : word) {
        letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
    }
    if (word.size() > 1 && word.ends_with('.')) {
        word.pop_back();
    }
    return word;
}

}  // namespace

void try_input(std::string_view input) {
    const HostsTable table(input);
    std::istringstream file{std::string(input)};
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string word;
        words >> word;
        const auto address = net::detail::parse_numeric_host(word);
        std::string first;
        while (address && words >> word) {
            const std::string name = in_lower_case(word);
            const std::vector<Address>& known = table.find(name);
            RONDO_ASSERT(std::count(known.begin(), known.end(), *address) == 1,
                         "each name has each of its addresses once");
            first = first.empty() ? name : first;
        }
        RONDO_ASSERT(first.empty() || !table.name_of(*address).empty(), "an address has a name");
    }
    RONDO_ASSERT(table.find("").empty(), "nothing is no name");
}

}  // namespace rondo::test
