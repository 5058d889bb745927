// SPDX-License-Identifier: Apache-2.0
/// The kernel's words for what a file is.
#pragma once

#include <cstdint>

#include "rondo/os/file_status.hpp"

struct statx;

namespace rondo::os::detail {

FileStatus to_status(const struct statx& from) noexcept;

/// Of the S_IF bits of a mode.
FileType type_of_mode(std::uint32_t mode) noexcept;
/// Of the d_type of a directory's entry.
FileType type_of_entry(std::uint8_t type) noexcept;

}  // namespace rondo::os::detail
