// SPDX-License-Identifier: Apache-2.0
/// How the simulated network is when a run begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rondo/base/time.hpp"

namespace rondo::sim {

/// How what TCP sends travels from one host to another: one direction. Connections keep their order
/// whatever the draws say.
struct Link {
    Duration latency{0};          ///< of each segment
    Duration jitter{0};           ///< up to so much more, drawn for each segment
    Duration tail{0};             ///< one segment in a thousand takes up to so much more
    std::uint64_t bandwidth = 0;  ///< bytes per second, for all connections; 0: without limit
    /// Of a million segments. TCP sends a lost one again after 200 ms, and again.
    std::uint32_t loss = 0;

    Link() noexcept {}
    explicit Link(Duration its_latency, std::uint64_t its_bandwidth = 0) noexcept
        : latency(its_latency), bandwidth(its_bandwidth) {}
};

/// The calls that a program makes to the network, by way of its streams and listeners.
enum class Call : std::uint8_t {
    socket,
    listen,
    connect,
    connect_result,  ///< how a connect that had to wait is asked for its end
    accept,
    receive,
    send,
    read,   ///< of a pipe
    write,  ///< of a pipe
    shutdown,
    close,  ///< the descriptor is closed even if it fails
    socket_name,
    set_option,
    socket_pair,
    make_pipe,
};
inline constexpr std::size_t calls_count = static_cast<std::size_t>(Call::make_pipe) + 1;

/// "send" for Call::send.
std::string_view to_string(Call call) noexcept;

/// The `number`th call of a kind, from 1, has no effect but to fail.
struct FailingCall {
    Call call;
    std::uint64_t number;
    int error;  ///< an errno
};

/// What reads and writes move of what they could.
enum class ShortIo : std::uint8_t { off, one_byte, all_but_one };

struct NetworkOptions {
    /// Each link that is not set otherwise, also between a host and itself.
    Link link;
    /// Bytes under way to a socket or waiting there; then its peer waits. 1 at least.
    std::size_t buffer = std::size_t{64} * 1024;
    ShortIo short_io = ShortIo::off;
    /// Open at once in the whole run; then calls end with EMFILE.
    std::size_t descriptors_max = std::size_t{1} << 20;
    /// That a host has for its own connects, 16384 at most; then they end with EADDRNOTAVAIL.
    std::size_t ports = 16384;
    std::vector<FailingCall> failing;

    NetworkOptions() noexcept {}
};

}  // namespace rondo::sim
