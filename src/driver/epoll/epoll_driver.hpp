// SPDX-License-Identifier: Apache-2.0
/// The epoll body: edges for life, one-shot polls, files on threads.
#pragma once

#include <memory>

#include "rondo/loop/driver.hpp"

namespace rondo::detail {

/// nullptr and `error` = -errno when the process has no descriptors left for it.
std::unique_ptr<Driver> make_epoll_driver(int& error);

}  // namespace rondo::detail
