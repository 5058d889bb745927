// SPDX-License-Identifier: Apache-2.0
#include "rondo/loop/bounded.hpp"

namespace rondo::detail {

void throw_timeout() { throw TimeoutError(); }

}  // namespace rondo::detail
