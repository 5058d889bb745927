// SPDX-License-Identifier: Apache-2.0
#include "rondo/io/lease.hpp"

#include <cerrno>

#include "rondo/base/assert.hpp"
#include "rondo/base/error.hpp"
#include "rondo/loop/event_loop.hpp"

namespace rondo::io {

static_assert(Lease::capacity == Driver::lease_size);

Lease& Lease::operator=(Lease&& other) noexcept {
    if (this != &other) {
        give_back();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
    }
    return *this;
}

Lease Lease::take() {
    void* const buffer = current_loop().driver().lease();
    if (buffer == nullptr) {
        throw Error("read", "a buffer of the loop", ENOMEM);
    }
    return {buffer, 0};
}

void Lease::resize(std::size_t size) noexcept {
    RONDO_REQUIRE(size <= capacity && (size == 0 || data_ != nullptr),
                  "a lease holds no more than its buffer");
    size_ = size;
    if (size == 0) {
        give_back();
    }
}

void Lease::give_back() noexcept {
    size_ = 0;
    if (void* const data = std::exchange(data_, nullptr)) {
        current_loop().driver().give_back(data);
    }
}

}  // namespace rondo::io
