// SPDX-License-Identifier: Apache-2.0
#include "tls/session_cache.hpp"

#include <utility>

namespace rondo::tls::detail {

namespace {

/// A session outlives neither itself nor the certificate that it vouches for.
bool is_usable(SSL_SESSION* session) noexcept {
    X509* const peer = SSL_SESSION_get0_peer(session);
    return SSL_SESSION_is_resumable(session) == 1 &&
           (peer == nullptr || X509_cmp_current_time(X509_get0_notAfter(peer)) > 0);
}

}  // namespace

void SessionCache::put(const std::string& host, Session session) {
    const std::lock_guard lock(mutex_);
    auto found = by_name_.find(host);
    if (found == by_name_.end()) {
        if (hosts_.size() >= hosts_max_) {
            by_name_.erase(hosts_.back().name);
            hosts_.pop_back();
        }
        hosts_.push_front(Host{host, {}});
        found = by_name_.emplace(host, hosts_.begin()).first;
    } else {
        hosts_.splice(hosts_.begin(), hosts_, found->second);
    }
    std::vector<Session>& sessions = found->second->sessions;
    if (sessions.size() >= sessions_per_host) {
        sessions.erase(sessions.begin());
    }
    sessions.push_back(std::move(session));
}

Session SessionCache::take(const std::string& host) {
    const std::lock_guard lock(mutex_);
    const auto found = by_name_.find(host);
    if (found == by_name_.end()) {
        return nullptr;
    }
    hosts_.splice(hosts_.begin(), hosts_, found->second);
    std::vector<Session>& sessions = found->second->sessions;
    while (!sessions.empty()) {
        if (is_usable(sessions.back().get())) {
            if (SSL_SESSION_get_protocol_version(sessions.back().get()) < TLS1_3_VERSION) {
                return Session(SSL_SESSION_dup(sessions.back().get()));
            }
            Session session = std::move(sessions.back());
            sessions.pop_back();
            return session;
        }
        sessions.pop_back();
    }
    hosts_.pop_front();
    by_name_.erase(found);
    return nullptr;
}

std::size_t SessionCache::size() const {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (const Host& host : hosts_) {
        count += host.sessions.size();
    }
    return count;
}

}  // namespace rondo::tls::detail
