// SPDX-License-Identifier: Apache-2.0
/// A name server on a thread of its own, by UDP and TCP, that answers as a test wants it to.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/dns_message.hpp"
#include "rondo/net/address.hpp"

namespace rondo::test {

class DnsServer {
public:
    /// The messages that are sent back: none, one, or several. Called on the server's thread.
    using Handler = std::function<std::vector<std::string>(const DnsQuery&)>;

    explicit DnsServer(Handler handler) : handler_(std::move(handler)) {
        open_both();
        thread_ = std::thread([this] { serve(); });
    }
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;
    ~DnsServer() {
        eventfd_write(stop_, 1);
        thread_.join();
        for (const int fd : {udp_, other_, tcp_, stop_}) {
            ::close(fd);
        }
        for (const auto& [fd, bytes] : peers_) {
            ::close(fd);
        }
    }

    net::Address address() const { return net::Address::loopback(port_); }
    /// Questions that came so far.
    int asked() const { return asked_; }
    int asked_by_tcp() const { return asked_by_tcp_; }
    std::vector<std::string> names() {
        const std::lock_guard lock(mutex_);
        return names_;
    }
    /// Waits until every TCP connection was closed by its client, two seconds at most.
    bool saw_all_leave() {
        for (int i = 0; i < 200; ++i) {
            if (open_peers_ == 0) {
                return true;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return false;
    }
    /// Answers of UDP leave from another port than they should.
    void answer_from_elsewhere() { from_elsewhere_ = true; }
    /// TCP connections are closed instead of answered.
    void close_tcp() { closes_tcp_ = true; }

private:
    static int bound(int type, std::uint16_t port) {
        const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd);
            return -1;
        }
        return fd;
    }

    // One port for both.
    void open_both() {
        for (tcp_ = -1; tcp_ < 0;) {
            udp_ = bound(SOCK_DGRAM, 0);
            sockaddr_in address{};
            socklen_t length = sizeof address;
            ::getsockname(udp_, reinterpret_cast<sockaddr*>(&address), &length);
            port_ = ntohs(address.sin_port);
            tcp_ = bound(SOCK_STREAM, port_);
            if (tcp_ < 0) {
                ::close(udp_);
            }
        }
        const int room = 4 << 20;
        ::setsockopt(udp_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        ::listen(tcp_, 64);
        other_ = bound(SOCK_DGRAM, 0);
        stop_ = ::eventfd(0, EFD_CLOEXEC);
    }

    void serve() {
        for (;;) {
            std::vector<pollfd> polls{{stop_, POLLIN, 0}, {udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
            for (const auto& [fd, bytes] : peers_) {
                polls.push_back({fd, POLLIN, 0});
            }
            ::poll(polls.data(), polls.size(), -1);
            if (polls[0].revents != 0) {
                return;
            }
            if (polls[1].revents != 0) {
                serve_udp();
            }
            if (polls[2].revents != 0) {
                const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
                closes_tcp_ ? static_cast<void>(::close(fd)) : static_cast<void>(peers_[fd]);
            }
            for (std::size_t i = 3; i < polls.size(); ++i) {
                if (polls[i].revents != 0) {
                    serve_tcp(polls[i].fd);
                }
            }
            open_peers_ = peers_.size();
        }
    }

    std::vector<std::string> answers(std::string_view message, bool tcp) {
        DnsQuery query = DnsQuery::parse(message);
        query.tcp = tcp;
        ++asked_;
        asked_by_tcp_ += tcp ? 1 : 0;
        {
            const std::lock_guard lock(mutex_);
            names_.push_back(query.name);
        }
        return handler_(query);
    }

    void serve_udp() {
        char buffer[4096];
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        auto* const name = reinterpret_cast<sockaddr*>(&peer);
        const ssize_t got = ::recvfrom(udp_, buffer, sizeof buffer, 0, name, &length);
        if (got < 17) {
            return;
        }
        for (const std::string& answer :
             answers(std::string_view(buffer, static_cast<std::size_t>(got)), false)) {
            const int from = from_elsewhere_ ? other_ : udp_;
            ::sendto(from, answer.data(), answer.size(), 0, name, length);
        }
    }

    void serve_tcp(int fd) {
        char buffer[4096];
        const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) {
            ::close(fd);
            peers_.erase(fd);
            return;
        }
        std::string& bytes = peers_[fd];
        bytes.append(buffer, static_cast<std::size_t>(got));
        while (bytes.size() >= 2) {
            const std::size_t size =
                static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1]);
            if (bytes.size() < size + 2) {
                return;
            }
            for (const std::string& answer :
                 answers(std::string_view(bytes).substr(2, size), true)) {
                std::string framed;
                add_two(framed, static_cast<unsigned>(answer.size()));
                framed += answer;
                ::send(fd, framed.data(), framed.size(), MSG_NOSIGNAL);
            }
            bytes.erase(0, size + 2);
        }
    }

    Handler handler_;
    std::uint16_t port_ = 0;
    int udp_ = -1;
    int tcp_ = -1;
    int other_ = -1;
    int stop_ = -1;
    std::map<int, std::string> peers_;  ///< of TCP, and what they sent
    std::atomic<std::size_t> open_peers_{0};
    std::atomic<int> asked_{0};
    std::atomic<int> asked_by_tcp_{0};
    std::atomic<bool> from_elsewhere_{false};
    std::atomic<bool> closes_tcp_{false};
    std::mutex mutex_;
    std::vector<std::string> names_;
    std::thread thread_;
};

}  // namespace rondo::test
