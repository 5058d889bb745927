// SPDX-License-Identifier: Apache-2.0
/// Who stands at a descriptor: at most one operation that reads and one that writes.
#pragma once

#include <sys/epoll.h>

#include <cerrno>
#include <cstdint>

#include "driver/descriptor_table.hpp"
#include "rondo/loop/operation.hpp"

namespace rondo::detail {

/// Operation::flags: the kernel or a pool thread holds the operation; only its completion ends it.
inline constexpr std::uint8_t operation_lent = 1;

/// Operation::flags: it is a pool thread that does.
inline constexpr std::uint8_t operation_pooled = 2;

inline bool is_poll(const Operation& operation) noexcept {
    return operation.kind == OperationKind::poll;
}

inline bool has_poll(const Descriptor& descriptor) noexcept {
    return (descriptor.reader != nullptr && is_poll(*descriptor.reader)) ||
           (descriptor.writer != nullptr && is_poll(*descriptor.writer));
}

inline bool reads(const Operation& operation) noexcept {
    switch (operation.kind) {
        case OperationKind::accept:
        case OperationKind::receive:
        case OperationKind::receive_leased:
        case OperationKind::read: return true;
        case OperationKind::poll: return (operation.size & EPOLLIN) != 0;
        default: return false;
    }
}

inline bool writes(const Operation& operation) noexcept {
    switch (operation.kind) {
        case OperationKind::connect:
        case OperationKind::send_all:
        case OperationKind::send_vector:
        case OperationKind::send_file:
        case OperationKind::write: return true;
        case OperationKind::poll: return (operation.size & EPOLLOUT) != 0;
        default: return false;
    }
}

/// 0 when `operation` may stand at the descriptor, else -EBUSY.
///
/// Polls and other kinds do not share one: whoever polls makes the calls itself, so what the driver
/// knows of the descriptor would be wrong.
inline int find_place(const Operation& operation, const Descriptor& descriptor) noexcept {
    const Operation* reader = descriptor.reader;
    const Operation* writer = descriptor.writer;
    if ((reads(operation) && reader != nullptr) || (writes(operation) && writer != nullptr)) {
        return -EBUSY;
    }
    const Operation* other = reader != nullptr ? reader : writer;
    return other != nullptr && is_poll(*other) != is_poll(operation) ? -EBUSY : 0;
}

inline void take_place(Operation& operation, Descriptor& descriptor) noexcept {
    if (reads(operation)) {
        descriptor.reader = &operation;
    }
    if (writes(operation)) {
        descriptor.writer = &operation;
    }
}

inline void leave_place(const Operation& operation, Descriptor& descriptor) noexcept {
    if (descriptor.reader == &operation) {
        descriptor.reader = nullptr;
    }
    if (descriptor.writer == &operation) {
        descriptor.writer = nullptr;
    }
}

/// True when an edge lets `operation` (nullptr: nobody) make its call.
inline bool waits_for_edge(const Operation* operation) noexcept {
    return operation != nullptr && operation->state == OperationState::in_flight &&
           !is_poll(*operation) && (operation->flags & operation_lent) == 0;
}

}  // namespace rondo::detail
