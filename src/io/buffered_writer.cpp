// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/buffered_writer.hpp"

#include <cstring>

#include "rondo/base/error.hpp"

namespace rondo::io {
namespace {

/// While it lives, what was collected is being sent.
class Sending {
public:
    explicit Sending(bool& sending) noexcept : sending_(sending) { sending_ = true; }
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;
    ~Sending() { sending_ = false; }

private:
    bool& sending_;
};

}  // namespace

bool CollectedWrite::await_ready() {
    if (!rondo::detail::current_is_cancelled() && writer_->collect(bytes_)) {
        return !rondo::detail::spent();
    }
    sending_.emplace(writer_->send(bytes_));
    return sending_->await_ready();
}

void CollectedWrite::await_suspend(rondo::detail::Awaiting frame) noexcept {
    if (sending_) {
        sending_->await_suspend(frame);
    } else {
        rondo::detail::requeue(frame);
    }
}

void CollectedWrite::await_resume() {
    if (sending_) {
        sending_->await_resume();
    }
}

void BufferedWriter::require_idle(const char* operation) const {
    if (sending_) {
        throw Error(Errc::busy, operation, to_->name(), "another one is sending");
    }
}

bool BufferedWriter::collect(Bytes bytes) {
    require_idle("write");
    const std::size_t size = collected_.size() + bytes.size();
    if (size > capacity || !to_->is_open()) {
        return false;
    }
    if (bytes.empty()) {
        return true;
    }
    if (collected_.empty()) {
        collected_ = Lease::take();
    }
    std::memcpy(collected_.space().data() + collected_.size(), bytes.data(), bytes.size());
    collected_.resize(size);
    return true;
}

Task<> BufferedWriter::send(Bytes bytes) {
    require_idle("write");
    const Sending sending(sending_);
    const Bytes parts[] = {collected_.bytes(), bytes};
    co_await to_->write_all(parts);
    collected_.give_back();
}

Task<> BufferedWriter::flush() {
    require_idle("flush");
    if (collected_.empty()) {
        co_return;
    }
    const Sending sending(sending_);
    co_await to_->write_all(collected_.bytes());
    collected_.give_back();
}

}  // namespace rondo::io
