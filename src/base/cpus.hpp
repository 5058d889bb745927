// SPDX-License-Identifier: Apache-2.0
// The processors that this process may use.
#pragma once

#include <vector>

namespace rondo::detail {

/// Their numbers, in order: what the affinity mask of this thread allows. Never empty.
std::vector<unsigned> usable_cpus();

/// From now on this thread runs on that processor only. False when the system refuses.
bool pin_this_thread(unsigned cpu) noexcept;

}  // namespace rondo::detail
