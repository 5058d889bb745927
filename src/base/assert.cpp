// SPDX-License-Identifier: Apache-2.0
#include "rondo/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace rondo::detail {

void fail(const char* kind, const char* message, const char* file, int line) noexcept {
    std::fprintf(stderr, "rondo: %s: %s (%s:%d)\n", kind, message, file, line);
    std::fflush(stderr);
    std::abort();
}

}  // namespace rondo::detail
