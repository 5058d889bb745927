// SPDX-License-Identifier: Apache-2.0
/// Operations on files as submission queue entries.
#pragma once

#include <liburing.h>

#include "rondo/loop/operation.hpp"

namespace rondo::detail {

/// The IORING_OP that carries out `kind`, or -1: there is none.
int file_opcode(OperationKind kind) noexcept;

/// Fills `entry`, but for its user_data. Requires: file_opcode(operation.kind) >= 0.
void fill_file_entry(io_uring_sqe& entry, const Operation& operation) noexcept;

}  // namespace rondo::detail
