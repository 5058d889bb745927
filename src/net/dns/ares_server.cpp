// SPDX-License-Identifier: Apache-2.0
#include "net/dns/ares_server.hpp"

#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "rondo/base/error.hpp"

namespace rondo::net::detail {
namespace {

void check(int status, const char* what) {
    if (status != ARES_SUCCESS) {
        const Errc code = status == ARES_ENOMEM ? Errc::exhausted : Errc::unexpected;
        throw Error(code, "resolver", what, ares_strerror(status));
    }
}

void initialize_ares() {
    static const int status = ares_library_init(ARES_LIB_INIT_ALL);
    check(status, "c-ares");
}

Address address_of(const ares_addr_port_node& node) {
    constexpr int usual_port = 53;
    const int port = node.udp_port != 0 ? node.udp_port : usual_port;
    if (node.family == AF_INET6) {
        sockaddr_in6 ipv6{};
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(static_cast<std::uint16_t>(port));
        std::memcpy(&ipv6.sin6_addr, &node.addr.addr6, sizeof ipv6.sin6_addr);
        return *Address::from(reinterpret_cast<const sockaddr*>(&ipv6), sizeof ipv6);
    }
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(static_cast<std::uint16_t>(port));
    ipv4.sin_addr = node.addr.addr4;
    return *Address::from(reinterpret_cast<const sockaddr*>(&ipv4), sizeof ipv4);
}

ares_addr_port_node node_of(const Address& address) noexcept {
    ares_addr_port_node node{};
    node.family = address.family();
    node.udp_port = node.tcp_port = address.port();
    if (address.is_ipv6()) {
        const auto* const ipv6 = reinterpret_cast<const sockaddr_in6*>(address.data());
        std::memcpy(&node.addr.addr6, &ipv6->sin6_addr, sizeof node.addr.addr6);
    } else {
        node.addr.addr4 = reinterpret_cast<const sockaddr_in*>(address.data())->sin_addr;
    }
    return node;
}

NameStatus status_of_ares(int status) noexcept {
    switch (status) {
        case ARES_ENODATA: return NameStatus::no_data;
        case ARES_ENOTFOUND: return NameStatus::no_such_name;
        case ARES_EFORMERR: return NameStatus::not_understood;
        case ARES_ESERVFAIL: return NameStatus::server_failed;
        case ARES_ENOTIMP: return NameStatus::not_implemented;
        case ARES_EREFUSED: return NameStatus::refused;
        case ARES_ETIMEOUT: return NameStatus::timed_out;
        case ARES_EBADNAME:
        case ARES_EBADQUERY: return NameStatus::invalid_name;
        case ARES_ECANCELLED:  // by cancel_starved()
        case ARES_ENOMEM: return NameStatus::no_memory;
        case ARES_SUCCESS:
        case ARES_EBADRESP: return NameStatus::bad_answer;
        default: return NameStatus::no_server;
    }
}

}  // namespace

NameConfig read_name_config() {
    initialize_ares();
    NameConfig config;
    ares_channel channel = nullptr;
    check(ares_init(&channel), "/etc/resolv.conf");
    ares_addr_port_node* servers = nullptr;
    if (ares_get_servers_ports(channel, &servers) == ARES_SUCCESS) {
        for (const ares_addr_port_node* node = servers; node != nullptr; node = node->next) {
            config.servers.push_back(address_of(*node));
        }
        ares_free_data(servers);
    }
    ares_options options{};
    int mask = 0;
    if (ares_save_options(channel, &options, &mask) == ARES_SUCCESS) {
        config.domains.assign(options.domains, options.domains + options.ndomains);
        config.ndots = static_cast<unsigned>(std::max(options.ndots, 0));
        config.rotate = (mask & ARES_OPT_ROTATE) != 0;
        ares_destroy_options(&options);
    }
    ares_destroy(channel);
    return config;
}

NameAnswer answer_of(int status, std::span<const std::byte> message, const Question& question) {
    switch (status) {
        case ARES_SUCCESS:
        case ARES_ENODATA:
        case ARES_ENOTFOUND:
        case ARES_EFORMERR:
        case ARES_ESERVFAIL:
        case ARES_ENOTIMP:
        case ARES_EREFUSED:
            if (!message.empty()) {
                return parse_answer(message, question);
            }
            break;
        default: break;
    }
    NameAnswer answer;
    answer.status = status_of_ares(status);
    return answer;
}

AresServer::AresServer(rondo::detail::ForeignSockets& sockets, const Address& address,
                       Duration timeout)
    : sockets_(sockets) {
    initialize_ares();
    constexpr int receive_buffer = 1 << 20;  // many short answers come at once
    char lookups[] = "b";
    char no_file[] = "/dev/null";
    ares_options options{};
    options.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH;
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    options.timeout = static_cast<int>(std::clamp<std::int64_t>(milliseconds, 1, 3'600'000));
    options.tries = 1;
    options.lookups = lookups;
    options.resolvconf_path = no_file;
    options.sock_state_cb = &AresServer::on_socket;
    options.sock_state_cb_data = this;
    options.socket_receive_buffer_size = receive_buffer;
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                     ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB | ARES_OPT_SOCK_RCVBUF |
                     ARES_OPT_DOMAINS;
    check(ares_init_options(&channel_, &options, mask), "c-ares");
    ares_addr_port_node node = node_of(address);
    const int status = ares_set_servers_ports(channel_, &node);
    if (status != ARES_SUCCESS) {
        ares_destroy(channel_);
        check(status, "name servers");
    }
}

AresServer::~AresServer() { ares_destroy(channel_); }

void AresServer::ask(const Question& question, ares_callback callback, void* argument) noexcept {
    constexpr int class_internet = 1;
    ares_query(channel_, question.name.c_str(), class_internet, static_cast<int>(question.type),
               callback, argument);
}

void AresServer::cancel_starved() noexcept {
    if (std::exchange(starved_, false)) {
        ares_cancel(channel_);
    }
}

void AresServer::process(int fd, unsigned events) noexcept {
    using Sockets = rondo::detail::ForeignSockets;
    const bool broken = (events & Sockets::failed) != 0;
    const bool in = broken || (events & Sockets::readable) != 0;
    const bool out = broken || (events & Sockets::writable) != 0;
    ares_process_fd(channel_, in ? fd : ARES_SOCKET_BAD, out ? fd : ARES_SOCKET_BAD);
}

void AresServer::process_timeouts() noexcept {
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

std::int64_t AresServer::next_timeout() const noexcept {
    timeval left{};
    if (ares_timeout(channel_, nullptr, &left) == nullptr) {
        return -1;
    }
    return std::int64_t{left.tv_sec} * 1'000'000'000 + std::int64_t{left.tv_usec} * 1'000;
}

void AresServer::on_socket(void* self, ares_socket_t fd, int readable, int writable) {
    auto& server = *static_cast<AresServer*>(self);
    rondo::detail::ForeignSocket* const known = server.sockets_.find(fd);
    if (readable != 0 || writable != 0) {
        if (server.sockets_.want(known, fd, readable != 0, writable != 0, self) == nullptr) {
            server.starved_ = true;
        }
    } else if (known != nullptr) {
        server.sockets_.remove(*known);
    }
}

}  // namespace rondo::net::detail
