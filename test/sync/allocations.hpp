// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rondo::test {

/// Calls of operator new in this program so far, on any thread.
long allocations() noexcept;

}  // namespace rondo::test
