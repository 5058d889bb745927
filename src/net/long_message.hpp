// SPDX-License-Identifier: Apache-2.0
/// What goes out by several operations, with other tasks running between them.
#pragma once

#include <cstdint>

#include "rondo/net/stream_socket.hpp"

namespace rondo::net {

/// While it lives no other write begins. What has begun and is not complete at its end breaks the
/// stream.
class StreamSocket::LongMessage {
public:
    /// Errors: that of a write that must not begin.
    LongMessage(StreamSocket& stream, const char* operation) : stream_(stream) {
        if (const int refusal = stream.refusal(); refusal != 0) {
            stream.throw_write_error(refusal, operation);
        }
        stream.output_ = Output::taken;
    }
    LongMessage(const LongMessage&) = delete;
    LongMessage& operator=(const LongMessage&) = delete;
    ~LongMessage() {
        if (!complete_ && sent_ > 0) {
            stream_.output_ = Output::broken;
        } else if (stream_.output_ == Output::taken) {
            stream_.output_ = Output::free;
        }
    }

    void add(std::uint64_t bytes) noexcept { sent_ += bytes; }
    void complete() noexcept { complete_ = true; }
    std::uint64_t sent() const noexcept { return sent_; }

private:
    friend class MessagePart;
    StreamSocket& stream_;
    std::uint64_t sent_ = 0;
    bool complete_ = false;
};

/// One of its operations; tells how much that moved, however it ends.
class StreamSocket::MessagePart : public AwaitOperation {
public:
    MessagePart(LongMessage& message, OperationKind what, void* buffer, std::uint32_t bytes,
                std::uint64_t at = 0) noexcept
        : AwaitOperation(what, message.stream_.fd_, buffer, bytes, at), message_(message) {}
    MessagePart(const MessagePart&) = delete;
    MessagePart& operator=(const MessagePart&) = delete;
    ~MessagePart() { message_.add(bytes_moved()); }

private:
    LongMessage& message_;
};

}  // namespace rondo::net
