// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rondo/base/assert.hpp"

namespace rondo::http::detail {

/// What a client sent behind its request: at most what one read brought. Is not moved as it is
/// used, and gives its memory back with the last byte.
class Unread {
public:
    bool empty() const noexcept { return bytes_.empty(); }
    std::string_view rest() const noexcept { return std::string_view(bytes_).substr(at_); }

    /// Requires: empty.
    void keep(std::string_view bytes) {
        RONDO_ASSERT(empty(), "unread bytes are not overwritten");
        bytes_ = bytes;
    }
    /// The first `count` are done with.
    void use(std::size_t count) noexcept {
        at_ += count;
        if (at_ == bytes_.size()) {
            std::string().swap(bytes_);  // an assignment would keep the memory
            at_ = 0;
        }
    }
    /// Bytes of memory.
    std::size_t capacity() const noexcept { return bytes_.capacity(); }

private:
    std::string bytes_;
    std::size_t at_ = 0;
};

}  // namespace rondo::http::detail
