// SPDX-License-Identifier: Apache-2.0
/// The calls of the kinds that send more than one run of memory; see attempt.hpp.
///
/// A send_vector remembers where it is: `offset` is the first part that was not sent whole, and
/// `slot` how much of it was. The array is the caller's and stays as it is.
#pragma once

#include <climits>
#include <cstddef>
#include <cstdint>

#include "driver/attempt.hpp"
#include "rondo/base/bytes.hpp"

namespace rondo::detail {

/// False: more bytes than a result can count.
inline bool begin_vector(Operation& operation) noexcept {
    const auto* const parts = static_cast<const Bytes*>(operation.data);
    std::size_t left = INT_MAX;
    for (std::uint32_t i = 0; i < operation.size; ++i) {
        if (parts[i].size() > left) {
            return false;
        }
        left -= parts[i].size();
    }
    operation.offset = 0;
    operation.slot = 0;
    return true;
}

inline void advance_vector(Operation& operation, std::size_t sent) noexcept {
    const auto* const parts = static_cast<const Bytes*>(operation.data);
    operation.moved += static_cast<std::uint32_t>(sent);
    sent += operation.slot;
    while (operation.offset < operation.size && sent >= parts[operation.offset].size()) {
        sent -= parts[operation.offset].size();
        ++operation.offset;
    }
    operation.slot = static_cast<std::uint32_t>(sent);
}

template <class Calls>
bool attempt_send_vector(Calls& calls, Operation& operation, Descriptor& descriptor) noexcept {
    const auto* const parts = static_cast<const Bytes*>(operation.data);
    do {
        const int result = calls.send_vector(operation.fd, parts + operation.offset,
                                             operation.size - operation.offset, operation.slot);
        if (blocked(result, descriptor.full)) {
            return false;
        }
        if (result < 0) {
            operation.result = result;
            return true;
        }
        advance_vector(operation, static_cast<std::size_t>(result));
    } while (operation.offset < operation.size);
    operation.result = static_cast<std::int32_t>(operation.moved);
    return true;
}

template <class Calls>
bool attempt_send_file(Calls& calls, Operation& operation, Descriptor& descriptor) noexcept {
    const int file = *static_cast<const int*>(operation.data);
    while (operation.moved < operation.size) {
        const int result = calls.send_file(operation.fd, file, operation.offset + operation.moved,
                                           operation.size - operation.moved);
        if (blocked(result, descriptor.full)) {
            return false;
        }
        if (result < 0) {
            operation.result = result;
            return true;
        }
        if (result == 0) {
            break;
        }
        operation.moved += static_cast<std::uint32_t>(result);
    }
    operation.result = static_cast<std::int32_t>(operation.moved);
    return true;
}

}  // namespace rondo::detail
