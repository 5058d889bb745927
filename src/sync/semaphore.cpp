// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/semaphore.hpp"

namespace rondo {

Semaphore::~Semaphore() {
    RONDO_REQUIRE(waiters_.empty(), "a Semaphore was destroyed while a task waits");
}

void Semaphore::release(std::size_t count) noexcept {
    for (; count > 0; --count) {
        give_back();
    }
}

}  // namespace rondo
