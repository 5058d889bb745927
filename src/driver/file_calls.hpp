// SPDX-License-Identifier: Apache-2.0
/// The completion kinds as system calls that block: for the threads of a FilePool, and for the
/// simulation.
#pragma once

#include <cstdint>

#include "rondo/loop/operation.hpp"

namespace rondo::detail {

/// True for the kinds that concern files and nothing else: `open` and what follows it.
inline bool is_file_call(const Operation& operation) noexcept {
    return operation.kind >= OperationKind::open && operation.kind <= OperationKind::copy;
}

/// Carries out a completion kind and returns its result; may block. Thread-safe.
int call_blocking(Operation& operation) noexcept;

/// The O_ flags with which `open` calls the system: it must wait for nobody at a pipe's other end.
int opening_flags(const Operation& open) noexcept;

/// `open` got `fd` from the system: gives it the flags that were asked for, and tells in
/// open.moved whether it has positions. Returns `fd`.
int finish_open(Operation& open, int fd) noexcept;

/// What the kernel wants to hear of the kinds, wherever they are called from.
int stat_flags(const Operation& stat) noexcept;
unsigned stat_mask() noexcept;
unsigned rename_flags(const Operation& rename) noexcept;
int unlink_flags(const Operation& unlink) noexcept;

}  // namespace rondo::detail
