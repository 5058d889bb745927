// SPDX-License-Identifier: Apache-2.0
/// One name server, as c-ares talks to it: ids, UDP, TCP for long answers, one timeout.
///
/// Which server is asked when, and when to give up, decides AresFlights: c-ares by itself does not
/// tell a server that refuses from one that is not there.
#pragma once

#include <ares.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "loop/foreign_sockets.hpp"
#include "net/dns/message.hpp"
#include "rondo/base/time.hpp"
#include "rondo/net/address.hpp"

namespace rondo::net::detail {

/// What the system says about names.
struct NameConfig {
    std::vector<Address> servers;
    std::vector<std::string> domains;
    unsigned ndots = 1;
    bool rotate = false;
};

/// As /etc/resolv.conf has it.
///
/// Errors: Error when c-ares cannot begin.
NameConfig read_name_config();

/// What c-ares reports about a question: its status, and the message if there is one.
NameAnswer answer_of(int status, std::span<const std::byte> message, const Question& question);

class AresServer {
public:
    /// Its sockets are polled by `sockets`, with this as their context.
    AresServer(rondo::detail::ForeignSockets& sockets, const Address& address, Duration timeout);
    AresServer(const AresServer&) = delete;
    AresServer& operator=(const AresServer&) = delete;
    ~AresServer();

    /// `callback` is called once, perhaps before this returns.
    void ask(const Question& question, ares_callback callback, void* argument) noexcept;
    /// Something happened on a socket.
    void process(int fd, unsigned events) noexcept;
    void process_timeouts() noexcept;
    /// All questions end, with ARES_ECANCELLED, and the sockets are closed.
    void cancel_all() noexcept { ares_cancel(channel_); }
    /// The same, if one of its sockets cannot be polled for want of memory.
    void cancel_starved() noexcept;
    /// Until time must be told of; -1: nothing is on its way.
    std::int64_t next_timeout() const noexcept;

private:
    static void on_socket(void* self, ares_socket_t fd, int readable, int writable);

    rondo::detail::ForeignSockets& sockets_;
    ares_channel channel_ = nullptr;
    bool starved_ = false;
};

}  // namespace rondo::net::detail
