// SPDX-License-Identifier: Apache-2.0
/// What this system's io_uring can do.
#pragma once

#include <string>

#include "driver/uring/mask.hpp"

namespace rondo::detail {

struct UringProbe {
    int error = 0;         ///< 0, or the -errno of why it cannot be used
    std::string features;  ///< comma separated
};

/// Opens a ring and asks it.
UringProbe probe_uring(const UringMask& mask = {});

/// In a sentence, without a full stop: "the kernel has no io_uring".
std::string explain_uring_error(int error);

}  // namespace rondo::detail
