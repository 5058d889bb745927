// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/connect.hpp"

#include <utility>

#include "net/connect_race.hpp"
#include "net/dns/address_order.hpp"
#include "rondo/loop/timeout.hpp"

namespace rondo::net {
namespace {

Family family_of(const ConnectOptions& options) noexcept {
    if (!options.local) {
        return options.family;
    }
    return options.local->is_ipv6() ? Family::ipv6 : Family::ipv4;
}

// From one port, attempts beside each other would fail because it is taken.
detail::ConnectRace::Delays delays_of(const ConnectOptions& options) noexcept {
    const bool one_by_one = options.local && options.local->port() != 0;
    return {one_by_one ? Duration::max() : options.attempt_delay, options.resolution_delay};
}

std::string target_of(const std::string& host, std::uint16_t port) {
    const bool bare_ipv6 = host.find(':') != host.npos && !host.starts_with('[');
    return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

class HostRace final : public detail::ConnectRace {
public:
    HostRace(std::string host, std::uint16_t port, const ConnectOptions& options)
        : ConnectRace(target_of(host, port), family_of(options), delays_of(options)),
          host_(std::move(host)),
          port_(port),
          options_(options),
          state_((options.resolver != nullptr ? *options.resolver : resolver()).state()) {}

private:
    Task<> find_addresses(detail::Arrivals& to) override {
        return detail::look_up(state_, host_, family_of(options_), to);
    }

    Task<TcpStream> attempt(Address address) override {
        auto connecting = options_.local ? TcpStream::connect(address, *options_.local)
                                         : TcpStream::connect(address);
        if (!options_.attempt_timeout) {
            TcpStream stream = co_await std::move(connecting);
            co_return stream;
        }
        TcpStream stream = co_await timeout(*options_.attempt_timeout, std::move(connecting));
        co_return stream;
    }

    std::vector<Address> in_order(std::vector<Address> addresses) override {
        for (Address& address : addresses) {
            address = address.with_port(port_);
        }
        return detail::in_order(std::move(addresses), state_->loop().driver());
    }

    const std::string host_;
    const std::uint16_t port_;
    const ConnectOptions options_;
    std::shared_ptr<detail::ResolverState> state_;
};

}  // namespace

Task<TcpStream> connect(std::string host, std::uint16_t port, ConnectOptions options) {
    HostRace race(std::move(host), port, options);
    TcpStream stream = co_await race.run();
    co_return stream;
}

}  // namespace rondo::net
