// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/stream_socket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "net/long_message.hpp"
#include "net/socket_calls.hpp"
#include "rondo/base/assert.hpp"

namespace rondo::net {
namespace {

std::uint32_t clamped(std::size_t size) noexcept {
    return static_cast<std::uint32_t>(size < INT_MAX ? size : INT_MAX);
}

}  // namespace

ReadSome::ReadSome(const StreamSocket& stream, MutableBytes to) noexcept
    : AwaitOperation(OperationKind::receive, stream.fd_, to.data(), clamped(to.size())),
      stream_(&stream) {
    RONDO_REQUIRE(!to.empty(), "read_some into an empty buffer: its 0 would mean end of stream");
}

// The driver never writes to what it sends.
WriteAll::WriteAll(StreamSocket& stream, std::span<const Bytes> parts) noexcept
    : AwaitOperation(OperationKind::send_vector, stream.fd_, const_cast<Bytes*>(parts.data()),
                     clamped(parts.size())),
      stream_(&stream) {
    RONDO_REQUIRE(parts.size() <= INT_MAX, "write_all of 2 GiB or more");
}

// Ends it without the driver.
bool WriteAll::refuse() noexcept {
    result = stream_->refusal();
    state = OperationState::done;
    return !rondo::detail::current_is_cancelled() && !rondo::detail::spent();
}

int StreamSocket::refusal() const noexcept {
    switch (output_) {
        case Output::free: return 0;
        case Output::taken: return -EBUSY;
        case Output::broken: break;
    }
    return -EBADF;
}

void StreamSocket::throw_read_error(int result) const { throw Error("read", name(), -result); }

void StreamSocket::throw_write_error(int result, const char* operation) const {
    if (output_ == Output::broken) {
        throw Error(Errc::closed, operation, name(), "an earlier write ended halfway");
    }
    throw Error(operation, name(), -result);
}

namespace {

// What sendfile does not know: files without pages, sockets of rare families.
bool is_unknown(int result) noexcept {
    return result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP;
}

}  // namespace

Task<std::uint64_t> StreamSocket::send_file(int file, std::uint64_t offset, std::uint64_t size) {
    constexpr std::uint64_t step = std::uint64_t{1} << 30;
    LongMessage message(*this, "write");
    for (bool more = size > 0; more;) {
        const auto wanted = static_cast<std::uint32_t>(std::min(size - message.sent(), step));
        int result = 0;
        {
            MessagePart part(message, OperationKind::send_file, &file, wanted,
                             offset + message.sent());
            result = co_await part;
        }
        if (is_unknown(result) && message.sent() == 0) {
            co_await send_by_reading(file, offset, size, message);
            break;
        }
        if (result < 0) {
            throw_write_error(result);
        }
        more = static_cast<std::uint32_t>(result) == wanted && message.sent() < size;
    }
    message.complete();
    co_return message.sent();
}

Task<> StreamSocket::send_by_reading(int file, std::uint64_t offset, std::uint64_t size,
                                     LongMessage& message) {
    while (message.sent() < size) {
        const io::Lease piece =
            co_await io::detail::read_file(file, offset + message.sent(), size - message.sent());
        if (piece.empty()) {
            co_return;
        }
        co_await send_part(piece.bytes(), message);
    }
}

Task<> StreamSocket::send_part(Bytes bytes, LongMessage& message) {
    RONDO_REQUIRE(bytes.size() <= INT_MAX, "a message of 2 GiB or more");
    int result = 0;
    {
        MessagePart part(message, OperationKind::send_all, const_cast<std::byte*>(bytes.data()),
                         clamped(bytes.size()));
        result = co_await part;
    }
    if (result < 0) {
        throw_write_error(result);
    }
}

void StreamSocket::shutdown_write() {
    Operation shutdown(OperationKind::shutdown, fd_);
    shutdown.size = SHUT_WR;
    current_loop().driver().submit(shutdown);
    if (shutdown.result < 0) {
        throw Error("shutdown", name(), -shutdown.result);
    }
}

std::string StreamSocket::name() const {
    if (fd_ < 0) {
        return "a closed stream";
    }
    if (std::string peer = detail::try_name(fd_, true); !peer.empty()) {
        return peer;
    }
    const std::string local = detail::try_name(fd_, false);
    return local.empty() ? "an unnamed peer" : "a peer of " + local;
}

}  // namespace rondo::net
