// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace rondo::test {

/// Calls of operator new in this program so far, on any thread; always 0 under a sanitizer.
long allocations() noexcept;

}  // namespace rondo::test
