// SPDX-License-Identifier: Apache-2.0
#include "rondo/os/pipe.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>

#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"

namespace rondo::os {
namespace {

std::uint32_t clamped(std::size_t size) noexcept {
    return static_cast<std::uint32_t>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

ReadPipe::ReadPipe(const PipeStream& pipe, MutableBytes to) noexcept
    : AwaitOperation(OperationKind::read, pipe.fd_, to.data(), clamped(to.size()),
                     current_position),
      pipe_(&pipe) {
    RONDO_REQUIRE(!to.empty(), "read_some into an empty buffer: its 0 would mean end of stream");
}

std::size_t ReadPipe::await_resume() const {
    return static_cast<std::size_t>(
        check_result(AwaitOperation::await_resume(), "read", pipe_->name_));
}

/// Marks the stream as broken when a write ends between its first byte and its last.
class PipeStream::Progress {
public:
    Progress(PipeStream& pipe, Bytes bytes) noexcept : pipe_(pipe), size_(bytes.size()) {}
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress() {
        if (done_ > 0 && done_ < size_) {
            pipe_.broken_ = true;
        }
    }
    std::size_t done() const noexcept { return done_; }
    bool ended() const noexcept { return done_ == size_; }
    void add(int count) noexcept { done_ += static_cast<std::size_t>(count); }

private:
    PipeStream& pipe_;
    std::size_t size_;
    std::size_t done_ = 0;
};

PipeStream::PipeStream(PipeStream&& other) noexcept
    : name_(std::exchange(other.name_, "a closed pipe")),
      fd_(std::exchange(other.fd_, -1)),
      broken_(other.broken_) {}

PipeStream& PipeStream::operator=(PipeStream&& other) noexcept {
    if (this != &other) {
        close();
        name_ = std::exchange(other.name_, "a closed pipe");
        fd_ = std::exchange(other.fd_, -1);
        broken_ = other.broken_;
    }
    return *this;
}

PipeStream PipeStream::adopt(int descriptor, std::string name) {
    return {descriptor, std::move(name)};
}

// The driver never writes to what it writes from.
Task<> PipeStream::write_all(Bytes bytes) {
    if (broken_) {
        throw Error(Errc::closed, "write", name_, "an earlier write ended halfway");
    }
    Progress progress(*this, bytes);
    while (!progress.ended()) {
        const Bytes rest = bytes.from(progress.done());
        const int result =
            co_await AwaitOperation(OperationKind::write, fd_, const_cast<std::byte*>(rest.data()),
                                    clamped(rest.size()), current_position);
        progress.add(check_result(result, "write", name_));
    }
}

void PipeStream::close() noexcept {
    if (fd_ >= 0) {
        RONDO_REQUIRE(rondo::detail::local.loop != nullptr, "a pipe outlived its event loop");
        Operation close(OperationKind::close, std::exchange(fd_, -1));
        rondo::detail::local.loop->driver().submit(close);
    }
}

PipePair make_pipe() {
    int fds[2] = {-1, -1};
    check_result(current_loop().driver().make_pipe(fds), "make", "a pipe");
    return {PipeStream::adopt(fds[0], "a pipe"), PipeStream::adopt(fds[1], "a pipe")};
}

}  // namespace rondo::os
