// SPDX-License-Identifier: Apache-2.0
/// For tests in which descriptors run out.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>

#include "rondo/base/error.hpp"

namespace rondo::test {

/// The sanitizer looks at a type through a pipe when it first meets it: not when there is no
/// descriptor left. So let it meet that of errors before.
inline void meet_error() { EXPECT_EQ(Error("meet", "the type", EMFILE).code(), Errc::exhausted); }

}  // namespace rondo::test
