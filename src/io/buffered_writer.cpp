// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/buffered_writer.hpp"

#include <cstring>

namespace rondo::io {

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

bool BufferedWriter::collect(Bytes bytes) {
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
    const Bytes parts[] = {collected_.bytes(), bytes};
    co_await to_->write_all(parts);
    collected_.give_back();
}

Task<> BufferedWriter::flush() {
    if (collected_.empty()) {
        co_return;
    }
    co_await to_->write_all(collected_.bytes());
    collected_.give_back();
}

}  // namespace rondo::io
