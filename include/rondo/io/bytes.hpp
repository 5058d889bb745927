// SPDX-License-Identifier: Apache-2.0
/// Bytes and MutableBytes, which belong to base: drivers know them too.
#pragma once

#include "rondo/base/bytes.hpp"  // IWYU pragma: export
