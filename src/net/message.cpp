// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/message.hpp"

#include <sys/socket.h>

#include <cstddef>
#include <cstring>

#include "net/socket_calls.hpp"

namespace rondo::net::detail {

MessageOperation::MessageOperation(int descriptor, MutableBytes to, std::uint32_t how) noexcept
    : AwaitOperation(OperationKind::receive_message, descriptor),
      part_{to.data(), to.size()},
      flags_(how),
      name_size_(name_capacity) {}

// The driver never writes to what it sends.
MessageOperation::MessageOperation(int descriptor, Bytes from, const sockaddr* name,
                                   std::uint32_t length, std::uint32_t how) noexcept
    : AwaitOperation(OperationKind::send_message, descriptor),
      part_{const_cast<std::byte*>(from.data()), from.size()},
      flags_(how),
      name_size_(length) {
    if (length > 0) {
        std::memcpy(name_, name, length);
    }
}

void MessageOperation::prepare() noexcept {
    static_assert(sizeof(msghdr) == header_size && alignof(msghdr) <= 8);
    static_assert(sizeof(Part) == sizeof(iovec) && offsetof(iovec, iov_len) == sizeof(void*));
    msghdr header{};
    header.msg_name = name_size_ > 0 ? name_ : nullptr;
    header.msg_namelen = name_size_;
    header.msg_iov = reinterpret_cast<iovec*>(&part_);
    header.msg_iovlen = 1;
    std::memcpy(header_, &header, sizeof header);
    aim(header_, flags_);
}

bool MessageOperation::truncated() const noexcept {
    msghdr header;
    std::memcpy(&header, header_, sizeof header);
    return (header.msg_flags & MSG_TRUNC) != 0;
}

std::uint32_t MessageOperation::name_length() const noexcept {
    msghdr header;
    std::memcpy(&header, header_, sizeof header);
    return header.msg_namelen;
}

void throw_datagram_error(const char* operation, int descriptor, int result) {
    const std::string peer = try_name(descriptor, true);
    throw Error(operation, peer.empty() ? try_name(descriptor, false) : peer, -result);
}

}  // namespace rondo::net::detail
