// SPDX-License-Identifier: Apache-2.0
/// What a Resolver is made of: hosts file, cache, and questions on their way.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/dns/ares_server.hpp"
#include "net/dns/cache.hpp"
#include "net/dns/flights.hpp"
#include "net/dns/host_name.hpp"
#include "net/dns/hosts_file.hpp"
#include "rondo/coro/task.hpp"
#include "rondo/net/resolver.hpp"

namespace rondo::net::detail {

class AresFlights;

class ResolverState {
public:
    explicit ResolverState(ResolverOptions options);
    ResolverState(const ResolverState&) = delete;
    ResolverState& operator=(const ResolverState&) = delete;

    EventLoop& loop() noexcept { return loop_; }
    void require_this_loop() const noexcept;

    /// The answer to one question: from the cache, or from whoever is asked.
    Task<AnswerPtr> ask(Question question);
    /// The names that are asked for, one after the other, when `host` is looked up.
    std::vector<std::string> names_for(const HostName& host);
    const HostsTable& hosts();

    Cache& cache() noexcept { return cache_; }
    std::size_t questions() const noexcept { return flights_->size(); }

private:
    void refresh_config();

    EventLoop& loop_;
    const ResolverOptions options_;
    Cache cache_;
    HostsFile hosts_;
    AresFlights* ares_ = nullptr;  ///< null in a simulation
    std::unique_ptr<Flights> flights_;
    NameConfig config_;
    std::optional<std::uint64_t> config_stamp_;  ///< of the file that config_ is from
    std::optional<TimePoint> config_looked_at_;
};

/// The Error of an answer that is none. `what` was asked for: "host", "SRV record".
[[noreturn]] void throw_answer(NameStatus status, std::string_view name, std::string_view what);

}  // namespace rondo::net::detail
