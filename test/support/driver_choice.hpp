// SPDX-License-Identifier: Apache-2.0
/// What RONDO_DRIVER leaves of the real drivers.
#pragma once

#include <cstdlib>
#include <string_view>

#include "rondo/loop/driver.hpp"

namespace rondo::test {

/// "uring" and "epoll" leave out the other one.
inline bool is_left_out(DriverKind real) {
    const char* const variable = std::getenv("RONDO_DRIVER");
    const std::string_view only = variable != nullptr ? variable : "";
    return (only == "uring" && real == DriverKind::epoll) ||
           (only == "epoll" && real == DriverKind::uring);
}

}  // namespace rondo::test
