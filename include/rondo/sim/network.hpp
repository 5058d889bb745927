// SPDX-License-Identifier: Apache-2.0
/// The network of the running simulation: its hosts and links, and what goes wrong in it.
///
/// Hosts are addresses: 127.0.0.1, 127.0.0.2, each private address (10.0.0.1, 192.168.1.7,
/// fd00::1), and what add_host() adds. All listen where their address is listened at; connects come
/// from 127.0.0.1 (::1), or from the host on which a task runs: see on_host(). Unix sockets and
/// pipes have no host and no latency.
///
/// What is done here is part of the run, and so of its trace: a recipe repeats it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/coro/task.hpp"
#include "rondo/sim/network_options.hpp"

namespace rondo::detail {
class SimNetwork;
}  // namespace rondo::detail

namespace rondo::sim {

/// A handle to the network of the running simulation; use it no longer than the run.
///
/// Errors: Error (invalid) when a host is no numeric address; Error (closed) when a descriptor is
/// no connection's.
class Network {
public:
    /// Makes a host of an address that is none by itself, a public one for example.
    void add_host(std::string_view host);

    /// One direction. Holds for what is sent from now on.
    void set_link(std::string_view from, std::string_view to, const Link& link);
    /// Both directions.
    void set_links(std::string_view a, std::string_view b, const Link& link);
    /// All links that were not set.
    void set_all_links(const Link& link);

    /// Cuts both directions: what is sent is lost. TCP sends it again, after 200 ms, 400 ms and so
    /// on up to two minutes. A connection that has sent what nobody confirms, or whose writer waits
    /// for room, ends with ETIMEDOUT after 924.6 s, or after what the option TCP_USER_TIMEOUT says;
    /// one that awaits nothing does so by SO_KEEPALIVE, if it is on. A connect tries again after 1,
    /// 3, 7, 15, 31 and 63 s, and ends with ETIMEDOUT after 127 s.
    void partition(std::string_view a, std::string_view b);
    void partition_one_way(std::string_view from, std::string_view to);
    void heal(std::string_view a, std::string_view b);
    /// Heals all partitions, also those that were drawn.
    void heal();

    /// What is sent from now on waits, and is not lost.
    void clog(std::string_view from, std::string_view to);
    /// What has waited departs now.
    void unclog(std::string_view from, std::string_view to);

    /// Connects to `host` are refused, whoever listens there.
    void refuse(std::string_view host);
    /// Connects to `host` end with EHOSTUNREACH.
    void make_unreachable(std::string_view host);
    /// All that is sent to `host` or by it is lost, as when its cable is pulled.
    void vanish(std::string_view host);
    /// Ends the three above.
    void restore(std::string_view host);

    /// The connection of `descriptor` (see TcpStream::descriptor()) is reset, for both ends.
    void reset(int descriptor);
    /// It falls silent for ever: what both ends send is lost, and so is that they close it.
    void vanish(int descriptor);

    /// The `number`th call of this kind from now, 1 is the next, has no effect but to fail.
    void fail(Call call, std::uint64_t number, int error);
    /// How often it was made so far.
    std::uint64_t count(Call call) const noexcept;

private:
    friend Network network();
    explicit Network(rondo::detail::SimNetwork& network) noexcept : network_(&network) {}

    rondo::detail::SimNetwork* network_;
};

/// Errors: Error (not_supported) when the running loop is no simulation.
Network network();

namespace detail {

/// As long as it lives, the current task runs on a host.
class OnHost {
public:
    explicit OnHost(std::string_view host);
    OnHost(const OnHost&) = delete;
    OnHost& operator=(const OnHost&) = delete;
    ~OnHost();

private:
    std::shared_ptr<const void> before_;
};

}  // namespace detail

/// Runs `task` on `host`, with all that it starts: its connects come from there, and where it
/// listens on all addresses (0.0.0.0, ::) it listens there.
///
/// Errors: Error (invalid) when `host` is no numeric address; and the task's.
template <class T>
Task<T> on_host(std::string host, Task<T> task) {
    const detail::OnHost here(host);
    if constexpr (std::is_void_v<T>) {
        co_await std::move(task);
    } else {
        T value = co_await std::move(task);
        co_return value;
    }
}

}  // namespace rondo::sim
