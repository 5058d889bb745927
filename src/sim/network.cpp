// SPDX-License-Identifier: Apache-2.0
#include "rondo/sim/network.hpp"

#include "rondo/base/error.hpp"
#include "rondo/coro/context_var.hpp"
#include "rondo/loop/event_loop.hpp"
#include "sim/sim_driver.hpp"
#include "sim/sim_home.hpp"

namespace rondo::detail {
namespace {

constexpr char home_key = 0;

}  // namespace

const SimHost* home_of_task() noexcept {
    return static_cast<const SimHost*>(Context::find(&home_key));
}

}  // namespace rondo::detail

namespace rondo::sim {

using rondo::detail::SimHost;
using HostState = rondo::detail::SimLinks::HostState;

namespace {

SimHost host_of(std::string_view text) {
    if (const auto host = SimHost::parse(text)) {
        return *host;
    }
    throw Error(Errc::invalid, "host", text, "not a numeric address");
}

[[noreturn]] void refuse_descriptor(const char* operation, int descriptor) {
    throw Error(Errc::closed, operation, std::to_string(descriptor),
                "not a simulated TCP connection");
}

}  // namespace

std::string_view to_string(Call call) noexcept {
    static constexpr std::string_view names[calls_count] = {
        "socket",  "listen",      "connect",    "connect_result", "accept",
        "receive", "send",        "read",       "write",          "shutdown",
        "close",   "socket_name", "set_option", "socket_pair",    "make_pipe",
    };
    const auto which = static_cast<std::size_t>(call);
    return which < calls_count ? names[which] : "?";
}

Network network() {
    EventLoop* const loop = rondo::detail::local.loop;
    auto* const driver =
        loop != nullptr ? dynamic_cast<rondo::detail::SimDriver*>(&loop->driver()) : nullptr;
    if (driver == nullptr) {
        throw Error(Errc::not_supported, "sim::network", {}, "this loop is no simulation");
    }
    return Network(driver->network());
}

void Network::add_host(std::string_view host) { network_->links().add_host(host_of(host)); }

void Network::set_link(std::string_view from, std::string_view to, const Link& link) {
    network_->links().set(host_of(from), host_of(to), link);
}

void Network::set_links(std::string_view a, std::string_view b, const Link& link) {
    set_link(a, b, link);
    set_link(b, a, link);
}

void Network::set_all_links(const Link& link) { network_->links().set_all(link); }

void Network::partition(std::string_view a, std::string_view b) {
    partition_one_way(a, b);
    partition_one_way(b, a);
}

void Network::partition_one_way(std::string_view from, std::string_view to) {
    network_->partition(host_of(from), host_of(to));
}

void Network::heal(std::string_view a, std::string_view b) {
    network_->heal(host_of(a), host_of(b));
    network_->heal(host_of(b), host_of(a));
}

void Network::heal() { network_->heal_all(); }

void Network::clog(std::string_view from, std::string_view to) {
    network_->clog(host_of(from), host_of(to));
}

void Network::unclog(std::string_view from, std::string_view to) {
    network_->unclog(host_of(from), host_of(to));
}

void Network::refuse(std::string_view host) {
    network_->set_state(host_of(host), HostState::refusing);
}

void Network::make_unreachable(std::string_view host) {
    network_->set_state(host_of(host), HostState::unreachable);
}

void Network::vanish(std::string_view host) {
    network_->set_state(host_of(host), HostState::vanished);
}

void Network::restore(std::string_view host) {
    network_->set_state(host_of(host), HostState::well);
}

void Network::reset(int descriptor) {
    if (!network_->break_connection(descriptor)) {
        refuse_descriptor("reset", descriptor);
    }
}

void Network::vanish(int descriptor) {
    if (!network_->silence_connection(descriptor)) {
        refuse_descriptor("vanish", descriptor);
    }
}

void Network::fail(Call call, std::uint64_t number, int error) {
    network_->calls().fail(call, number, error);
}

std::uint64_t Network::count(Call call) const noexcept { return network_->calls().count(call); }

namespace detail {

OnHost::OnHost(std::string_view host)
    : before_(rondo::detail::Context::bind(&rondo::detail::home_key,
                                           std::make_shared<const SimHost>(host_of(host)))) {}

OnHost::~OnHost() { rondo::detail::Context::bind(&rondo::detail::home_key, std::move(before_)); }

}  // namespace detail
}  // namespace rondo::sim
