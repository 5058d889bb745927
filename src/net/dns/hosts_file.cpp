// SPDX-License-Identifier: Apache-2.0
#include "net/dns/hosts_file.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/small_file.hpp"
#include "net/dns/host_name.hpp"
#include "rondo/base/error.hpp"

namespace rondo::net::detail {
namespace {

constexpr std::string_view blanks = " \t\r\f\v";

/// The next word of `line`, which loses it; empty at the end.
std::string_view take_word(std::string_view& line) {
    const std::size_t begin = std::min(line.find_first_not_of(blanks), line.size());
    const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
    const std::string_view word = line.substr(begin, end - begin);
    line.remove_prefix(end);
    return word;
}

std::string name_from(std::string_view word) {
    if (word.size() > 1 && word.ends_with('.')) {
        word.remove_suffix(1);
    }
    std::string name(word);
    std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
    return name;
}

}  // namespace

HostsTable::HostsTable(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        add_line(line.substr(0, line.find('#')));
    }
}

void HostsTable::add_line(std::string_view line) {
    const auto address = parse_numeric_host(take_word(line));
    if (!address) {
        return;
    }
    for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
        const std::string name = name_from(word);
        std::vector<Address>& known = addresses_[name];
        if (std::find(known.begin(), known.end(), *address) == known.end()) {
            known.push_back(*address);
        }
        names_.emplace(address->host(), name);
    }
}

const std::vector<Address>& HostsTable::find(const std::string& name) const {
    static const std::vector<Address> none;
    const auto found = addresses_.find(name);
    return found != addresses_.end() ? found->second : none;
}

std::string HostsTable::name_of(const Address& address) const {
    const auto found = names_.find(address.host());
    return found != names_.end() ? found->second : std::string();
}

bool HostsFile::is_fresh(TimePoint now) const noexcept {
    constexpr Duration between_looks = std::chrono::seconds(5);
    return path_.empty() || (looked_at_ && now - *looked_at_ < between_looks);
}

const HostsTable& HostsFile::table(TimePoint now) {
    if (is_fresh(now)) {
        return table_;
    }
    looked_at_ = now;
    const std::uint64_t stamp = rondo::detail::file_stamp(path_);
    if (stamp != stamp_) {
        int error = 0;
        const std::optional<std::string> text = rondo::detail::read_small_file(path_, &error);
        if (!text && errc_of(error) == Errc::exhausted) {
            looked_at_.reset();  // no descriptor was left: the next one looks again
            return table_;
        }
        stamp_ = stamp;
        table_ = HostsTable(text.value_or(std::string()));
    }
    return table_;
}

}  // namespace rondo::net::detail
