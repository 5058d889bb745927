// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/pipe.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "io/memory_socket.hpp"
#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"
#include "rondo/coro/describer.hpp"

namespace rondo::io {

namespace detail {

// ------------------------------------------------------------------------ what waits

const rondo::detail::LeafKind MemoryOperation::leaf{&MemoryOperation::poke, "a stream in memory",
                                                    &MemoryOperation::describe};

bool MemoryOperation::await_ready() noexcept {
    done_ = false;
    if (rondo::detail::current_is_cancelled()) {
        return false;
    }
    error_ = 0;
    if (socket_ == nullptr) {
        error_ = EBADF;
    } else if (socket_->waiting(writes_) != nullptr) {
        error_ = EBUSY;
    }
    done_ = error_ != 0 || attempt();
    return done_ && !rondo::detail::spent();
}

void MemoryOperation::await_suspend(rondo::detail::Awaiting frame) noexcept {
    if (done_ && !rondo::detail::current_is_cancelled()) {
        rondo::detail::requeue(frame);
        return;
    }
    scope_ = rondo::detail::local.current;
    if (rondo::detail::park(*this, frame, leaf)) {
        socket_->waiting(writes_) = this;
    }
}

void MemoryOperation::poke(rondo::detail::Leaf& at, rondo::detail::Scope& scope) noexcept {
    auto& self = static_cast<MemoryOperation&>(at);
    self.socket_->waiting(self.writes_) = nullptr;
    self.stopped();
    rondo::detail::local.push_stop(scope);
}

void MemoryOperation::describe(const rondo::detail::Leaf& at, rondo::detail::Describer& out) {
    const auto& self = static_cast<const MemoryOperation&>(at);
    out.add(self.writes_ ? ": write" : ": read");
}

void MemoryOperation::throw_if_failed() const {
    if (error_ == 0) [[likely]] {
        return;
    }
    const std::string_view operation = writes_ ? "write" : "read";
    if (socket_ == nullptr) {
        throw Error(operation, "a closed stream", error_);
    }
    if (writes_ && socket_->is_broken()) {
        throw Error(Errc::closed, operation, socket_->name(), "an earlier write ended halfway");
    }
    throw Error(operation, socket_->name(), error_);
}

void MemorySocketDeleter::operator()(MemorySocket* socket) const noexcept { delete socket; }

}  // namespace detail

// --------------------------------------------------------------------------- the operations

MemoryRead::MemoryRead(detail::MemorySocket* socket, MutableBytes to) noexcept
    : MemoryOperation(socket, false), to_(to) {
    RONDO_REQUIRE(!to.empty(), "read_some into an empty buffer: its 0 would mean end of stream");
}

bool MemoryRead::attempt() noexcept {
    if (!socket_->answers_read(error_)) {
        return false;
    }
    got_ = error_ == 0 ? socket_->read(to_) : 0;
    return true;
}

std::size_t MemoryRead::await_resume() const {
    throw_if_failed();
    return got_;
}

MemoryReadLeased::MemoryReadLeased(detail::MemorySocket* socket) noexcept
    : MemoryOperation(socket, false) {}

// A buffer is taken only when there is something to put into it.
bool MemoryReadLeased::attempt() noexcept {
    if (!socket_->answers_read(error_)) {
        return false;
    }
    if (error_ != 0) {
        return true;
    }
    try {
        lease_ = Lease::take();
    } catch (const Error& error) {
        error_ = error.os_error();
        return true;
    }
    lease_.resize(socket_->read(lease_.space()));
    return true;
}

Lease MemoryReadLeased::await_resume() {
    throw_if_failed();
    return std::move(lease_);
}

MemoryWrite::MemoryWrite(detail::MemorySocket* socket, Bytes bytes,
                         std::span<const Bytes> more) noexcept
    : MemoryOperation(socket, true), bytes_(bytes), more_(more) {}

bool MemoryWrite::empty() noexcept {
    while (bytes_.empty() && !more_.empty()) {
        bytes_ = more_.front();
        more_ = more_.subspan(1);
    }
    return bytes_.empty();
}

std::size_t MemoryWrite::take(MutableBytes to) noexcept {
    std::size_t taken = 0;
    while (taken < to.size() && !empty()) {
        const std::size_t count = std::min(bytes_.size(), to.size() - taken);
        std::memcpy(to.data() + taken, bytes_.data(), count);
        bytes_ = bytes_.from(count);
        taken += count;
    }
    moved_ = moved_ || taken > 0;
    return taken;
}

bool MemoryWrite::attempt() noexcept {
    error_ = socket_->write_error();
    if (error_ != 0) {
        return true;
    }
    socket_->write(*this);
    return empty();
}

void MemoryWrite::stopped() noexcept {
    if (moved_) {
        socket_->break_output();
    }
}

// ------------------------------------------------------------------------------ the streams

MemoryStream& MemoryStream::operator=(MemoryStream&& other) noexcept {
    if (this != &other) {
        close();
        socket_ = std::move(other.socket_);
    }
    return *this;
}

void MemoryStream::shutdown_write() {
    if (socket_ == nullptr) {
        throw Error("shutdown", name(), EBADF);
    }
    socket_->shutdown_write();
}

void MemoryStream::close() noexcept {
    if (socket_ != nullptr) {
        socket_->close();
        socket_.reset();
    }
}

std::string MemoryStream::name() const {
    return socket_ != nullptr ? socket_->name() : "a closed stream";
}

namespace {

std::pair<MemoryStream, MemoryStream> make(std::size_t capacity, bool duplex) {
    detail::MemorySocketPointer first(new detail::MemorySocket(capacity, duplex));
    detail::MemorySocketPointer second(new detail::MemorySocket(duplex ? capacity : 0, duplex));
    first->connect(*second);
    second->connect(*first);
    return {MemoryStream(std::move(first)), MemoryStream(std::move(second))};
}

}  // namespace

std::pair<PipeReader, PipeWriter> make_pipe(std::size_t capacity) {
    auto [reader, writer] = make(capacity, false);
    return {PipeReader(std::move(reader)), PipeWriter(std::move(writer))};
}

std::pair<MemoryStream, MemoryStream> make_duplex(std::size_t capacity) {
    return make(capacity, true);
}

}  // namespace rondo::io
