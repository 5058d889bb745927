// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/lock.hpp"

namespace rondo {

Lock::~Lock() {
    RONDO_REQUIRE(!locked() && waiters_.empty(), "a Lock was destroyed while held or waited for");
}

void Lock::describe(detail::Describer& out) const {
    out.add_object(name_, this).add(", held by ").add_task(holder_);
}

}  // namespace rondo
