// SPDX-License-Identifier: Apache-2.0
/// The io_uring body: polls as the source of edges, entries for files, close and cancel.
#pragma once

#include <memory>

#include "rondo/loop/driver.hpp"

namespace rondo::detail {

/// nullptr and `error` = -errno when the system gives no ring that Rondo can use.
std::unique_ptr<Driver> make_uring_driver(int& error);

}  // namespace rondo::detail
