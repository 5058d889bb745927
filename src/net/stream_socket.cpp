// SPDX-License-Identifier: Apache-2.0
#include "rondo/net/stream_socket.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

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

std::size_t ReadSome::await_resume() const {
    const int got = AwaitOperation::await_resume();
    if (got < 0) [[unlikely]] {
        throw Error("read", stream_->name(), -got);
    }
    return static_cast<std::size_t>(got);
}

ReadLeased::ReadLeased(const StreamSocket& stream) noexcept
    : AwaitOperation(OperationKind::receive_leased, stream.fd_), stream_(&stream) {}

io::Lease ReadLeased::await_resume() const {
    const int got = AwaitOperation::await_resume();
    if (got < 0) [[unlikely]] {
        throw Error("read", stream_->name(), -got);
    }
    return io::Lease::adopt(got > 0 ? lease() : nullptr, static_cast<std::size_t>(got));
}

// The driver never writes to what it sends.
WriteAll::WriteAll(StreamSocket& stream, Bytes bytes) noexcept
    : AwaitOperation(OperationKind::send_all, stream.broken_ ? -1 : stream.fd_,
                     const_cast<std::byte*>(bytes.data()), clamped(bytes.size())),
      stream_(&stream) {
    RONDO_REQUIRE(bytes.size() <= INT_MAX, "write_all of 2 GiB or more");
}

WriteAll::WriteAll(StreamSocket& stream, std::span<const Bytes> parts) noexcept
    : AwaitOperation(OperationKind::send_vector, stream.broken_ ? -1 : stream.fd_,
                     const_cast<Bytes*>(parts.data()), clamped(parts.size())),
      stream_(&stream) {
    RONDO_REQUIRE(parts.size() <= INT_MAX, "write_all of 2 GiB or more");
}

void WriteAll::await_resume() const {
    const int got = AwaitOperation::await_resume();
    if (got >= 0) [[likely]] {
        return;
    }
    stream_->throw_write_error(got);
}

WriteAll::~WriteAll() {
    if (AwaitOperation::await_resume() < 0 && bytes_moved() > 0) [[unlikely]] {
        stream_->broken_ = true;
    }
}

void StreamSocket::throw_write_error(int result) const {
    if (broken_) {
        throw Error(Errc::closed, "write", name(), "an earlier write ended halfway");
    }
    throw Error("write", name(), -result);
}

/// Breaks the stream for writing, unless all that was begun got sent.
class StreamSocket::PartialSend {
public:
    explicit PartialSend(StreamSocket& stream) noexcept : stream_(stream) {}
    PartialSend(const PartialSend&) = delete;
    PartialSend& operator=(const PartialSend&) = delete;
    ~PartialSend() {
        if (!complete_ && sent_ > 0) {
            stream_.broken_ = true;
        }
    }
    void add(std::uint64_t bytes) noexcept { sent_ += bytes; }
    void complete() noexcept { complete_ = true; }
    std::uint64_t sent() const noexcept { return sent_; }

private:
    StreamSocket& stream_;
    std::uint64_t sent_ = 0;
    bool complete_ = false;
};

namespace {

/// Tells how much an operation moved, however it ends.
template <class Account>
struct SendOperation : AwaitOperation {
    SendOperation(int socket, int& file, std::uint32_t bytes, std::uint64_t at,
                  Account& to) noexcept
        : AwaitOperation(OperationKind::send_file, socket, &file, bytes, at), account(to) {}
    SendOperation(const SendOperation&) = delete;
    SendOperation& operator=(const SendOperation&) = delete;
    ~SendOperation() { account.add(bytes_moved()); }

    Account& account;
};

// What sendfile does not know: files without pages, sockets of rare families.
bool is_unknown(int result) noexcept {
    return result == -EINVAL || result == -ENOSYS || result == -EOPNOTSUPP;
}

}  // namespace

Task<std::uint64_t> StreamSocket::send_file(int file, std::uint64_t offset, std::uint64_t size) {
    constexpr std::uint64_t step = std::uint64_t{1} << 30;
    PartialSend account(*this);
    for (bool more = size > 0; more;) {
        const auto wanted = static_cast<std::uint32_t>(std::min(size - account.sent(), step));
        int result = 0;
        {
            SendOperation operation(broken_ ? -1 : fd_, file, wanted, offset + account.sent(),
                                    account);
            result = co_await operation;
        }
        if (is_unknown(result) && account.sent() == 0) {
            co_await send_by_reading(file, offset, size, account);
            break;
        }
        if (result < 0) {
            throw_write_error(result);
        }
        more = static_cast<std::uint32_t>(result) == wanted && account.sent() < size;
    }
    account.complete();
    co_return account.sent();
}

Task<> StreamSocket::send_by_reading(int file, std::uint64_t offset, std::uint64_t size,
                                     PartialSend& account) {
    while (account.sent() < size) {
        const io::Lease piece =
            co_await io::detail::read_file(file, offset + account.sent(), size - account.sent());
        if (piece.empty()) {
            co_return;
        }
        co_await write_all(piece.bytes());
        account.add(piece.size());
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

Task<> StreamSocket::write_rest(Bytes bytes) {
    PartialSend account(*this);
    account.add(1);  // the beginning
    co_await write_all(bytes);
    account.complete();
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
