// SPDX-License-Identifier: Apache-2.0
#include "rondo/coro/async_generator.hpp"

#include "rondo/base/error.hpp"

namespace rondo::detail {

void fail_generator_stopped() {
    throw Error(Errc::closed, "next", "an async generator", "an earlier next() was stopped");
}

}  // namespace rondo::detail
