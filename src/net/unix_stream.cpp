// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/unix_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "net/long_message.hpp"
#include "net/socket_calls.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/loop/sleep.hpp"

namespace rondo::net {
namespace {

constexpr std::size_t descriptors_max = 253;  // the kernel's SCM_MAX_FD

/// Room for the control part of a message that carries descriptors.
struct Control {
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(descriptors_max * sizeof(int))> bytes{};
};

// A buffer of CMSG_SPACE may have room for one descriptor more than was asked for.
std::size_t control_size(std::size_t descriptors) noexcept {
    return CMSG_LEN(descriptors * sizeof(int));
}

void put_descriptors(msghdr& message, std::span<const int> descriptors) noexcept {
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = control_size(descriptors.size());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
}

// `descriptors` has room for them: nothing can fail while they belong to nobody.
void take_descriptors(msghdr& message, std::vector<Descriptor>& descriptors) noexcept {
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            descriptors.emplace_back(fd);
        }
    }
}

}  // namespace

Task<UnixStream> UnixStream::connect(UnixAddress address) {
    constexpr Duration longest = std::chrono::milliseconds(50);
    Duration pause = std::chrono::milliseconds(1);
    const int fd = current_loop().driver().open_socket(AF_UNIX);
    UnixStream stream(fd);
    check_result(fd, "connect", address.to_string());
    for (;;) {
        const int result = detail::connect_now(stream.fd_, address.data(), address.size());
        if (result >= 0) {
            co_return stream;
        }
        if (result != -EAGAIN) {
            throw Error("connect", address.to_string(), -result);
        }
        co_await sleep(pause);  // the kernel reports no edge for this
        pause = std::min(2 * pause, longest);
    }
}

std::pair<UnixStream, UnixStream> UnixStream::pair() {
    int fds[2];
    check_result(current_loop().driver().socket_pair(fds), "socketpair", {});
    return {UnixStream(fds[0]), UnixStream(fds[1])};
}

Task<> UnixStream::send_descriptors(std::span<const int> descriptors, Bytes bytes) {
    RONDO_REQUIRE(!bytes.empty(), "descriptors travel with at least one byte");
    RONDO_REQUIRE(!descriptors.empty() && descriptors.size() <= descriptors_max,
                  "1 to 253 descriptors in one message");
    LongMessage whole(*this, "send_descriptors");
    Control control;
    iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    put_descriptors(message, descriptors);
    const int sent = co_await AwaitOperation(OperationKind::send_message, fd_, &message);
    if (sent < 0) {
        throw Error("send_descriptors", name(), -sent);
    }
    whole.add(static_cast<std::uint64_t>(sent));
    const Bytes rest = bytes.from(static_cast<std::size_t>(sent));
    if (!rest.empty()) {
        co_await send_part(rest, whole);
    }
    whole.complete();
}

Task<ReceivedDescriptors> UnixStream::receive_descriptors(MutableBytes to, std::size_t most) {
    RONDO_REQUIRE(!to.empty() && most > 0 && most <= descriptors_max,
                  "receive_descriptors into an empty buffer, or of 0 or more than 253");
    ReceivedDescriptors received;
    received.descriptors.reserve(most);
    Control control;
    iovec part{to.data(), to.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control_size(most);
    current_loop().driver().finish_closes();  // those that come need numbers
    const int got = co_await AwaitOperation(OperationKind::receive_message, fd_, &message);
    if (got < 0) {
        throw Error("receive_descriptors", name(), -got);
    }
    take_descriptors(message, received.descriptors);
    received.bytes = static_cast<std::size_t>(got);
    received.truncated = (message.msg_flags & MSG_CTRUNC) != 0;
    co_return received;
}

PeerCredentials UnixStream::peer_credentials() const {
    ucred credentials{};
    std::uint32_t size = sizeof credentials;
    check_result(
        current_loop().driver().get_option(fd_, SOL_SOCKET, SO_PEERCRED, &credentials, &size),
        "peer_credentials", name());
    return {credentials.pid, credentials.uid, credentials.gid};
}

namespace {

UnixAddress unix_name(int fd, bool peer) {
    const detail::SocketName name = detail::name_of(fd, peer);
    return UnixAddress::from(name.data(), name.length).value_or(UnixAddress());
}

}  // namespace

UnixAddress UnixStream::local_address() const { return unix_name(fd_, false); }

UnixAddress UnixStream::peer_address() const { return unix_name(fd_, true); }

}  // namespace rondo::net
