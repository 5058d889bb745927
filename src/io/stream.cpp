// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/stream.hpp"

#include "rondo/base/error.hpp"

namespace rondo::io {

void detail::throw_one_way(const char* operation, const std::string& name) {
    throw Error(Errc::not_supported, operation, name, "the stream has one direction only");
}

void detail::throw_halfway(const char* operation, const std::string& name) {
    throw Error(Errc::closed, operation, name, "an earlier write ended halfway");
}

void Stream::close() noexcept {
    if (body_ != nullptr) {
        body_->close();
    }
}

std::string Stream::name() const { return body_ == nullptr ? "a closed stream" : body_->name(); }

detail::StreamBody& Stream::body(const char* operation) const {
    if (body_ == nullptr) {
        throw Error(Errc::closed, operation, name(), "the stream is closed");
    }
    return *body_;
}

}  // namespace rondo::io
