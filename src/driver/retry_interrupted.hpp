// SPDX-License-Identifier: Apache-2.0
/// A system call that a signal may interrupt.
#pragma once

#include <cerrno>

namespace rondo::detail {

/// Makes `call` until no signal interrupts it: its result, or -errno.
template <class Call>
int retry_interrupted(Call call) noexcept {
    for (;;) {
        const auto result = call();
        if (result >= 0) {
            return static_cast<int>(result);
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

}  // namespace rondo::detail
