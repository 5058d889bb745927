// SPDX-License-Identifier: Apache-2.0
#include "rondo/sync/event.hpp"

#include "rondo/base/assert.hpp"

namespace rondo {

Event::~Event() { RONDO_REQUIRE(waiters_.empty(), "an Event was destroyed while a task waits"); }

void Event::set() noexcept {
    set_ = true;
    waiters_.wake_all();
}

}  // namespace rondo
