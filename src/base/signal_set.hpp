// SPDX-License-Identifier: Apache-2.0
/// Signal sets as the kernel counts them.
#pragma once

#include <cstddef>

namespace rondo::detail {

/// Bytes of the set of signals in a call to the kernel; sigset_t of the C library has more.
inline constexpr std::size_t kernel_signal_set_size = 8;

}  // namespace rondo::detail
