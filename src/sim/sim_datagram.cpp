// SPDX-License-Identifier: Apache-2.0
// Messages: UDP, whose datagrams vanish when nobody has room for them, and Unix datagrams, whose
// senders wait. A UDP datagram to a port where nobody listens comes back as an error, once, to a
// sender that is connected to it.
#include "sim/sim_datagram.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "sim/sim_network.hpp"

namespace rondo::detail {
namespace {

constexpr int first_udp_port = 40000;
constexpr int udp_ports = 65536 - first_udp_port;

std::string gather_bytes(const msghdr& message) {
    std::string bytes;
    for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
        const iovec& part = message.msg_iov[i];
        bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
    }
    return bytes;
}

// How many bytes fitted.
std::size_t scatter_bytes(const msghdr& message, const std::string& bytes) noexcept {
    std::size_t done = 0;
    for (std::size_t i = 0; i < message.msg_iovlen && done < bytes.size(); ++i) {
        const iovec& part = message.msg_iov[i];
        const std::size_t count = std::min(part.iov_len, bytes.size() - done);
        std::memcpy(part.iov_base, bytes.data() + done, count);
        done += count;
    }
    return done;
}

const iovec* first_part(const msghdr& message) noexcept {
    const std::span<const iovec> parts(message.msg_iov, message.msg_iovlen);
    const auto part = std::ranges::find_if(parts, [](const iovec& one) { return one.iov_len > 0; });
    return part != parts.end() ? &*part : nullptr;
}

// Where a datagram to `remote` comes from, of a socket that nobody bound.
SimHost own_host_for(const SimAddress& remote) noexcept {
    return remote.host.is_broadcast() ? SimHost::loopback(AF_INET) : remote.host;
}

}  // namespace

int SimNetwork::receive_message(int fd, msghdr* message) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::receive, "receive_message", fd); error != 0) {
        return error;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (socket->datagrams != nullptr) {
        return seen("receive_message", fd, take_datagram(*socket, *message));
    }
    message->msg_flags = 0;
    message->msg_controllen = 0;
    message->msg_namelen = 0;
    const iovec* const part = first_part(*message);
    const int result =
        part == nullptr ? 0
                        : take(*socket, part->iov_base, static_cast<std::uint32_t>(part->iov_len));
    return seen("receive_message", fd, result);
}

int SimNetwork::take_datagram(SimSocket& socket, msghdr& message) {
    if (socket.error != 0) {
        return -std::exchange(socket.error, 0);
    }
    if (socket.datagrams->empty()) {
        return socket.input_ended ? 0 : -EAGAIN;
    }
    if (lies(16)) {
        raise(socket);
        return -EAGAIN;
    }
    const SimDatagrams::Datagram datagram = socket.datagrams->pop();
    const std::size_t taken = scatter_bytes(message, datagram.bytes);
    message.msg_flags = taken < datagram.bytes.size() ? MSG_TRUNC : 0;
    message.msg_controllen = 0;
    if (message.msg_name != nullptr) {
        std::uint32_t length = message.msg_namelen;
        datagram.from.write_to(static_cast<sockaddr*>(message.msg_name), &length);
        message.msg_namelen = length;
    }
    if (socket.family == AF_UNIX) {
        wake_datagram_senders();
    }
    return static_cast<int>(taken);
}

// Which of them waits for this receiver is not known: the others find out.
void SimNetwork::wake_datagram_senders() noexcept {
    for (const auto& sender : sockets_) {
        if (sender != nullptr && sender->datagrams != nullptr &&
            std::exchange(sender->wants_room, false)) {
            raise(*sender);
        }
    }
}

int SimNetwork::send_message(int fd, const msghdr* message) noexcept {
    SimSocket* socket = find(fd);
    if (socket == nullptr) {
        return -EBADF;
    }
    if (const int error = enter(sim::Call::send, "send_message", fd); error != 0) {
        return error;
    }
    if (socket->is_pipe) {
        return -ENOTSOCK;
    }
    if (message->msg_controllen > 0) {
        return -EOPNOTSUPP;
    }
    if (socket->datagrams != nullptr) {
        return seen("send_message", fd, put_datagram(*socket, *message));
    }
    const iovec* const part = first_part(*message);
    const int result =
        part == nullptr ? 0
                        : put(*socket, part->iov_base, static_cast<std::uint32_t>(part->iov_len));
    return seen("send_message", fd, result);
}

int SimNetwork::put_datagram(SimSocket& socket, const msghdr& message) {
    if (socket.error != 0) {
        return -std::exchange(socket.error, 0);
    }
    if (socket.output_ended) {
        return -EPIPE;
    }
    std::string bytes = gather_bytes(message);
    const bool is_unix = socket.family == AF_UNIX;
    if (bytes.size() > (is_unix ? SimDatagrams::capacity / 2 : SimDatagrams::udp_payload_max)) {
        return -EMSGSIZE;
    }
    const bool named = message.msg_name != nullptr && message.msg_namelen > 0;
    SimAddress to = socket.remote;
    if (named) {
        const auto* const name = static_cast<const sockaddr*>(message.msg_name);
        if (const int error = SimAddress::parse(name, message.msg_namelen, to); error != 0) {
            return error;
        }
        if (to.family != socket.family) {
            return -EAFNOSUPPORT;
        }
        if (is_unix ? to.path.empty() : to.port == 0) {
            return -EINVAL;
        }
    } else if (socket.stage != SimSocket::Stage::connected) {
        return is_unix ? -ENOTCONN : -EDESTADDRREQ;
    }
    if (is_unix) {
        return post_unix_datagram(socket, named ? &to : nullptr, std::move(bytes));
    }
    if (const int error = reach(socket, to); error != 0) {
        return error;
    }
    if (socket.local.port == 0 && name_datagram_socket(socket, socket.local) != 0) {
        return -EAGAIN;
    }
    return post_datagram(socket, to, std::move(bytes));
}

int SimNetwork::take_bytes(SimSocket& socket, void* data, std::uint32_t size) {
    iovec part{data, size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return take_datagram(socket, message);
}

int SimNetwork::put_bytes(SimSocket& socket, const void* data, std::uint32_t size) {
    iovec part{const_cast<void*>(data), size};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    return put_datagram(socket, message);
}

// All addresses of a machine are, as a destination, its own.
int SimNetwork::reach(const SimSocket& socket, SimAddress& remote) const noexcept {
    if (remote.host.is_any()) {
        remote.host = home(remote.family);
    }
    if (remote.host.is_any()) {
        remote.host = SimHost::loopback(remote.family);
    }
    if (remote.host.is_broadcast() && !socket.may_broadcast) {
        return -EACCES;
    }
    return links_.is_host(remote.host) ? 0 : -ENETUNREACH;
}

int SimNetwork::post_datagram(SimSocket& socket, const SimAddress& to, std::string bytes) {
    SimAddress from = socket.local;
    if (from.host.is_any()) {
        from.host = own_host_for(to);
    }
    SimSocket* const target = find_datagram_socket(to);
    const int size = static_cast<int>(bytes.size());
    const bool listens = target != nullptr &&
                         (target->stage != SimSocket::Stage::connected || target->remote == from);
    if (!listens) {
        if (socket.stage == SimSocket::Stage::connected) {
            socket.error = ECONNREFUSED;
            raise(socket);
        }
    } else if (target->datagrams->has_room_for(bytes.size())) {
        target->datagrams->push({from, std::move(bytes)});
        raise(*target);
    }
    return size;
}

// Without an address to the socket that was found when this one was connected, whatever became of
// its name. That it is closed is said once.
int SimNetwork::post_unix_datagram(SimSocket& socket, const SimAddress* to, std::string bytes) {
    SimSocket* const target = to != nullptr ? find_datagram_socket(*to) : socket.receiver;
    if (target == nullptr && to != nullptr) {
        return missing_receiver(*to);
    }
    if (target == nullptr) {
        socket.stage = SimSocket::Stage::fresh;
        socket.remote = SimAddress();
        return -ECONNREFUSED;
    }
    if (target->stage == SimSocket::Stage::connected && target->receiver != &socket) {
        return -EPERM;
    }
    if (!target->datagrams->has_room_for(bytes.size())) {
        socket.wants_room = true;
        return -EAGAIN;
    }
    const int size = static_cast<int>(bytes.size());
    target->datagrams->push({socket.local, std::move(bytes)});
    raise(*target);
    return size;
}

SimSocket* SimNetwork::find_datagram_socket(const SimAddress& address) noexcept {
    auto place = datagram_names_.find(address);
    if (place == datagram_names_.end() && address.family != AF_UNIX) {
        SimAddress any = address;
        any.host.bytes = {};
        place = datagram_names_.find(any);
    }
    return place != datagram_names_.end() ? place->second : nullptr;
}

// A port that nobody chose is chosen now.
int SimNetwork::name_datagram_socket(SimSocket& socket, SimAddress name) {
    name.family = socket.family;
    name.host.family = socket.family == AF_UNIX ? 0 : socket.family;
    if (socket.family != AF_UNIX && name.port == 0) {
        int tries = 0;
        do {
            if (++tries > udp_ports) {
                return -EADDRINUSE;
            }
            next_udp_port_ = next_udp_port_ == 65535 ? first_udp_port : next_udp_port_ + 1;
            name.port = static_cast<std::uint16_t>(next_udp_port_);
        } while (datagram_names_.contains(name) || is_taken_for_datagrams(socket, name));
    }
    socket.local = name;
    datagram_names_.emplace(std::move(name), &socket);
    return 0;
}

// A socket at all addresses excludes those at single ones. Sockets share a name if all share their
// port or all reuse their addresses.
bool SimNetwork::is_taken_for_datagrams(const SimSocket& socket, const SimAddress& address) const {
    SimAddress first = address;
    if (address.family != AF_UNIX) {
        first.host.bytes = {};
    }
    for (auto entry = datagram_names_.lower_bound(first);
         entry != datagram_names_.end() && entry->first.family == address.family &&
         entry->first.port == address.port;
         ++entry) {
        const auto& [name, other] = *entry;
        const bool meets = name == address || (address.family != AF_UNIX &&
                                               (name.host.is_any() || address.host.is_any()));
        const bool shared = (socket.shares_port && other->shares_port) ||
                            (socket.reuses_address && other->reuses_address);
        if (meets && !shared) {
            return true;
        }
    }
    return false;
}

// Of those that share a name the first one gets all.
int SimNetwork::bind_datagram(SimSocket& socket, const SimAddress& address) {
    if ((address.family == AF_UNIX || address.port != 0) &&
        is_taken_for_datagrams(socket, address)) {
        return -EADDRINUSE;
    }
    return name_datagram_socket(socket, address);
}

// Why nobody receives datagrams at the name of a Unix socket.
int SimNetwork::missing_receiver(const SimAddress& address) const noexcept {
    if (address.is_path() && listeners_.contains(address)) {
        return -EPROTOTYPE;
    }
    return is_socket_file(address) ? -ECONNREFUSED : -ENOENT;
}

int SimNetwork::connect_datagram(SimSocket& socket, SimAddress remote) {
    if (remote.family == AF_UNIX) {
        SimSocket* const receiver = find_datagram_socket(remote);
        if (receiver == nullptr) {
            return missing_receiver(remote);
        }
        socket.receiver = receiver;
    } else {
        if (const int error = reach(socket, remote); error != 0) {
            return error;
        }
        if (socket.local.port == 0) {
            SimAddress name = socket.local;
            name.host = name.host.is_any() ? own_host_for(remote) : name.host;
            if (name_datagram_socket(socket, name) != 0) {
                return -EAGAIN;
            }
        }
    }
    socket.remote = remote;
    socket.stage = SimSocket::Stage::connected;
    return 0;
}

void SimNetwork::close_datagram_socket(SimSocket& socket) noexcept {
    const auto [first, last] = datagram_names_.equal_range(socket.local);
    const auto own =
        std::find_if(first, last, [&](const auto& it) { return it.second == &socket; });
    if (own != last) {
        datagram_names_.erase(own);
    }
    if (SimSocket* const peer = std::exchange(socket.peer, nullptr)) {
        peer->peer = nullptr;
    }
    if (socket.family == AF_UNIX) {
        for (const auto& sender : sockets_) {
            if (sender != nullptr && sender->receiver == &socket) {
                sender->receiver = nullptr;
            }
        }
        wake_datagram_senders();
    }
}

}  // namespace rondo::detail
