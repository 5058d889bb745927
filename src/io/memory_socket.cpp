// SPDX-License-Identifier: Apache-2.0
#include "io/memory_socket.hpp"

#include <cerrno>
#include <utility>

#include "rondo/base/assert.hpp"

namespace rondo::io::detail {

// ---------------------------------------------------------------------------- its buffer

std::size_t MemoryRing::read(MutableBytes to) noexcept {
    const std::size_t count = std::min(to.size(), size_);
    if (count == 0) {
        return 0;
    }
    const std::size_t straight = std::min(count, capacity_ - begin_);
    std::memcpy(to.data(), bytes_.get() + begin_, straight);
    std::memcpy(to.data() + straight, bytes_.get(), count - straight);
    size_ -= count;
    begin_ = size_ == 0 ? 0 : (begin_ + count) % capacity_;
    return count;
}

MutableBytes MemoryRing::space() noexcept {
    if (size_ == capacity_) {
        return {};
    }
    const std::size_t end = (begin_ + size_) % capacity_;
    const std::size_t limit = end < begin_ ? begin_ : capacity_;
    return {bytes_.get() + end, limit - end};
}

// -------------------------------------------------------------------------- an end of two

bool MemorySocket::answers_read(int& error) noexcept {
    const bool writer_waits = peer_ != nullptr && peer_->writer_ != nullptr;
    if (!received_.empty() || offered_ != nullptr || writer_waits) {
        return true;
    }
    error = std::exchange(error_, 0);
    return error != 0 || input_ended_;
}

// What a writer waits with comes after what is buffered, and fills the room that this makes.
std::size_t MemorySocket::read(MutableBytes to) noexcept {
    if (offered_ != nullptr) {
        return offered_->take(to);
    }
    std::size_t got = received_.read(to);
    MemoryOperation* const writer = peer_ != nullptr ? peer_->writer_ : nullptr;
    if (writer != nullptr) {
        got += static_cast<MemoryWrite*>(writer)->take(to.from(got));
        retry(writer);
    }
    return got;
}

int MemorySocket::write_error() noexcept {
    if (error_ != 0) {
        return std::exchange(error_, 0);
    }
    return peer_ == nullptr || output_ended_ || broken_ ? EPIPE : 0;
}

void MemorySocket::write(MemoryWrite& write) noexcept {
    MemorySocket& peer = *peer_;
    if (peer.reader_ != nullptr && !write.empty()) {
        peer.offered_ = &write;
        retry(peer.reader_);
        peer.offered_ = nullptr;
    }
    for (;;) {
        const MutableBytes space = peer.received_.space();
        const std::size_t count = space.empty() ? 0 : write.take(space);
        peer.received_.add(count);
        if (count == 0) {
            break;
        }
    }
}

// Ends an operation that waits if it can end now.
void MemorySocket::retry(MemoryOperation* operation) noexcept {
    if (operation != nullptr && operation->attempt()) {
        operation->socket_->waiting(operation->writes_) = nullptr;
        rondo::detail::wake(*operation->scope_);
    }
}

void MemorySocket::end_input() noexcept {
    input_ended_ = true;
    retry(reader_);
}

void MemorySocket::shutdown_write() noexcept {
    if (!std::exchange(output_ended_, true) && peer_ != nullptr) {
        peer_->end_input();
    }
    retry(writer_);
}

// A connection closed with bytes unread is reset: the peer must learn that they were lost.
void MemorySocket::close() noexcept {
    RONDO_REQUIRE(reader_ == nullptr && writer_ == nullptr,
                  "a stream in memory was closed while one of its operations waits");
    MemorySocket* const peer = std::exchange(peer_, nullptr);
    if (peer == nullptr) {
        return;
    }
    peer->peer_ = nullptr;
    if (duplex_ && !received_.empty()) {
        peer->error_ = ECONNRESET;
        peer->output_ended_ = true;
    }
    peer->end_input();
    retry(peer->writer_);
}

}  // namespace rondo::io::detail
