// SPDX-License-Identifier: Apache-2.0
#include "driver/lease_pool.hpp"

#include <cstdlib>

#include "rondo/base/assert.hpp"
#include "rondo/base/config.hpp"
#include "rondo/loop/driver.hpp"

#if RONDO_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace rondo::detail {
namespace {

// A buffer in the pool is nobody's: AddressSanitizer reports who touches it.
void forbid([[maybe_unused]] void* buffer) noexcept {
#if RONDO_ASAN
    __asan_poison_memory_region(buffer, Driver::lease_size);
#endif
}

void permit([[maybe_unused]] void* buffer) noexcept {
#if RONDO_ASAN
    __asan_unpoison_memory_region(buffer, Driver::lease_size);
#endif
}

}  // namespace

LeasePool::~LeasePool() {
    while (kept_count_ > 0) {
        void* buffer = kept_[--kept_count_];
        permit(buffer);
        std::free(buffer);
    }
}

void* LeasePool::take() noexcept {
    void* buffer = nullptr;
    if (kept_count_ > 0) {
        buffer = kept_[--kept_count_];
        permit(buffer);
    } else {
        buffer = std::malloc(Driver::lease_size);
    }
    if (buffer != nullptr) {
        ++out_;
    }
    return buffer;
}

void LeasePool::give_back(void* buffer) noexcept {
    RONDO_REQUIRE(buffer != nullptr && out_ > 0, "give_back of a buffer that was not leased");
    --out_;
    if (kept_count_ == kept_max) {
        std::free(buffer);
        return;
    }
    forbid(buffer);
    kept_[kept_count_++] = buffer;
}

}  // namespace rondo::detail
