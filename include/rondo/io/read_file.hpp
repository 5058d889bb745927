// SPDX-License-Identifier: Apache-2.0
/// Pieces of a file in buffers of the loop's, for streams that cannot send a file by themselves.
#pragma once

#include <cstdint>

#include "rondo/coro/task.hpp"
#include "rondo/io/lease.hpp"

namespace rondo::io {

/// As a size: all that there is.
inline constexpr std::uint64_t to_the_end = UINT64_MAX;

namespace detail {

/// At most `size` bytes of `file` from `offset` on, as many as one buffer holds; empty at its end.
Task<Lease> read_file(int file, std::uint64_t offset, std::uint64_t size);

}  // namespace detail
}  // namespace rondo::io
