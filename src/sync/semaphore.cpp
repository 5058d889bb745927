// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/semaphore.hpp"

#include "rondo/base/assert.hpp"

namespace rondo {

Semaphore::~Semaphore() {
    RONDO_REQUIRE(waiters_.empty(), "a Semaphore was destroyed while a task waits");
}

void Semaphore::release(std::size_t count) noexcept {
    for (; count > 0; --count) {
        give_back();
    }
}

void BoundedSemaphore::release(std::size_t count) noexcept {
    RONDO_REQUIRE(available() + count <= bound_,
                  "a BoundedSemaphore was released more often than acquired");
    Semaphore::release(count);
}

}  // namespace rondo
