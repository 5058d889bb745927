// SPDX-License-Identifier: Apache-2.0
// The sessions that a client may resume.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tls/openssl.hpp"

namespace rondo::tls::detail {

/// By host, the least recently used host is forgotten first. Thread-safe.
class SessionCache {
public:
    explicit SessionCache(std::size_t hosts_max) : hosts_max_(hosts_max) {}

    void put(const std::string& host, Session session);
    /// A session that may be resumed, or null. A ticket of TLS 1.3 is given once, so that two
    /// connections cannot be told to be of one client.
    Session take(const std::string& host);

    std::size_t size() const;

private:
    static constexpr std::size_t sessions_per_host = 4;

    struct Host {
        std::string name;
        std::vector<Session> sessions;  ///< the newest last
    };

    mutable std::mutex mutex_;
    std::size_t hosts_max_;
    std::list<Host> hosts_;  ///< the last used first
    std::unordered_map<std::string, std::list<Host>::iterator> by_name_;
};

}  // namespace rondo::tls::detail
