// SPDX-License-Identifier: Apache-2.0
/// The version of Rondo. The build reads it from this file.
#pragma once

namespace rondo {

/// major.minor.patch, as semver.org defines them.
inline constexpr char version[] = "0.1.0";

}  // namespace rondo
