// SPDX-License-Identifier: Apache-2.0
/// What the system says about names and interfaces: small files that are read as a whole
/// (/etc/hosts), numbers of interfaces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace rondo::detail {

/// The whole file; nothing when it cannot be read, or is larger than 16 MiB. Then `error`, unless
/// it is null, is the errno.
std::optional<std::string> read_small_file(const std::string& path, int* error = nullptr);

/// Changes when the file does: made of its time, size and number. 0 when there is none.
std::uint64_t file_stamp(const std::string& path) noexcept;

/// The number of a network interface; 0 when there is none of this name.
std::uint32_t interface_index(const std::string& name) noexcept;

}  // namespace rondo::detail
