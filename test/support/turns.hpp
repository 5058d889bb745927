// SPDX-License-Identifier: Apache-2.0
/// Lets the others run.
#pragma once

#include "rondo/coro/task.hpp"
#include "rondo/coro/yield.hpp"

namespace rondo::test {

/// `count` turns of the loop.
inline Task<> turns(int count) {
    for (int i = 0; i < count; ++i) {
        co_await yield();
    }
}

}  // namespace rondo::test
