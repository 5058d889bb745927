// SPDX-License-Identifier: Apache-2.0
/// Who stands at a descriptor: at most one operation that reads and one that writes.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <cstdint>

#include "driver/descriptor_table.hpp"
#include "rondo/base/config.hpp"
#include "rondo/loop/operation.hpp"

namespace rondo::detail {

/// Operation::flags: the kernel or a pool thread holds the operation; only its completion ends it.
inline constexpr std::uint8_t operation_lent = 1;

/// Operation::flags: it is a pool thread that does.
inline constexpr std::uint8_t operation_pooled = 2;

RONDO_INLINE bool is_poll(const Operation& operation) noexcept {
    return operation.kind == OperationKind::poll;
}

inline bool has_poll(const Descriptor& descriptor) noexcept {
    return (descriptor.reader != nullptr && is_poll(*descriptor.reader)) ||
           (descriptor.writer != nullptr && is_poll(*descriptor.writer));
}

template <class... Kinds>
constexpr unsigned set_of(Kinds... kinds) noexcept {
    return ((1U << static_cast<unsigned>(kinds)) | ...);
}

inline constexpr unsigned reading_kinds =
    set_of(OperationKind::accept, OperationKind::receive, OperationKind::receive_leased,
           OperationKind::receive_message, OperationKind::read);
inline constexpr unsigned writing_kinds =
    set_of(OperationKind::connect, OperationKind::send_all, OperationKind::send_vector,
           OperationKind::send_file, OperationKind::send_message, OperationKind::write);

RONDO_INLINE bool reads(const Operation& operation) noexcept {
    return is_poll(operation) ? (operation.size & EPOLLIN) != 0
                              : (set_of(operation.kind) & reading_kinds) != 0;
}

RONDO_INLINE bool writes(const Operation& operation) noexcept {
    return is_poll(operation) ? (operation.size & EPOLLOUT) != 0
                              : (set_of(operation.kind) & writing_kinds) != 0;
}

/// 0 when `operation` may stand at the descriptor, else -EBUSY.
///
/// Polls and other kinds do not share one: whoever polls makes the calls itself, so what the driver
/// knows of the descriptor would be wrong.
RONDO_INLINE int find_place(const Operation& operation, const Descriptor& descriptor) noexcept {
    const Operation* reader = descriptor.reader;
    const Operation* writer = descriptor.writer;
    if (reader == nullptr && writer == nullptr) {
        return 0;
    }
    if ((reads(operation) && reader != nullptr) || (writes(operation) && writer != nullptr)) {
        return -EBUSY;
    }
    const Operation* other = reader != nullptr ? reader : writer;
    return other != nullptr && is_poll(*other) != is_poll(operation) ? -EBUSY : 0;
}

RONDO_INLINE void take_place(Operation& operation, Descriptor& descriptor) noexcept {
    if (reads(operation)) {
        descriptor.reader = &operation;
    }
    if (writes(operation)) {
        descriptor.writer = &operation;
    }
}

RONDO_INLINE void leave_place(const Operation& operation, Descriptor& descriptor) noexcept {
    if (descriptor.reader == &operation) {
        descriptor.reader = nullptr;
    }
    if (descriptor.writer == &operation) {
        descriptor.writer = nullptr;
    }
}

/// Which of a descriptor's two directions; each kind but poll has one.
enum class Way : bool { in, out };

template <Way way>
Operation*& place_of(Descriptor& descriptor) noexcept {
    return way == Way::in ? descriptor.reader : descriptor.writer;
}

/// The same as find_place(), for an operation that is no poll.
template <Way way>
bool is_free(Descriptor& descriptor) noexcept {
    constexpr Way back = way == Way::in ? Way::out : Way::in;
    const Operation* const other = place_of<back>(descriptor);
    return place_of<way>(descriptor) == nullptr && (other == nullptr || !is_poll(*other));
}

/// False when the hints say that a call would block. A message that must not wait is tried always.
template <Way way>
bool must_try(const Operation& operation, const Descriptor& descriptor) noexcept {
    constexpr bool in = way == Way::in;
    constexpr auto message = in ? OperationKind::receive_message : OperationKind::send_message;
    const bool blocks = in ? descriptor.dry : descriptor.full;
    return !blocks || (operation.kind == message && (operation.size & message_try) != 0);
}

/// True when an edge lets `operation` (nullptr: nobody) make its call.
inline bool waits_for_edge(const Operation* operation) noexcept {
    return operation != nullptr && operation->state == OperationState::in_flight &&
           !is_poll(*operation) && (operation->flags & operation_lent) == 0;
}

}  // namespace rondo::detail
