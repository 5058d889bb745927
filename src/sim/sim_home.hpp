// SPDX-License-Identifier: Apache-2.0
/// On which simulated host the running task is: see sim::on_host().
#pragma once

#include "sim/sim_address.hpp"

namespace rondo::detail {

/// nullptr: nobody said.
const SimHost* home_of_task() noexcept;

}  // namespace rondo::detail
