// SPDX-License-Identifier: Apache-2.0
/// /etc/hosts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rondo/base/time.hpp"
#include "rondo/net/address.hpp"

namespace rondo::net::detail {

/// The names of a hosts file, as hosts(5) has them; lines that are none are passed over.
class HostsTable {
public:
    HostsTable() = default;
    explicit HostsTable(std::string_view text);

    /// With port 0, in the order of the file; empty when the name is not there.
    const std::vector<Address>& find(const std::string& name) const;
    /// The first name of an address; empty when it is not there.
    std::string name_of(const Address& address) const;

private:
    void add_line(std::string_view line);

    std::unordered_map<std::string, std::vector<Address>> addresses_;
    std::unordered_map<std::string, std::string> names_;
};

/// A hosts file that is read when it is first needed, and again when it has changed; looked at
/// every five seconds at most.
class HostsFile {
public:
    /// An empty path: no file, and no names.
    explicit HostsFile(std::string path) : path_(std::move(path)) {}

    /// False: table() will look at the file.
    bool is_fresh(TimePoint now) const noexcept;
    const HostsTable& table(TimePoint now);

private:
    std::string path_;
    HostsTable table_;
    std::uint64_t stamp_ = 0;
    std::optional<TimePoint> looked_at_;
};

}  // namespace rondo::net::detail
